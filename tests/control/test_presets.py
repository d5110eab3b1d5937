"""A show with presets: recall, interruption, watching, saving. Real files, a real state, time as an argument."""

import os
import resource

import pytest

from installation.control.parameters import parameter_table
from installation.control.preset_files import read_preset
from installation.control.presets import PresetPlayer
from installation.control.state import Change, ControlState
from installation.errors import ConfigError

CALM = "fade: 2\neasing: linear\ncontrols:\n  edit/smile/amount: 1.0\n  look/grain: 0.5\n"
PAINTED = "fade: 4\neasing: linear\ncontrols: {blend/painted/amount: 1.0, look/layout: row}\n"


def rows(names):
    return parameter_table(["smile", "age"], ["painted"], [4, 32], presets=names)


class Show:
    """A player with everything that it said."""

    def __init__(self, folder, overrides=None, background=False):
        self.folder, self.state = folder, ControlState(rows([]), overrides or {})
        self.faults, self.notices, self.recalls, self.changes = [], [], [], []
        self.player = PresetPlayer(
            folder, self.state, rows, self.faults.append, self.notices.append, self.recalls.append, background=background
        )
        self.state.subscribe(self.changes.append)
        self.state.snapshot(0.0)

    def at(self, now, name):
        return self.state.snapshot(now).values[name]

    def write(self, name, text):
        """As an editor saves, with a time of change that no other state of the file had."""
        path = self.folder / name
        before = path.stat().st_mtime_ns if path.exists() else 0
        path.write_text(text)
        os.utime(path, ns=(before + 10**9, before + 10**9))


@pytest.fixture
def show(tmp_path):
    (tmp_path / "calm.yaml").write_text(CALM)
    (tmp_path / "painted.yaml").write_text(PAINTED)
    return Show(tmp_path)


def test_every_preset_is_a_control(show):
    assert show.player.names() == ["calm", "painted"]
    assert "preset/calm/recall" in show.state.table and "preset/painted/recall" in show.state.table
    assert show.faults == show.notices == []


def test_recall_fades_the_whole_state_in_the_presets_own_way(show):
    show.state.set("edit/age/amount", 3.0)
    show.state.set("transport/bpm", 90.0)
    show.state.snapshot(5.0)
    show.state.snapshot(10.0)
    assert show.player.recall("calm") and show.player.current == "calm" and show.recalls == ["calm"]
    assert show.at(10.0, "edit/age/amount") == 3.0
    assert show.at(11.0, "edit/age/amount") == pytest.approx(1.5)  # not named: back to where the show began
    assert show.at(11.0, "edit/smile/amount") == pytest.approx(0.5)
    assert show.at(12.0, "edit/smile/amount") == 1.0 and show.at(12.0, "edit/age/amount") == 0.0
    assert show.state.target("transport/bpm") == 90.0


def test_a_recall_in_mid_fade_starts_from_the_picture(show):
    show.player.recall("calm")
    show.state.snapshot(0.0)
    before = show.at(1.0, "edit/smile/amount")
    show.player.recall("painted")
    assert show.at(1.0, "edit/smile/amount") == before == pytest.approx(0.5)
    assert show.at(3.0, "edit/smile/amount") == pytest.approx(before / 2)
    assert show.at(3.0, "blend/painted/amount") == pytest.approx(0.5)
    assert show.at(5.0, "edit/smile/amount") == 0.0


def test_where_the_show_began_is_the_configurations_word(tmp_path):
    (tmp_path / "calm.yaml").write_text(CALM)
    show = Show(tmp_path, {"look/vignette": 0.9})
    show.state.set("look/vignette", 0.1)
    show.player.recall("calm")
    assert show.state.target("look/vignette") == 0.9


@pytest.mark.parametrize(
    ("asked", "current"),
    [
        ([("preset/recall", "painted")], "painted"),
        ([("preset/recall", 0)], "calm"),
        ([("preset/recall", "1")], "painted"),
        ([("preset/painted/recall", None)], "painted"),
        ([("preset/next", 1)], "calm"),
        ([("preset/previous", 1)], "painted"),
        ([("preset/recall", "painted"), ("preset/next", 1)], "calm"),
        ([("preset/next", 1), ("preset/next", 1), ("preset/next", 1)], "calm"),
        ([("preset/painted/recall", 0)], ""),
        ([("preset/recall", "no-such")], ""),
        ([("preset/recall", "../calm")], ""),
        ([("preset/recall", 2)], ""),
        ([("preset/recall", -1)], ""),
    ],
)
def test_a_preset_is_recalled_by_name_place_address_and_step(show, asked, current):
    for name, value in asked:
        show.state.set(name, value, "osc")
    assert show.player.current == ""
    show.player.step(0.0)
    assert show.player.current == current
    assert show.recalls == ([current] if current else [])  # one fade however much was asked


def test_the_hands_own_fade_time_wins(show):
    show.state.set("preset/fade", 10.0)
    show.player.recall("calm")
    show.state.snapshot(0.0)
    assert show.at(5.0, "edit/smile/amount") == pytest.approx(0.5)
    assert show.state.target("preset/fade") == 10.0


def test_freeze_and_blackout_stay_through_a_recall(show):
    show.state.set("transport/freeze", True)
    show.state.set("transport/blackout", True)
    show.player.recall("painted")
    controls = show.state.snapshot(0.0), show.state.snapshot(9.0)
    assert controls[1].flag("transport/freeze") and controls[1].flag("transport/blackout")
    assert controls[1].number("blend/painted/amount") == 1.0


def test_changes_of_a_recall_bear_the_presets_name_and_a_wrong_one_is_counted(show):
    show.state.set("preset/recall", "calm", "osc")
    show.player.step(0.0)
    assert show.changes[0] == Change("preset/recall", "calm", "osc")
    assert {change.source for change in show.changes[1:]} == {"preset"} and len(show.changes) > 2
    ignored = show.state.counts().ignored
    assert not show.player.recall("x" * 10000)
    assert show.state.counts().ignored == ignored + 1 and len(show.state.counts().last) < 200


def test_a_saved_edit_of_what_shows_is_faded_to_and_hands_stay(show):
    show.player.recall("calm")
    show.at(0.0, "look/grain")
    show.at(10.0, "look/grain")
    show.state.set("look/vignette", 0.77)
    show.at(20.0, "look/grain")
    show.write("calm.yaml", CALM.replace("0.5", "0.9"))
    show.player.step(20.3)
    assert show.state.target("look/grain") == 0.9 and show.state.target("look/vignette") == 0.77
    show.at(20.3, "look/grain")
    assert 0.5 < show.at(20.5, "look/grain") < 0.9 and show.at(21.0, "look/grain") == 0.9
    show.write("calm.yaml", CALM.replace("  look/grain: 0.5\n", ""))
    show.player.step(21.3)
    assert show.state.target("look/grain") == show.state.beginnings()["look/grain"]


def test_a_broken_edit_keeps_the_last_good_state_and_is_told_once(show):
    show.player.recall("calm")
    show.write("calm.yaml", CALM.replace("look/grain: 0.5", "look/grain: much"))
    for turn in range(8):
        show.player.step(1.0 + turn * 0.3)
    assert show.state.target("look/grain") == 0.5
    assert show.faults == [f"{show.folder / 'calm.yaml'}:5: look/grain: 'much': must be a number from 0 to 1"]
    assert show.player.recall("calm")
    show.write("calm.yaml", CALM.replace("look/grain: 0.5", "look/grain: 0.7"))
    show.player.step(10.0)
    assert show.state.target("look/grain") == 0.7 and len(show.faults) == 1


def test_a_file_in_mid_write_is_no_fault(show):
    show.write("calm.yaml", "controls:\n  look/gr")
    show.player.step(1.0)
    show.write("calm.yaml", CALM)
    show.player.step(2.0)
    show.player.step(3.0)
    assert show.faults == []


def test_presets_come_and_go_with_their_rows(show):
    show.write("new.yaml", "controls: {look/grain: 1}")
    show.player.step(1.0)
    assert show.player.names() == ["calm", "new", "painted"] and "preset/new/recall" in show.state.table
    show.player.recall("new")
    (show.folder / "new.yaml").unlink()
    show.player.step(2.0)
    assert show.player.current == "" and "preset/new/recall" not in show.state.table
    assert show.state.target("look/grain") == 1.0  # the picture stays
    assert not show.player.recall("new")


def test_save_writes_what_differs_and_recalls_the_same(show):
    show.state.set("edit/age/lfo/shape", "saw")
    show.state.set("edit/smile/amount", 0.30000001192092896)
    show.state.set("look/mirror", False)
    show.state.set("transport/bpm", 99.0)
    show.state.set("preset/save", "mine", "web")
    show.player.step(0.0)
    assert show.player.current == "mine" and "preset/mine/recall" in show.state.table
    text = (show.folder / "mine.yaml").read_text()
    lines = ["edit/smile/amount: 0.3", "edit/age/lfo/shape: saw", "look/mirror: false"]
    assert [line.strip() for line in text.splitlines()][-3:] == lines  # in the table's order, nothing else
    wanted = show.state.targets()
    show.player.recall("painted")
    show.player.recall("mine")
    after = show.state.targets()
    assert all(after[name] == pytest.approx(wanted[name]) for name in wanted)


def test_a_save_keeps_what_a_person_wrote_and_ten_states_before(show):
    head = "description: 'Grüße: a #1 preset'\ntags: [winter, late-night]\nfade: 7\neasing: breath\n"
    show.write("calm.yaml", head + "controls: {edit/hats/amount: 2, look/grain: 0.5}\n")
    show.player.step(1.0)
    for turn in range(13):
        show.state.set("edit/smile/amount", turn / 10)
        show.player.save("calm")
        show.player.step(2.0 + turn)
    saved = read_preset(show.folder / "calm.yaml", show.state.table)
    assert (saved.description, saved.tags, saved.fade, saved.easing) == ("Grüße: a #1 preset", ("winter", "late-night"), 7.0, "breath")
    assert saved.absent == {"edit/hats/amount": 2.0} and saved.controls["edit/smile/amount"] == 1.2
    backups = {path.name for path in (show.folder / ".backups").iterdir()}
    assert backups == {f"calm.{number}.yaml" for number in range(1, 11)}
    assert "edit/smile/amount: 1.1" in (show.folder / ".backups" / "calm.1.yaml").read_text()
    assert "edit/smile/amount: 0.2" in (show.folder / ".backups" / "calm.10.yaml").read_text()
    assert not [path for path in show.folder.iterdir() if path.name.endswith(".part")]


def test_what_hands_move_while_a_save_is_written_stays(show):
    show.player.recall("calm")
    show.state.set("look/grain", 0.2)
    show.player.save("calm")
    show.state.set("look/grain", 0.8)
    for turn in range(4):
        show.player.step(1.0 + turn)
    assert show.state.target("look/grain") == 0.8


@pytest.mark.parametrize("name", ["../x", "a/b", "", "x" * 200, "Grüße", "a b", ".hidden", "recall", "2024", "-a", "con\0", "a\n"])
def test_nothing_is_written_under_a_name_that_is_none(show, name):
    before = sorted(path for path in show.folder.parent.rglob("*"))
    assert not show.player.save(name) and not show.player.recall(name)
    show.state.set("preset/save", name)
    show.player.step(1.0)
    assert sorted(path for path in show.folder.parent.rglob("*")) == before


def test_a_full_disk_leaves_the_old_file_and_is_told(show):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    show.state.set("edit/smile/amount", 2.0)
    show.player.save("calm")
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, limits[1]))
    try:
        show.player.step(1.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (show.folder / "calm.yaml").read_text() == CALM
    assert len(show.faults) == 1 and "calm.yaml: cannot be" in show.faults[0]
    assert [path.name for path in show.folder.iterdir() if path.name.startswith(".calm")] == []


def test_backups_do_not_leave_the_folder(show, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (show.folder / ".backups").symlink_to(outside)
    show.player.save("calm")
    show.player.step(1.0)
    assert list(outside.iterdir()) == [] and "is a link" in show.faults[0]


def test_generators_that_are_not_here_are_spoken_of_once_and_are_no_fault(tmp_path):
    for name in ("manga", "ink", "oil"):
        (tmp_path / f"{name}.yaml").write_text(f"controls:\n  blend/{name}/amount: 1\n")
    show = Show(tmp_path)
    assert show.faults == [] and len(show.notices) == 1
    assert "ink.yaml:2" in show.notices[0] and "2 other presets left out likewise" in show.notices[0]
    show.state.replace(parameter_table(["smile", "age"], ["painted"]))  # directions that come ask for another look at all of them
    for i in range(1, 8):
        show.player.step(float(i))
    assert show.faults == []
    (tmp_path / "oil.yaml").write_text("controls:\n  blend/gouache/amount: 1\n")  # a hand's mistake is one
    for i in range(8, 12):
        show.player.step(float(i))
    assert len(show.faults) == 1 and "oil.yaml:2: blend/gouache/amount" in show.faults[0]


def test_begin_starts_there_or_says_why_not(tmp_path):
    (tmp_path / "calm.yaml").write_text(CALM)
    (tmp_path / "broken.yaml").write_text("controls: {look/grain: .nan}")
    (tmp_path / "manga.yaml").write_text("fade: 1\ncontrols:\n  blend/manga/amount: 1\n")
    show = Show(tmp_path)
    assert show.player.names() == ["calm"] and len(show.faults) == 1
    assert "manga.yaml:3: blend/manga/amount: 1: there is no such generator here; there is painted" in show.notices[0]
    for name, words in (("broken", "broken.yaml:1"), ("manga", "no such generator"), ("../calm", "no such preset; there is calm")):
        with pytest.raises(ConfigError, match=words):
            show.player.begin(name)
    fresh = Show(tmp_path)
    fresh.player.begin("calm")
    assert fresh.player.current == "calm" and fresh.at(0.0, "edit/smile/amount") == 1.0


def test_beside_the_show_the_same_things_happen(tmp_path):
    (tmp_path / "calm.yaml").write_text(CALM)
    show = Show(tmp_path, background=True)
    show.state.set("edit/smile/amount", 0.5)
    show.state.set("preset/save", "mine")
    show.player.step(0.0)
    show.state.set("edit/smile/amount", 0.6)
    show.player.save("other")
    show.player.stop()  # finishes what was begun
    assert show.player.names() == ["calm", "mine", "other"] and show.faults == []
    assert "edit/smile/amount: 0.6" in (tmp_path / "other.yaml").read_text()
