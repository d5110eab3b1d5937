"""The command child: what does not go together is said before anything is read."""

from pathlib import Path

import pytest

from installation.training.children.command import main


def test_a_filter_has_no_painters_colours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--style", "toon", "--colour", "0.4", "--faces", str(tmp_path), "--nets", str(tmp_path), "--out", str(tmp_path)])
    assert "--colour is of painters' styles" in capsys.readouterr().err
