"""What the soak reaches for is there: a name that is none would be a trouble that never comes."""

from installation.assembly.networks import models_of, table_of
from installation.config import load_config
from installation.places import shipped
from installation.soak.troubles import MOVED, PRESETS


def test_what_the_soak_moves_and_recalls_exists():
    table = table_of(models_of(load_config(None)))
    assert [name for name in MOVED if name not in table] == []
    assert [name for name in PRESETS if not (shipped("presets") / f"{name}.yaml").is_file()] == []
