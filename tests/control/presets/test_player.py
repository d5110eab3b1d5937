"""A show with presets: recall, interruption, watching, saving. Real files, a real state, time as an argument."""

import os
import resource
import threading

import pytest

from installation.control.parameters import parameter_table
from installation.control.presets.files import Preset, read_preset
from installation.control.presets.folder import MAX_PRESETS
from installation.control.presets.player import RELOAD_FADE, PresetPlayer, edited_controls, preset_names
from installation.control.presets.saves import MOST_WAITING, NEW_AT_ONCE, NEW_SECONDS
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
    assert list(show.player.catalogue.presets) == ["calm", "painted"]
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
    assert list(show.player.catalogue.presets) == ["calm", "new", "painted"] and "preset/new/recall" in show.state.table
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


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "a\\b", "", " ", "x" * 200, ".hidden", "recall", "2024", "-a", "con\0", "a\n", "a\ud800", "a\u202eb"]
)
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
    assert list(show.player.catalogue.presets) == ["calm"] and len(show.faults) == 1
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
    assert list(show.player.catalogue.presets) == ["calm", "mine", "other"] and show.faults == []
    assert "edit/smile/amount: 0.6" in (tmp_path / "other.yaml").read_text()


@pytest.mark.parametrize(
    ("title", "file"),
    [
        ("My Look", "my-look"),
        ("Été", "ete"),
        ("warm_evening", "warm-evening"),
        ("Grüße, Straße!", "grusse-strasse"),
        ("夏の夜", "preset"),
        ("🎄 2024", "preset-2024"),
        ("Fade", "fade-2"),
        ("x" * 80, "x" * 59),
    ],
)
def test_a_title_is_free_and_a_file_is_named_after_it(show, title, file):
    told = []
    show.state.set("edit/smile/amount", 1.5)
    assert show.player.save(title, tell=told.append)
    show.player.step(1.0)
    show.player.step(2.0)
    assert show.player.current == file and read_preset(show.folder / f"{file}.yaml", show.state.table).title == title
    assert [(answer.done, answer.name) for answer in told] == [(True, file)] and title in told[0].text
    show.player.recall("calm")
    assert show.player.recall(title) and show.player.recall(title.upper()) and show.player.current == file
    assert show.state.target("edit/smile/amount") == 1.5
    again = Show(show.folder)
    assert again.player.recall(title) and again.faults == []


def test_two_titles_never_share_a_file(show):
    for title in ("Warm evening", "warm_evening", "Warm-Evening!", "warm  EVENING"):  # the last is the first
        show.player.save(title)
    for turn in range(8):
        show.player.step(1.0 + turn)
    assert {path.stem for path in show.folder.glob("warm*")} == {"warm-evening", "warm-evening-2", "warm-evening-3"}
    titles = {preset.called for preset in show.player.catalogue.presets.values()}
    assert titles == {"Calm", "Painted", "Warm evening", "warm_evening", "Warm-Evening!"}


def test_a_file_that_came_meanwhile_is_not_written_over(show):
    show.player.save("Evening")
    (show.folder / "evening.yaml").write_text("description: a person's own\n")
    for turn in range(3):
        show.player.step(1.0 + turn)
    assert (show.folder / "evening.yaml").read_text() == "description: a person's own\n"
    assert show.player.catalogue.presets["evening-2"].called == "Evening"


def test_saving_over_a_preset_can_ask_first(show):
    told = []
    for title in ("calm", "Calm", "CALM "):
        assert not show.player.save(title, over=False, tell=told.append)
    assert [(answer.asks, answer.name) for answer in told] == [(True, "calm")] * 3 and "“Calm”" in told[0].text
    show.player.step(1.0)
    assert (show.folder / "calm.yaml").read_text() == CALM
    assert show.player.save("Calm", over=True, tell=told.append)
    show.player.step(2.0)
    assert told[-1].done and (show.folder / ".backups" / "calm.1.yaml").read_text() == CALM


def test_a_broken_file_is_asked_about_too_and_is_kept_as_a_backup(show):
    show.write("calm.yaml", "controls: {look/grain: much}")
    for turn in range(3):
        show.player.step(1.0 + turn)
    fresh = Show(show.folder)
    told = []
    assert not fresh.player.save("calm", over=False, tell=told.append) and told[0].asks
    fresh.player.save("calm")
    fresh.player.step(5.0)
    assert "much" in (show.folder / ".backups" / "calm.1.yaml").read_text()


def test_a_backup_is_put_back_and_the_picture_follows(show):
    show.player.recall("calm")
    show.state.set("look/grain", 0.9)
    show.player.save("calm")
    show.player.step(1.0)
    (first,) = show.player.backups("calm")
    told = []
    assert show.player.restore("calm", first.key, told.append)
    for turn in range(4):
        show.player.step(3.0 + turn)
    assert told[0].done and (show.folder / "calm.yaml").read_text() == CALM
    assert show.state.target("look/grain") == 0.5
    assert "look/grain: 0.9" in show.player.backups("calm")[0].path.read_text()  # nothing is lost by it
    show.player.restore("calm", "no-such", told.append)
    show.player.step(8.0)
    assert not told[-1].done and "no more" in told[-1].text
    assert not show.player.restore("../calm", first.key, told.append) and show.player.backups("../calm") == []


def test_a_new_preset_takes_the_fade_that_is_set_and_another_keeps_its_own(show):
    show.state.set("preset/fade", 7.5)
    show.player.save("slow")
    show.player.save("calm")
    show.state.set("preset/fade", 0.0)
    show.player.save("cut")
    show.state.set("preset/fade", -1.0)
    show.player.save("usual")
    for turn in range(6):
        show.player.step(1.0 + turn)
    assert [show.player.catalogue.presets[name].fade for name in ("slow", "calm", "cut", "usual")] == [7.5, 2.0, 0.0, 3.0]


def test_a_fade_of_nothing_is_a_cut(show):
    show.state.set("preset/fade", 0)
    show.player.recall("calm")
    assert show.at(0.0, "edit/smile/amount") == 1.0 and not show.state.fading
    show.state.set("preset/fade", -1)
    show.player.recall("painted")
    show.at(1.0, "edit/smile/amount")
    assert show.at(3.0, "edit/smile/amount") == pytest.approx(0.5)


def test_a_recall_that_is_mistyped_says_what_may_have_been_meant(show):
    show.state.set("preset/recall", "clam", "osc")
    show.player.step(0.0)
    assert show.state.counts().last == "preset/recall: 'clam': there is no such preset; did you mean “Calm”?"
    answer = show.player.ask("Panted", "web")
    assert not answer.done and "“Painted”" in answer.text
    assert show.player.ask("PAINTED", "web").done
    show.player.step(1.0)
    assert show.player.current == "painted"


def test_a_number_stays_with_its_preset(show):
    wanted = {"calm": 0, "painted": 1}
    assert show.player.catalogue.numbers == wanted
    show.player = Show(show.folder, background=True).player
    show.player.save("Aurora")
    show.player.stop()
    again = Show(show.folder, background=True)
    assert again.player.catalogue.numbers == {"aurora": 2, **wanted}
    assert again.player.recall(1) and again.player.current == "painted"
    (show.folder / "calm.yaml").unlink()
    (show.folder / "blue.yaml").write_text(CALM)
    again.player.stop()
    later = Show(show.folder, background=True)
    assert later.player.catalogue.numbers == {"aurora": 2, "blue": 3, "painted": 1}
    assert not later.player.recall(0)
    (show.folder / "calm.yaml").write_text(CALM)
    later.player.stop()
    last = Show(show.folder, background=True)
    assert last.player.catalogue.numbers["calm"] == 0
    last.player.stop()


def test_a_flood_of_saves_costs_a_few_files_and_no_picture(show):
    """Asked a thousand times between two pictures, for many pictures, under ever new names and over what is there."""
    started = threading.active_count()
    show = Show(show.folder, background=True)
    for turn in range(60):
        for i in range(200):
            show.state.set("preset/save", f"flood {turn} {i}", "osc")
            show.state.set("preset/save", "calm", "osc")
            show.state.set("edit/smile/amount", (turn * 200 + i) / 12000, "osc")
        show.player.step(turn / 30)
        assert len(show.player._library.saves) <= MOST_WAITING and threading.active_count() <= started + 1
    assert "too many" in show.state.counts().last
    show.player.stop()
    assert len(list(show.folder.glob("flood*.yaml"))) == NEW_AT_ONCE
    assert len(list((show.folder / ".backups").glob("calm.*"))) <= 4  # its last states outlive two seconds of it
    assert show.faults == []
    fresh = Show(show.folder)
    fresh.player.step(0.0)
    assert set(fresh.player.catalogue.presets) == set(show.player.catalogue.presets)  # what was accepted is there


def test_after_a_flood_one_can_save_again(show):
    for i in range(100):
        show.player.save(f"flood {i}")
    told = []
    assert not show.player.save("Mine", tell=told.append) and "too many new presets" in told[0].text
    show.player.step(1.0 + NEW_SECONDS)
    assert show.player.save("Mine")


def test_a_flood_of_steps_is_one_fade_a_picture(show):
    for _ in range(10_001):
        show.state.set("preset/next", True, "osc")
    show.player.step(0.0)
    assert show.recalls == ["calm"]
    for _ in range(7):
        show.state.set("preset/previous", True, "osc")
    show.player.step(0.1)
    assert show.recalls == ["calm", "painted"]


def test_a_full_folder_refuses_new_presets_and_keeps_those_it_had(tmp_path):
    for i in range(MAX_PRESETS):
        (tmp_path / f"p{i:03}.yaml").write_text("controls: {look/grain: 0.5}\n")
    show = Show(tmp_path)
    told = []
    assert not show.player.save("aaa", tell=told.append) and f"there are {MAX_PRESETS} presets" in told[0].text
    (tmp_path / "aab.yaml").write_text("controls: {look/grain: 0.5}\n")
    show.player.step(1.0)
    assert "p499" in show.player.catalogue.presets and "aab" not in show.player.catalogue.presets
    assert len(show.faults) == 1 and "aab.yaml is left out" in show.faults[0]


def test_what_was_asked_for_last_is_still_saved_and_after_the_end_nothing_is_heard(show):
    show.state.set("preset/save", "Last words", "osc")
    show.player.stop()
    assert (show.folder / "last-words.yaml").exists()
    show.state.set("preset/save", "Too late", "osc")
    show.state.set("preset/recall", "painted", "osc")
    show.player.step(1.0)
    assert not (show.folder / "too-late.yaml").exists() and show.recalls == []


def test_setting_the_time_of_a_fade_recalls_nothing(show):
    show.state.set("preset/fade", 5.0, "osc")
    show.player.step(0.0)
    assert show.recalls == [] and show.state.counts().ignored == 0


@pytest.mark.parametrize(("easing", "half"), [("linear", 0.5), ("in", 0.125), ("out", 0.875)])
def test_a_recall_and_an_edit_of_what_shows_go_the_preset_s_own_way(show, easing, half):
    show.write("calm.yaml", CALM.replace("linear", easing))
    show.player.step(1.0)
    show.player.recall("calm")
    show.at(2.0, "edit/smile/amount")
    assert show.at(3.0, "edit/smile/amount") == pytest.approx(half) and show.at(4.0, "edit/smile/amount") == 1.0
    show.write("calm.yaml", CALM.replace("linear", "breath" if easing == "linear" else "linear").replace("1.0", "0.0"))
    show.player.step(5.0)
    show.at(5.0, "edit/smile/amount")
    quarter = 0.103515625 if easing == "linear" else 0.25  # the way that the edit asks for, and no more the one before it
    assert show.at(5.0 + RELOAD_FADE / 4, "edit/smile/amount") == pytest.approx(1 - quarter, abs=1e-6)


def test_an_edit_that_says_what_was_there_anyway_moves_nothing():
    began = {"look/grain": 0.1, "look/zoom": 1.0, "look/trails": 0.0}
    old = Preset("calm", {"look/grain": 0.5, "look/zoom": 2.0})
    assert edited_controls(old, Preset("calm", {"look/grain": 0.5, "look/zoom": 2.0, "look/trails": 0.0}), began) == {}
    assert edited_controls(old, Preset("calm", {"look/zoom": 3.0}), began) == {"look/grain": 0.1, "look/zoom": 3.0}
    gone = Preset("calm", {"edit/gone/amount": 1.0})
    assert edited_controls(Preset("calm", {"look/grain": 0.1}), gone, began) == {"edit/gone/amount": 1.0}
    assert edited_controls(gone, Preset("calm"), began) == {}  # nobody knows where that began


def test_a_look_that_finds_the_same_presets_leaves_the_controls_alone(show):
    table = show.state.table
    show.write("calm.yaml", CALM.replace("0.5", "0.6"))
    for turn in range(4):
        show.player.step(1.0 + turn)
    assert show.state.table is table and show.player.catalogue.presets["calm"].controls["look/grain"] == 0.6


def test_where_there_is_no_preset_at_all_that_is_said(tmp_path):
    show = Show(tmp_path)
    with pytest.raises(ConfigError, match=r"--preset calm: there is no such preset; there is none$"):
        show.player.begin("calm")
    show.player.resume("calm")
    assert show.player.current == ""


def test_a_preset_that_showed_when_the_last_show_ended_is_taken_up_and_nothing_moves(show):
    show.player.resume("calm")
    assert show.player.current == "calm" and show.recalls == [] and not show.state.fading
    show.player.step(0.0)
    show.state.set("preset/next", True)
    show.player.step(0.1)
    assert show.player.current == "painted"


def test_names_of_the_presets_in_some_folders(tmp_path):
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    for folder, names in ((own, ("mine.yaml", "calm.yaml", "Not One.yaml", "notes.txt")), (shipped, ("calm.yaml", "alba.yaml"))):
        folder.mkdir()
        for name in names:
            (folder / name).write_text("fade: -1\n")  # the broken ones too
    assert preset_names(own, None, shipped) == ["alba", "calm", "mine"] and preset_names(None) == preset_names(tmp_path / "none") == []
