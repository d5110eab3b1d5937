"""What a preset's file may hold, and what is refused with its line."""

import os

import pytest

from installation.control.parameters import parameter_table
from installation.control.presets.files import MissingGeneratorError, belongs, read_preset
from installation.control.presets.folder import PresetFolder
from installation.control.presets.saving import backups_of, text_of, write_preset
from installation.errors import ConfigError

TABLE = parameter_table(["smile", "age"], ["painted"], [4, 32])


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "one.yaml").write_text(text)
        return read_preset(tmp_path / "one.yaml", TABLE)

    return read


def test_everything_a_preset_can_say(read):
    preset = read(
        "description: Old oil.\ntags: [winter, late-night]\nfade: 2.5\neasing: breath\n"
        "controls: {blend/painted/amount: 1, blend/painted/layer/32: 0.5, edit/age/lfo/shape: saw, edit/age/lfo/sync: true}\n"
    )
    assert (preset.name, preset.description, preset.tags) == ("one", "Old oil.", ("winter", "late-night"))
    assert (preset.fade, preset.easing) == (2.5, "breath")
    assert preset.controls == {
        "blend/painted/amount": 1.0, "blend/painted/layer/32": 0.5, "edit/age/lfo/shape": "saw", "edit/age/lfo/sync": True,
    }  # fmt: skip
    assert read(text_of(preset, TABLE)).controls == preset.controls
    assert read("controls:\n").controls == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("control: {}", ":1: control: {}: no such key; did you mean 'controls'?"),
        ('"\\e[2J\\uD800": 1', ":1: '\\x1b[2J"),
        ("fade: -1", ":1: fade: -1: must be seconds from 0 to 60"),
        ("fade: .inf", ":1: fade: inf: must be seconds"),
        ("fade: .nan", ":1: fade: nan: must be seconds"),
        ("fade: true", ":1: fade: true: must be seconds"),
        ("easing: bouncy", ":1: easing: 'bouncy': must be one of linear"),
        ("tags: winter", ":1: tags: 'winter': must be a list"),
        ("tags: [Late Night]", "must be a list"),
        ("tags: [1]", "must be a list"),
        ("description: [a]", "must be text"),
        ("controls: [a]", ":1: controls: ['a']: must be 'control: value' lines"),
        ("controls:\n  look/grian: 1", ":2: look/grian: 1: no such control"),
        ("controls:\n  look/grain: .nan", ":2: look/grain: nan: must be a number from 0 to 1"),
        ("controls:\n  look/grain: 1.e+400", "must be a number"),
        ("controls:\n  look/grain: 7", "from 0 to 1"),
        ("controls:\n  look/layout: spiral", "must be one of mirror"),
        ("controls:\n  look/grain: 0.1\n  look/grain: 0.2", ":3: controls.look/grain: given twice"),
        ("controls:\n  transport/freeze: true", ":2: transport/freeze: true: belongs to the people on stage"),
        ("controls:\n  preset/fade: 3", "belongs to the people on stage"),
        ("controls:\n  edit/hats/amount: 99", ":2: edit/hats/amount: 99: must be a number from -3 to 3"),
        ("controls:\n  edit/hats/brim: 1", "no such control"),
        ("controls:\n  edit/../amount: 1", "no such control"),
        ("controls: {look/grain: !!python/object/apply:os.system [ls]}", "look/grain"),
        ("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]", "aliases are not used here"),
        ("", "the file is empty"),
        ("- a", "must hold 'key: value' lines"),
        ("controls: {" * 40, "nested deeper"),
        ("a: b: c", ":1: not valid YAML"),
        ("description: " + "x" * 70000, "larger than 65536 bytes"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(read, text, words):
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert words in str(caught.value) and not isinstance(caught.value, MissingGeneratorError)
    assert len(str(caught.value)) < 600


def test_what_other_models_have_waits_or_is_told(read):
    preset = read("controls:\n  edit/hats/amount: 2\n  edit/hats/lfo/depth: 1\n  blend/painted/layer/256: 1\n  look/grain: 0.2\n")
    assert preset.controls == {"look/grain": 0.2}
    assert preset.absent == {"edit/hats/amount": 2.0, "edit/hats/lfo/depth": 1.0, "blend/painted/layer/256": 1.0}
    assert len(preset.notices) == 2 and "one.yaml:2: edit/hats is not installed here" in preset.notices[0]
    assert "edit/hats/amount: 2.0" in text_of(preset, TABLE)
    with pytest.raises(MissingGeneratorError, match=r"one.yaml:2: blend.manga.amount: 1: there is no such generator here"):
        read("controls:\n  blend/manga/amount: 1\n")
    with pytest.raises(ConfigError) as caught:
        read("controls:\n  blend/manga/amount: 1\n  look/grian: 1\n")
    assert not isinstance(caught.value, MissingGeneratorError)


def test_what_a_larger_generator_or_another_painter_has_waits_as_well(read):
    lines = ("blend/painted/layer/1024: 0.5", "style/poppy/amount: 0.75", "style/strength: 0.5", "style/scope: portraits")
    preset = read("controls:\n" + "".join(f"  {line}\n" for line in lines))
    assert preset.absent == {
        "blend/painted/layer/1024": 0.5, "style/poppy/amount": 0.75, "style/strength": 0.5, "style/scope": "portraits",
    }  # fmt: skip
    for line in ("blend/painted/layer/2048: 0.5", "style/poppy/scope: portraits", "style/strong: 1", "styles/poppy/amount: 1"):
        with pytest.raises(ConfigError, match="no such control"):
            read(f"controls:\n  {line}\n")
    with pytest.raises(ConfigError, match="must be one of picture, portraits"):
        read("controls:\n  style/scope: everything\n")


def test_when_the_house_opens_is_no_preset_s_to_say(read):
    with pytest.raises(ConfigError, match=r":2: schedule/override: 'closed': belongs to the people on stage"):
        read("controls:\n  schedule/override: closed\n")
    assert belongs("look/grain") and not any(belongs(name) for name in ("schedule/override", "transport/bpm", "preset/fade"))


def test_where_there_is_no_generator_at_all_that_is_said(tmp_path):
    (tmp_path / "one.yaml").write_text("controls: {blend/manga/amount: 1}\n")
    with pytest.raises(MissingGeneratorError, match=r"there is no such generator here; there is none$"):
        read_preset(tmp_path / "one.yaml", parameter_table(["smile"], []))
    with pytest.raises(MissingGeneratorError, match=r"there is painted, toon$"):
        read_preset(tmp_path / "one.yaml", parameter_table(["smile"], ["painted", "toon"]))


def test_lines_that_wait_are_one_notice_however_many(tmp_path):
    for k in range(23):
        (tmp_path / f"p{k:02}.yaml").write_text(f"controls: {{edit/hats/amount: {k / 10}, edit/beard/amount: 1}}\n")
    (tmp_path / "manga.yaml").write_text("controls: {blend/manga/amount: 1}\n")
    folder = PresetFolder(tmp_path)
    (notice,) = folder.look(TABLE).notices
    assert "no such generator here" in notice and "p00.yaml:1: edit/hats is not installed here; its lines wait" in notice
    assert "45 more like it, in 23 presets, for edit/hats, edit/beard" in notice
    assert folder.look(TABLE).notices == ()


def test_only_plain_files_of_the_folder_are_read(tmp_path):
    folder, outside = tmp_path / "presets", tmp_path / "secret.yaml"
    folder.mkdir()
    outside.write_text("controls: {look/grain: 0.9}\n")
    (folder / "link.yaml").symlink_to(outside)
    (folder / "folder.yaml").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    for name in ("Calm.yaml", "calm.yml", "calm.yaml", "recall.yaml", "a b.yaml", ".hidden.yaml", "notes.txt"):
        (folder / name).write_text("controls: {look/grain: 0.1}\n")
    look = PresetFolder(folder).look(TABLE)
    assert list(look.presets) == ["calm"] and look.presets["calm"].controls == {"look/grain": 0.1}
    said = {fault.split(": ", 1)[0].rsplit("/", 1)[1]: fault.split(": ", 1)[1] for fault in look.faults}
    assert set(said) == {"link.yaml", "folder.yaml", "pipe.yaml", "Calm.yaml", "calm.yml", "recall.yaml", "a b.yaml"}
    assert "a link" in said["link.yaml"] and "not a plain file" in said["pipe.yaml"] and "ends in .yaml" in said["calm.yml"]


def test_other_models_ask_the_files_again(tmp_path):
    (tmp_path / "hats.yaml").write_text("controls: {edit/hats/amount: 2, blend/painted/amount: 1}\n")
    folder = PresetFolder(tmp_path)
    assert "edit/hats/amount" in folder.look(TABLE).presets["hats"].absent
    assert folder.look(parameter_table(["hats"], ["painted"], [4, 32])).presets["hats"].controls["edit/hats/amount"] == 2.0
    later = parameter_table(["hats"], [])
    assert folder.look(later).presets["hats"].controls  # the last good state
    told = folder.look(later)
    assert "no such generator" in told.notices[0] and told.faults == ()  # nobody has edited it
    assert folder.look(later).notices == folder.look(later).faults == ()


def test_a_broken_file_is_told_at_the_first_look_and_later_only_when_it_lies_still(tmp_path):
    """An editor may be half-way through writing: only what is the same at two looks is spoken of, once."""
    file = tmp_path / "one.yaml"
    file.write_text("fade: -1\n")
    folder = PresetFolder(tmp_path)
    assert [len(folder.look(TABLE).faults) for _ in range(3)] == [1, 0, 0] and folder.problem("one") is not None
    file.write_text("fade: -22\n")
    assert [len(folder.look(TABLE).faults) for _ in range(3)] == [0, 1, 0]
    file.write_text("fade: -333\n")
    assert folder.look(TABLE).faults == ()
    file.write_text("fade: -4444\n")
    assert [len(folder.look(TABLE).faults) for _ in range(2)] == [0, 1]
    file.write_text("fade: 5\n")
    assert folder.look(TABLE).presets["one"].fade == 5.0 and folder.problem("one") is None and folder.problem("two") is None
    file.write_text("fade: -666666\n")
    assert folder.look(TABLE).presets["one"].fade == 5.0 and folder.problem("one") is not None  # the last good state, with its fault


def test_what_lies_in_the_folder_is_named_without_its_ending_the_broken_and_the_misnamed_too(tmp_path):
    for name in ("calm.yaml", "broken.yaml", "Snow.YML", "two.parts.yaml", "notes.txt", ".hidden.yaml"):
        (tmp_path / name).write_text("fade: -1\n" if name == "broken.yaml" else "fade: 1\n")
    look = PresetFolder(tmp_path).look(TABLE)
    assert look.files == {"calm", "broken", "snow", "two.parts"} and list(look.presets) == ["calm"] and look.numbers == {"calm": 0}


def test_of_several_generators_that_are_not_here_the_others_are_counted(tmp_path):
    said = {}
    for count in (1, 2, 3):
        (tmp_path / f"p{count}.yaml").write_text("controls: {blend/manga/amount: 1}\n")
        (said[count],) = PresetFolder(tmp_path).look(TABLE).notices
    assert said[1].endswith("there is painted")
    assert said[2].endswith("; 1 other preset left out likewise") and said[3].endswith("; 2 other presets left out likewise")


def test_lines_that_wait_in_one_preset_alone_are_told_of_one(tmp_path):
    (tmp_path / "one.yaml").write_text("controls: {edit/hats/amount: 1, edit/beard/amount: 1}\n")
    (notice,) = PresetFolder(tmp_path).look(TABLE).notices
    assert notice.endswith("edit/hats is not installed here; its lines wait; 1 more like it, in 1 preset, for edit/hats, edit/beard")


def test_presets_that_come_or_go_ask_no_file_again_and_other_models_do(tmp_path):
    (tmp_path / "one.yaml").write_text("controls: {edit/hats/amount: 1}\n")
    folder = PresetFolder(tmp_path)
    first = folder.look(TABLE).presets["one"]
    more = parameter_table(["smile", "age"], ["painted"], [4, 32], presets=["one", "two"])
    assert folder.look(TABLE).presets["one"] is first and folder.look(more).presets["one"] is first
    assert folder.look(parameter_table(["smile"], ["painted"], [4, 32])).presets["one"] is not first


def test_a_folder_lies_over_the_one_beneath_it(tmp_path):
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    own.mkdir()
    shipped.mkdir()
    for folder, names in ((shipped, ("calm", "snow")), (own, ("calm", "mine"))):
        for name in names:
            (folder / f"{name}.yaml").write_text(f"title: {name} of {folder.name}\ncontrols: {{look/grain: 0.5}}\n")
    folder = PresetFolder(own, beneath=shipped)
    titles = {name: preset.title for name, preset in folder.look(TABLE).presets.items()}
    assert titles == {"calm": "calm of own", "mine": "mine of own", "snow": "snow of shipped"}
    (own / "calm.yaml").unlink()
    (shipped / "snow.yaml").unlink()
    titles = {name: preset.title for name, preset in folder.look(TABLE).presets.items()}
    assert titles == {"calm": "calm of shipped", "mine": "mine of own"}
    own.rename(tmp_path / "elsewhere")
    assert list(folder.look(TABLE).presets) == ["calm"]


def test_the_same_state_saved_again_is_no_backup_and_another_one_is(read, tmp_path):
    folder = tmp_path / "presets"
    first, other = read("controls: {edit/age/amount: 0.5}"), read("controls: {edit/age/amount: 0.25}")
    for _ in range(3):
        write_preset(folder, first, TABLE)
    assert not backups_of(folder, "one")
    write_preset(folder, other, TABLE)
    assert len(backups_of(folder, "one")) == 1 and read_preset(folder / "one.yaml", TABLE).controls == other.controls
