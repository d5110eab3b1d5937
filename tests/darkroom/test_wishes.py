"""What is asked of a photograph in words: names and values, presets, styles, oscillators at rest."""

from pathlib import Path

import pytest

from installation.control.parameters import parameter_table
from installation.control.presets.files import Preset
from installation.darkroom.wishes import Words, find_preset, read_wishes
from installation.errors import ConfigError

DIRECTIONS = ("age", "smile", "gender")
TABLE = parameter_table(DIRECTIONS, ["toon"], styles=[("ink", "strokes"), ("frost", "ice")])


def read(**words):
    return read_wishes(Words(**words), TABLE, DIRECTIONS)


def test_a_direction_and_a_control_are_named() -> None:
    sets = ["age=1", "identity/glass = 0.5", "/facets/blend/toon/amount=1", "age=-2", "identity/guest=mean", "truncation=0.7"]
    still = read(sets=sets).still
    assert still.number("edit/age/amount") == -2  # the last one wins
    assert still.number("identity/glass") == 0.5 and still.number("blend/toon/amount") == 1 and still.number("truncation") == 0.7
    assert still.text("identity/guest") == "mean"


def test_nothing_that_was_not_asked_for_is_done() -> None:
    wishes = read(sets=["age=1"])
    for controls in (wishes.still, wishes.moving):
        moved = {
            name for name in controls.values if name.startswith("edit/") and name.endswith(("/amount", "/depth")) and controls.number(name)
        }
        assert moved == {"edit/age/amount"}
        assert controls.number("smile/trigger") == 0.0 and controls.text("look/layout") == "mirror"


def test_oscillators_run_in_clips_alone_and_where_that_is_asked_for() -> None:
    wishes = read(sets=["edit/age/lfo/depth=0", "edit/smile/lfo/depth=2"], oscillate=True)
    assert wishes.moving.number("edit/smile/lfo/depth") == 2 and wishes.moving.number("edit/gender/lfo/depth") == 0.8  # as in the mirror
    assert wishes.still.number("edit/smile/lfo/depth") == wishes.still.number("edit/gender/lfo/depth") == 0.0
    with pytest.raises(ConfigError, match="add --oscillate"):
        read(sets=["edit/smile/lfo/depth=2"])


def test_a_preset_gives_way_to_styles_and_they_to_sets() -> None:
    lines = {"edit/age/amount": 2.0, "edit/smile/amount": 1.0, "style/ink/amount": 1.0, "style/walk/amount": 1.0, "look/grain": 0.5}
    wishes = read(preset=Preset("old", lines), styles={"frost": 0.5}, sets=["smile=0.25"])
    still = wishes.still
    assert still.number("edit/age/amount") == 2 and still.number("edit/smile/amount") == 0.25
    assert still.number("style/ink/amount") == 0.0 and still.number("style/frost/amount") == 0.5
    assert still.number("style/walk/amount") == 0.0 and still.number("look/grain") != 0.5
    told = "\n".join(wishes.notices)
    assert "look/grain" in told and "--oscillate" in told


def test_squares_hang_in_a_salon() -> None:
    assert read(sets=["age=1"], portraits=True).still.text("look/layout") == "salon"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("agee=1", "there is no direction or control 'agee'; did you mean 'age'"),
        ("identity/glas=1", "did you mean 'identity/glass'"),
        ("zzzzz=1", "there is age, smile, gender$"),
        ("age", "is no NAME=VALUE"),
        ("=1", "is no NAME=VALUE"),
        ("age=", "must be a number from -3 to 3"),
        ("age=old", "must be a number from -3 to 3"),
        ("age=3.01", "must be a number from -3 to 3"),
        ("age=nan", "must be a number from -3 to 3"),
        ("identity/glass=1.5", "must be a number from 0 to 1"),
        ("identity/guest=somebody", "must be one of none, mean"),
        ("look/grain=0.5", "belongs to the canvas"),
        ("look/layout=grid", "belongs to the canvas"),
        ("preset/next=1", "belongs to the canvas"),
    ],
)
def test_what_cannot_be_is_one_sentence(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as said:
        read(sets=["smile=1", text])
    assert str(said.value).startswith(f"--set {text}: ") and len(str(said.value).splitlines()) == 1


def test_a_preset_is_a_file_or_a_name(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("controls: {}\n")
    assert find_preset(str(mine)) == mine
    assert find_preset("pop-art").name == "pop-art.yaml" and find_preset("pop-art").is_file()
    with pytest.raises(ConfigError, match="did you mean 'pop-art'"):
        find_preset("popart")
    with pytest.raises(ConfigError, match=r"there is .*calm"):
        find_preset("zzzzz")
