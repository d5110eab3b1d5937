"""What waits to be written: how much at once, how soon, and what becomes of whoever asked."""

import pytest

from installation.control.parameters import parameter_table
from installation.control.presets.catalogue import Catalogue
from installation.control.presets.files import Preset, read_preset
from installation.control.presets.folder import MAX_PRESETS
from installation.control.presets.saves import (
    MOST_WAITING,
    NEW_AT_ONCE,
    NEW_SECONDS,
    OVER_AT_ONCE,
    OVER_SECONDS,
    WRITE_SECONDS,
    Saves,
)
from installation.control.presets.saving import backups_of, write_preset
from installation.control.state import ControlState

TABLE = parameter_table(["smile", "age"], ["painted"], [4, 32])


class Desk:
    """Saves, the catalogue that they look into, and what they told."""

    def __init__(self, folder, *names, files=()):
        self.folder, self.state, self.answers = folder, ControlState(TABLE), []
        presets = {name: Preset(name, description=f"of {name}", fade=7.0) for name in names}
        self.catalogue = Catalogue(presets, {}, frozenset((*names, *files)))
        self.saves = Saves(folder, self.state, lambda: self.catalogue)

    def save(self, title, now=0.0, over=True, shown=""):
        return self.saves.save(title, over, self.answers.append, shown, now)

    def restore(self, name, key, now=0.0):
        return self.saves.restore(name, key, self.answers.append, "", now)

    @property
    def said(self):
        return self.answers[-1].text


def test_states_of_one_preset_are_a_second_apart_and_the_last_one_counts(tmp_path):
    desk = Desk(tmp_path, "calm", "snow")
    desk.save("calm", 10.0)
    assert desk.saves.due(10.0).preset.name == "calm" and desk.saves.due(10.0) is None
    desk.state.set("look/grain", 0.25)
    desk.save("calm", 10.1)
    desk.state.set("look/grain", 0.5)
    desk.save("calm", 10.2)
    assert desk.saves.due(10.0 + WRITE_SECONDS - 0.01) is None and len(desk.saves) == 1
    desk.save("snow", 10.9)
    assert desk.saves.due(10.95).preset.name == "snow"  # it does not wait for another one
    due = desk.saves.due(10.0 + WRITE_SECONDS)
    assert due.preset.controls == {"look/grain": 0.5} and len(due.tell) == 2 and len(desk.saves) == 0  # whoever asked hears
    desk.save("calm", 11.0)
    assert desk.saves.due(5.0).preset.name == "calm"  # a clock that was set back keeps nobody waiting


def test_only_so_many_wait_and_those_that_do_can_be_changed(tmp_path):
    names = [f"p{k:02}" for k in range(MOST_WAITING + 1)]
    desk = Desk(tmp_path, *names)
    assert all(desk.save(name, 1000.0 * k) for k, name in enumerate(names[:-1]))
    assert not desk.save(names[-1], 1e6) and "too many presets wait to be written" in desk.said
    assert not desk.save("A new one", 1e6) and "too many presets wait to be written" in desk.said
    assert desk.save(names[3], 1e6) and len(desk.saves) == MOST_WAITING
    desk.saves.take()
    assert desk.save(names[-1], 1e6)


def test_new_ones_and_those_saved_over_have_an_allowance_each(tmp_path):
    desk = Desk(tmp_path, "calm")
    assert [desk.save(f"new {k}") for k in range(NEW_AT_ONCE + 1)] == [True] * NEW_AT_ONCE + [False]
    assert "too many new presets in a short time" in desk.said
    assert not desk.save("late", NEW_SECONDS - 0.1) and desk.save("late", NEW_SECONDS)
    assert [desk.save("calm", NEW_SECONDS) for _ in range(OVER_AT_ONCE + 1)] == [True] * OVER_AT_ONCE + [False]
    assert "saved too often in a short time" in desk.said
    assert not desk.save("calm", NEW_SECONDS + OVER_SECONDS - 0.1) and desk.save("calm", NEW_SECONDS + OVER_SECONDS)
    assert not desk.answers[-1].asks and desk.state.counts().ignored == 4


def test_the_last_place_of_a_full_folder_is_given_and_one_more_is_not(tmp_path):
    desk = Desk(tmp_path, "calm", files=[f"p{k}" for k in range(MAX_PRESETS - 2)])
    assert desk.save("last") and not desk.save("one more") and f"there are {MAX_PRESETS} presets" in desk.said
    assert desk.save("calm") and desk.save("last")  # which are there


def test_a_title_that_waits_or_is_being_written_is_taken_already(tmp_path):
    desk = Desk(tmp_path)
    desk.save("Golden hour")
    assert not desk.save("golden  HOUR", over=False) and desk.answers[-1].asks and desk.answers[-1].name == "golden-hour"
    assert desk.saves.due(0.0).preset.name == "golden-hour"
    assert not desk.save("Golden Hour", over=False)
    desk.save("Golden-Hour!")
    assert desk.saves.take().preset.name == "golden-hour-2"  # another title, whose file would be the same
    desk.saves.arrived()
    assert desk.save("Golden Hour", over=False) and desk.saves.take().preset.name == "golden-hour"


def test_what_is_saved_over_keeps_what_a_person_wrote_of_it(tmp_path):
    desk = Desk(tmp_path, "calm")
    desk.state.set("look/grain", 0.5)
    desk.state.set("transport/bpm", 99.0)
    desk.state.set("preset/fade", 2.0)
    desk.save("calm", shown="snow")
    saving = desk.saves.take()
    assert (saving.preset.description, saving.preset.fade, saving.preset.controls) == ("of calm", 7.0, {"look/grain": 0.5})
    assert (saving.new, saving.beside, saving.restores) == (False, "snow", "")
    desk.save("calm")
    desk.save("calm")
    assert not desk.saves.take().new  # however often it is asked for
    desk.save("Dawn")
    desk.state.set("preset/fade", 0.0)
    desk.save("dawn")  # again before it was written: as it was asked for first, with the controls of now
    saving = desk.saves.take()
    assert (saving.new, saving.preset.fade, saving.preset.title) == (True, 2.0, "") and len(saving.tell) == 2
    desk.save("Élan")
    assert desk.saves.take().preset.title == "Élan"


def test_a_new_preset_takes_no_file_that_came_meanwhile_and_one_that_was_there_is_written_over(tmp_path):
    desk = Desk(tmp_path)
    desk.save("Dawn")
    saving = desk.saves.due(0.0)
    for name in ("dawn", "dawn-2"):
        (tmp_path / f"{name}.yaml").write_text("fade: 1\n")
    saved = desk.saves.write(saving)
    assert (saved.reason, saved.saving.preset.name, saved.saving.preset.title) == ("", "dawn-3", "Dawn")
    assert read_preset(tmp_path / "dawn-3.yaml", TABLE).called == "Dawn" and (tmp_path / "dawn.yaml").read_text() == "fade: 1\n"
    there = Desk(tmp_path, "dawn")
    there.save("dawn")
    assert there.saves.write(there.saves.due(0.0)).saving.preset.name == "dawn" and len(backups_of(tmp_path, "dawn")) == 1


def test_a_backup_is_asked_for_of_a_preset_that_is_there_and_not_being_saved(tmp_path):
    for grain in (0.25, 0.5):
        write_preset(tmp_path, Preset("calm", {"look/grain": grain}), TABLE)
    (backup,) = backups_of(tmp_path, "calm")
    desk = Desk(tmp_path, "calm")
    assert not desk.restore("snow", backup.key) and "there is no such preset" in desk.said
    desk.save("calm")
    assert not desk.restore("calm", backup.key) and "being saved just now" in desk.said
    desk.saves.take()
    assert desk.restore("calm", backup.key)
    saving = desk.saves.due(1.0)
    assert saving.restores == backup.key and not saving.new and desk.saves.write(saving).reason == ""
    assert read_preset(tmp_path / "calm.yaml", TABLE).controls == {"look/grain": 0.25}
    assert desk.restore("calm", "1-2", 5.0) and "there no more" in desk.saves.write(desk.saves.due(5.0)).reason
    for _ in range(OVER_AT_ONCE):
        desk.save("calm", 5.0)
    desk.saves.take()
    assert not desk.restore("calm", backup.key, 5.0) and "saved too often" in desk.said


@pytest.mark.parametrize("title", ["2024", "next", "a/b", " "])
def test_a_title_that_cannot_be_is_refused_and_counted(tmp_path, title):
    desk = Desk(tmp_path)
    assert not desk.save(title) and not desk.answers[-1].done and desk.said.startswith("Not saved: ")
    assert desk.state.counts().ignored == 1 and len(desk.saves) == 0
