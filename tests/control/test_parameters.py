from pathlib import Path

import pytest

from installation.commands.controls import BEGIN, END, main, markdown, replaced
from installation.control.parameters import Parameter, ParameterTable, parameter_table
from installation.errors import ConfigError

TABLE = parameter_table(["smile", "yaw"], ["painted"])
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "controls.md"


def test_every_row_is_whole() -> None:
    assert len(TABLE) == len(list(TABLE))
    for name, row in TABLE.items():
        assert row.name == name and row.address == f"/facets/{name}" and row.description
        if not row.momentary:
            assert row.coerce(row.default) == row.default, name
            assert row.clamp(row.default) == row.default, name
        assert row.low < row.high and row.glide >= 0
        assert row.curve == "linear" or row.low > 0, name
        assert bool(row.choices) == (row.kind == "str"), name
        assert name == name.lower() and " " not in name and "_" not in name


def test_rows_follow_the_models() -> None:
    assert "edit/yaw/lfo/shape" in TABLE and "blend/painted/layer/64" in TABLE
    assert not any(name.startswith(("edit/age", "blend/toon")) for name in TABLE)
    bare = parameter_table([], [])
    assert not any(name.startswith(("edit/", "blend/")) for name in bare) and "look/grain" in bare


def test_only_the_classic_three_swing_from_the_start() -> None:
    table = parameter_table(["smile", "age", "gender", "yaw"], [])
    depths = {name: table[f"edit/{name}/lfo/depth"].default for name in ("smile", "age", "gender", "yaw")}
    assert depths["yaw"] == 0 and all(depths[name] > 0 for name in ("smile", "age", "gender"))
    for part in ("rate", "phase"):  # they never swing together
        assert len({table[f"edit/{name}/lfo/{part}"].default for name in ("smile", "age", "gender")}) == 3


def test_a_child_takes_the_layers_from_the_swap_on() -> None:
    table = parameter_table([], ["toon"], resolutions=(4, 8, 16, 32), swap=16)
    assert [table[f"blend/toon/layer/{size}"].default for size in (4, 8, 16, 32)] == [0, 0, 1, 1]
    assert table["blend/toon/amount"].default == 0


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("float", 1, 1.0), ("float", True, 1.0), ("float", "0.25", 0.25), ("float", "loud", None), ("float", float("nan"), None),
        ("float", "inf", None), ("float", 10**400, None), ("float", None, None), ("float", [1], None), ("float", b"1", None),
        ("int", 3.0, 3), ("int", "3", 3), ("int", 3.5, None), ("int", True, 1),
        ("bool", 1, True), ("bool", 0.0, False), ("bool", "false", False), ("bool", "T", True), ("bool", 2, None), ("bool", 0.5, None),
        ("str", "row", "row"), ("str", "column", None), ("str", 1, None),
    ],
)  # fmt: skip
def test_coercion_loses_nothing(kind: str, value: object, expected: object) -> None:
    row = Parameter("x", 0, "x", kind=kind, choices=("grid", "row") if kind == "str" else ())
    assert row.coerce(value) == expected and type(row.coerce(value)) is type(expected)


def test_clamp_keeps_the_kind() -> None:
    row = Parameter("x", 1, "x", kind="int", low=0, high=5)
    assert (row.clamp(9), row.clamp(-9)) == (5, 0) and type(row.clamp(9)) is int
    fraction = Parameter("x", 0.0, "x", low=-3, high=3)
    assert [(fraction.clamp(value), type(fraction.clamp(value))) for value in (1e30, -9, 2)] == [(3.0, float), (-3.0, float), (2.0, float)]


def test_numbers_of_other_libraries_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    assert TABLE["look/grain"].coerce(numpy.float32(0.5)) == 0.5


def test_files_are_held_to_the_range() -> None:
    assert TABLE.fault("look/grain", 0.3) is None
    assert TABLE.fault("look/grain", 1.5) == "must be a number from 0 to 1"
    assert "one of mirror" in (TABLE.fault("look/layout", "heap") or "")
    assert "no such control" in (TABLE.fault("look/grian", 0.3) or "")


def test_no_row_twice() -> None:
    row = Parameter("x", 0.0, "x")
    with pytest.raises(ValueError, match="twice"):
        ParameterTable([row, row])


def test_the_reference_names_every_row(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    assert all(f"`{row.address}`" in markdown(TABLE) for row in TABLE.values())
    assert main([]) == 0
    printed = capsys.readouterr().out
    document = tmp_path / "README.md"
    document.write_text(f"before\n{BEGIN}\nSTALE\n{END}\nafter\n", encoding="utf-8")
    assert main(["--write", str(document)]) == 0
    written = document.read_text(encoding="utf-8")
    assert printed.strip() in written and "STALE" not in written and written.startswith("before") and written.endswith("after\n")


def test_the_reference_in_the_documents_is_current() -> None:
    document = REFERENCE.read_text(encoding="utf-8")
    assert replaced(document) == document, "run: python -m installation controls --write docs/controls.md"


def test_a_document_without_markers_is_refused() -> None:
    with pytest.raises(ConfigError, match="controls:begin"):
        replaced("nothing here")
