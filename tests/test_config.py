import re
from pathlib import Path

import pytest

from installation.config import SHIPPED, Config, FacesConfig, Section, is_loopback, load_config
from installation.config_file import MAX_BYTES, MAX_DEPTH, read_document
from installation.control.parameters import parameter_table
from installation.errors import ConfigError


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def complaint(path: Path | None, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    assert caught.value.exit_code == 2
    return str(caught.value)


def settings(model: type[Section], above: str = "") -> list[str]:
    names = []
    for name, field in model.model_fields.items():
        inner = isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        names += settings(field.annotation, f"{above}{name}.") if inner else [above + name]
    return names


def test_the_shipped_file_holds_every_key_once_with_a_comment() -> None:
    document = read_document(SHIPPED)
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    for name in settings(Config):
        key = tuple(name.split("."))
        assert key in document.lines, f"{name} is not in config.yaml"
        assert "#" in lines[document.lines[key] - 1], f"{name} has no comment"


def test_every_setting_has_a_description() -> None:
    def check(model: type[Section]) -> None:
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
                check(field.annotation)
            else:
                assert field.description, f"{model.__name__}.{name}"

    check(Config)


def test_a_partial_file_goes_over_the_shipped_one(write) -> None:
    shipped, mine = load_config(), load_config(write("faces:\n  max: 9\ncapture:\n"))
    assert mine.faces.max == 9
    assert mine.capture == shipped.capture and mine.faces.smoothing == shipped.faces.smoothing


def test_a_section_made_alone_has_the_shipped_values() -> None:
    assert FacesConfig() == load_config().faces
    assert FacesConfig(max=8).max == 8


def test_overrides_go_over_the_file_in_their_order(write) -> None:
    path = write("faces: {max: 9}\n")
    config = load_config(path, ["faces.max=10", "faces.max=11", "faces.smoothing.beta=0.5", "source=0", "canvas.vsync=false"])
    assert (config.faces.max, config.faces.smoothing.beta, config.source, config.canvas.vsync) == (11, 0.5, "0", False)


def test_names_on_the_command_line_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = load_config(None, ["source=a: b=[1", "models.generator=012.safetensors"])
    assert config.source == "a: b=[1" and config.models.generator == tmp_path / "012.safetensors"


def test_models_start_at_the_folder_of_the_file_that_names_them(write) -> None:
    path = write("models:\n  encoder: mine/e.safetensors\n  children: [a.safetensors, /b.safetensors]\n")
    models = load_config(path).models
    assert models.encoder == path.parent / "mine/e.safetensors"
    assert models.children == (path.parent / "a.safetensors", Path("/b.safetensors"))
    assert models.generator.is_relative_to(SHIPPED.parent)


def test_a_configuration_does_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_config().faces.max = 3


def test_several_errors_each_on_its_own_line(write) -> None:
    path = write("source: demo\nfaces:\n  max: 0\n  maxx: 3\n  min_size: .nan\ncapture:\n  fps: fast\n")
    said = complaint(path).splitlines()
    assert len(said) == 4
    assert f"{path}:3: faces.max: 0: must be greater than or equal to 1" in said
    assert f"{path}:4: faces.maxx: 3: no such key; did you mean 'max'?" in said
    assert f"{path}:5: faces.min_size: nan: must be a finite number" in said
    assert f"{path}:7: capture.fps: 'fast': must be a number" in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ": the file is empty"),
        ("# nothing\n", ": the file is empty"),
        ("- 1\n", ":1: the file must hold"),
        ("demo\n", ":1: the file must hold"),
        ("faces:\n  max: 1\n  max: 2\n", ":3: faces.max: given twice, first in line 2"),
        ("source: demo\ncapture: &a {width: 64}\ncanvas: *a\n", ":3: *a: aliases are not used here"),
        ("source: demo\nfaces: {max: 1\n", "not valid YAML"),
        (b"source: demo\nfaces:\n# \xff\n", ":3: not UTF-8"),
        ("source: \x07\n", ":1: not valid YAML"),
        ("source: !!python/name:os.system\n", ":1: source: "),
        ("[" * 100_000, f":1: nested deeper than {MAX_DEPTH}"),
        ("x: " * 1 + "9" * 5000, ":1: x: "),
        ("? [a]\n: 1\n", ":1: a key must be a plain name"),
        ("source: a\n---\nsource: b\n", ":2: not valid YAML"),
        (b"#" * (MAX_BYTES + 1), "larger than"),
        ("faces: 3\n", ":1: faces: 3: must be a section"),
        ("faces: {max: true}\n", ":1: faces.max: true: must be a number"),
        ("faces: {max: 4.5}\n", ":1: faces.max: 4.5: must be a whole number"),
        ("faces: {min_size: " + "9" * 400 + "}\n", ": must be a"),
        ("canvas: {mode: big}\n", ":1: canvas.mode: 'big': must be 'auto', 'windowed'"),
        ("source: ''\n", ":1: source: '': must not be empty"),
        ("capture: {rotate: 45}\n", ":1: capture.rotate: 45: must be 0, 90, 180 or 270"),
        ("capture: {flip: both}\n", ":1: capture.flip: 'both': must be 'none', 'horizontal' or 'vertical'"),
        ("capture: {wait: -1}\n", ":1: capture.wait: -1: must be seconds from 0 on, or forever"),
        ("capture: {wait: true}\n", ":1: capture.wait: true: must be seconds from 0 on, or forever"),
        ("models:\n  children:\n  - a\n  - 3\n", ":4: models.children.1: 3: must be a file name"),
        ("controls:\n  look/grain: [1]\n", ":2: controls.look/grain: [1]: must be a number"),
        ("controls:\n  look/grain: .inf\n", ":2: controls.look/grain: inf: must be a finite number"),
    ],
)
def test_bad_files_are_told_in_one_line(write, text: str | bytes, expected: str) -> None:
    path = write(text)
    said = complaint(path)
    assert said.startswith(str(path)) and expected in said
    assert len(said.splitlines()) == 1 and len(said) < 400


def test_a_bomb_of_aliases_is_refused_before_it_grows(write) -> None:
    levels = "\n".join(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    assert ":2: *a: aliases" in complaint(write("a: &a [x, x]\n" + levels))


def test_missing_files_and_folders(tmp_path: Path) -> None:
    assert complaint(tmp_path / "none.yaml") == f"{tmp_path / 'none.yaml'}: no such file"
    assert "this is a folder" in complaint(tmp_path)
    assert "cannot be read" in complaint(Path("a\0b"))


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("faces.max", "write it as KEY=VALUE"),
        ("=3", "write it as KEY=VALUE"),
        ("faces.maxx=3", "faces.maxx: '3': no such key; did you mean 'max'?"),
        ("faces.max.x=3", "no such key"),
        ("faces.max=abc", "faces.max: 'abc': must be a whole number"),
        ("faces.max=0", "faces.max: 0: must be greater than or equal to 1"),
        ("faces.min_size=.nan", "faces.min_size: nan: must be a finite number"),
        ("faces.max=[", "not valid YAML"),
        ("controls.look/grain=[1]", "controls.look/grain: [1]: must be a number"),
    ],
)
def test_bad_overrides_name_themselves(override: str, expected: str) -> None:
    said = complaint(None, override)
    assert said.startswith(f"--set {override}: ") and expected in said and len(said.splitlines()) == 1


def test_controls_are_checked_against_their_table_later(write) -> None:
    table = parameter_table([], [])
    path = write("source: demo\ncontrols:\n  look/grain: 0.5\n  look/grian: 0.5\n  look/layout: heap\n")
    config = load_config(path, ["controls.look/trails=7", "controls.transport/hud=true"])
    assert config.controls["look/grain"] == 0.5 and config.controls["transport/hud"] is True
    with pytest.raises(ConfigError) as caught:
        config.check_controls(table.fault)
    said = str(caught.value).splitlines()
    assert len(said) == 3
    assert said[0].startswith(f"{path}:4: controls.look/grian: 0.5: no such control")
    assert said[1].startswith(f"{path}:5: controls.look/layout: 'heap': must be one of mirror")
    assert said[2] == "--set controls.look/trails=7: controls.look/trails: 7: must be a number from 0 to 1"
    load_config(None, ["controls.look/grain=1"]).check_controls(table.fault)


def test_a_setting_that_turns_out_wrong_later_is_found_again(write) -> None:
    path = write("source: demo\nmodels:\n  encoder: e.safetensors\n")
    said = str(load_config(path).error({"models.encoder": "no such file"}))
    start = f"{path}:3: models.encoder: '{path.parent}"  # the value is shortened where the folder's name is long
    assert said.startswith(start) and said.endswith(": no such file")
    assert re.match(r".*config\.yaml:\d+: models\.generator: ", str(load_config(path).error({"models.generator": "no such file"})))


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("control.osc.host=0.0.0.0", "control.osc.allow"),
        ("control.osc.enabled=maybe", "control.osc.enabled"),
        ("control.osc.allow=[everybody]", "control.osc.allow.0"),
        ("control.osc.mirrors=[phone]", "control.osc.mirrors.0"),
        ("control.osc.mirrors=['phone:70000']", "control.osc.mirrors.0"),
        ("control.osc.port=70000", "control.osc.port"),
        ("control.web.port=true", "control.web.port"),
    ],
)
def test_a_wrong_way_in_is_named(override: str, key: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f" {key}: ")):
        load_config(None, [override])


def test_beyond_this_machine_only_with_a_list_of_senders() -> None:
    osc = load_config(None, ["control.osc.host=0.0.0.0", "control.osc.allow=[192.168.1.0/24]", "control.osc.enabled=false"]).control.osc
    assert osc.allow == ("192.168.1.0/24",) and osc.enabled is False
    assert load_config().control.osc.enabled == "auto" and is_loopback(load_config().control.osc.host)
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "studio")] == [True] * 3 + [False] * 3


@pytest.mark.parametrize("origin", ["localhost:3000", "http://localhost:3000/", "http://a@b", "ftp://x", ""])
def test_an_origin_is_where_a_page_comes_from(origin):
    with pytest.raises(ConfigError, match=r"control\.web\.origins.*where a page comes from"):
        load_config(None, [f"control.web.origins=['{origin}']"])
    assert load_config(None, ["control.web.origins=['HTTP://LocalHost:3000', '*', 'null']"]).control.web.origins == (
        "http://localhost:3000", "*", "null",
    )  # fmt: skip
