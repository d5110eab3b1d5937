"""The presets of a folder without a show: what is told of looks and saves, in which order, and that nothing is left behind at the end."""

import threading

import pytest

from installation.control.parameters import parameter_table
from installation.control.presets.library import LOOK_SECONDS, PresetLibrary
from installation.control.presets.saving import backups_of
from installation.control.state import ControlState

CALM = "controls: {look/grain: 0.5}\n"
TABLE = parameter_table(["smile"], ["painted"], [4, 32])


class Reader:
    """A library, and everything that it told."""

    def __init__(self, folder, background=False, beneath=None):
        self.state, self.told, self.faults, self.answers, self.answered = ControlState(TABLE), [], [], [], []
        self.library = PresetLibrary(folder, self.state, self._changed, self.faults.append, self.faults.append, background, beneath)

    def _changed(self, before, after, saving):
        self.told.append((list(before.presets), list(after.presets), None if saving is None else saving.preset.name))
        self.answered.append(len(self.answers))

    def save(self, title, now=0.0):
        return self.library.saves.save(title, True, self.answers.append, "shown", now)


@pytest.fixture
def reader(tmp_path):
    (tmp_path / "calm.yaml").write_text(CALM)
    return Reader(tmp_path)


def test_the_first_look_is_taken_as_it_is_made_and_the_next_when_it_is_time(reader, tmp_path):
    assert reader.told == [([], ["calm"], None)]
    reader.library.step(1.0)
    (tmp_path / "new.yaml").write_text(CALM)
    reader.library.step(1.0 + LOOK_SECONDS / 2)
    assert list(reader.library.catalogue.presets) == ["calm"]
    reader.library.step(1.0 + LOOK_SECONDS)
    assert reader.told[1:] == [(["calm"], ["calm"], None), (["calm"], ["calm", "new"], None)]


def test_a_save_is_told_once_and_the_folder_is_looked_at_again_at_once(reader, tmp_path):
    reader.library.step(1.0)
    assert reader.save("Mine") and not (tmp_path / "mine.yaml").exists()
    reader.library.step(1.01)
    assert (tmp_path / "mine.yaml").exists() and reader.told[-1] == (["calm"], ["calm", "mine"], "mine")
    assert [(answer.done, answer.name) for answer in reader.answers] == [(True, "mine")]
    assert reader.answered[-1] == 0  # whoever waits hears of a save when it can be recalled
    reader.library.step(1.02)
    assert reader.told[-1] == (["calm", "mine"], ["calm", "mine"], None)
    (tmp_path / "mine.yaml").unlink()
    reader.library.step(2.0)
    assert reader.library.saves.save("Mine", False, reader.answers.append, "", 2.0)  # its title is free again


def test_a_save_that_fails_changes_nothing_and_everybody_hears_why(tmp_path):
    (tmp_path / "presets").write_text("a file in the folder's place")
    reader = Reader(tmp_path / "presets")
    said = len(reader.faults)
    reader.save("Mine")
    reader.library.step(1.0)
    assert reader.told == [([], [], None)] and not reader.library.catalogue.presets
    assert len(reader.faults) == said + 1 and not reader.answers[0].done and reader.faults[-1] in reader.answers[0].text
    assert reader.state.counts().last == f"preset/save: {reader.faults[-1]}"


def test_a_backup_that_is_put_back_is_found_by_the_next_look(reader, tmp_path):
    reader.save("calm")
    reader.library.step(1.0)
    before = len(reader.told)
    (backup,) = (one.key for one in backups_of(tmp_path, "calm"))
    assert reader.library.saves.restore("calm", backup, reader.answers.append, "shown", 3.0)
    reader.library.step(3.0)
    assert len(reader.told) == before and reader.answers[-1].done and "as it was" in reader.answers[-1].text
    reader.library.step(3.01)
    assert reader.told[-1][2] is None and reader.library.catalogue.presets["calm"].controls["look/grain"] == 0.5


def test_at_the_end_what_waits_is_written_in_the_thread_that_ends_it(tmp_path):
    (tmp_path / "calm.yaml").write_text(CALM)
    others = threading.enumerate()
    reader = Reader(tmp_path, background=True)
    reader.library.step(0.0)
    reader.library.settle()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("presets") and thread not in others]
    for title in ("one", "two"):
        reader.save(title)
    reader.library.write_out()
    reader.library.write_out()
    assert [name for *_, name in reader.told if name] == ["one", "two"] and len(reader.answers) == 2
    assert {path.stem for path in tmp_path.glob("*.yaml")} == {"calm", "one", "two"}


def test_a_folder_beneath_is_read_and_never_written(tmp_path):
    for folder in ("mine", "shipped"):
        (tmp_path / folder).mkdir()
    (tmp_path / "shipped" / "calm.yaml").write_text(CALM)
    reader = Reader(tmp_path / "mine", beneath=tmp_path / "shipped")
    assert list(reader.library.catalogue.presets) == ["calm"]
    reader.save("calm")
    reader.library.step(1.0)
    assert (tmp_path / "mine" / "calm.yaml").exists() and (tmp_path / "shipped" / "calm.yaml").read_text() == CALM
