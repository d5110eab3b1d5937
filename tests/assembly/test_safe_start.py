"""What a show begins with after a bad night, and with a configuration that somebody broke."""

import faulthandler
import json
import os
import time

import pytest

from installation import show
from installation.assembly.config_watch import KIND, ConfigWatch
from installation.assembly.safe_start import LAST_GOOD, LEAST, Asked, begin, in_place_of
from installation.assembly.schedule import schedule_of
from installation.assembly.soundness import check_words
from installation.config import load_config
from installation.control.osc.udp import bound_socket, resolved
from installation.control.port_errors import WayInError
from installation.control.web.listening import listening_socket
from installation.errors import ConfigError, SourceError, WeightsError
from installation.operation.crash_file import KEPT
from installation.operation.crash_file import NAME as CRASH
from installation.operation.instance import LOCK, OtherInstanceError
from installation.operation.starts import FILE
from installation.output_file import sweep_parts

ALONE, SERVED = {}, {"NOTIFY_SOCKET": "/run/somewhere"}
MINE = "faces: {max: 7}\ncanvas: {renderer: gl, fps: 25}\nmodels: {styles: mine}\ncontrols: {look/grain: 0.5}\nengine: {threads: 1}\n"


def same(one, other):
    return one.model_dump() == other.model_dump()


class Place:
    """A folder with a configuration, and shows that begin in it."""

    def __init__(self, folder):
        self.folder, self.file = folder, folder / "mine.yaml"
        self.state = folder / "kept" / "state.json"
        self.write(MINE)

    def write(self, text):
        self.file.write_text(f"control: {{resume_file: {self.state}}}\n{text}" if text.startswith("faces") else text)

    def asked(self, *overrides, unattended=True):
        return Asked(self.file, overrides, True, unattended)

    def begin(self, *overrides, environ=ALONE, unattended=True):
        return begin(self.asked(*overrides, unattended=unattended), environ)

    def crash(self, times):
        for _ in range(times):
            begun = self.begin()
            begun.lock.release()  # as the kernel does
            faulthandler.disable()
            (self.state.parent / CRASH).write_text("Fatal Python error: Segmentation fault\n")

    def run_well(self, *overrides):
        begun = self.begin(*overrides)
        begun.fine()
        begun.ended(0)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_what_ran_well_is_kept_as_a_configuration_of_its_own(place):
    place.run_well("capture.fps=15")
    good = (place.folder / "kept" / LAST_GOOD).read_text()
    assert same(load_config(place.folder / "kept" / LAST_GOOD), load_config(place.file, ["capture.fps=15"]))
    place.write(MINE.replace("max: 7", "max: 9"))
    begun = place.begin()
    assert begun.config.faces.max == 9 and good == (place.folder / "kept" / LAST_GOOD).read_text()
    begun.ended(0)


def test_careful_then_bare_then_yours_again(place):
    place.run_well()
    place.write(MINE.replace("max: 7", "max: 9"))
    place.crash(3)
    careful = place.begin()
    assert careful.config.faces.max == 7 and not careful.bare and careful.config.canvas.renderer == "gl"
    assert careful.safe.startswith("safe mode: the show ended within half a minute of its first picture 3 times")
    assert str(place.folder / "kept" / LAST_GOOD) in careful.safe
    assert f"where it crashed stands in {place.state.parent / KEPT}" in careful.safe
    assert "Segmentation fault" in (place.state.parent / KEPT).read_text()
    careful.lock.release()
    (place.state.parent / CRASH).write_text("again")
    place.crash(2)
    bare = place.begin()
    assert bare.bare and bare.config.faces.max == 7 and bare.config.canvas.fps == 25 and bare.config.canvas.renderer == "plain"
    assert bare.config.engine.threads == 0 and bare.config.controls == load_config().controls
    assert bare.config.models == load_config().models and bare.config.control.midi.enabled is False
    bare.fine()
    kept = load_config(place.folder / "kept" / LAST_GOOD)
    assert (kept.faces.max, kept.canvas.renderer) == (7, "gl")  # safe mode is not what was asked for
    bare.ended(0)
    mine = place.begin()
    assert (mine.config.faces.max, mine.safe, mine.bare) == (9, "", False)
    mine.ended(0)


def test_without_anything_that_ran_well_a_loop_begins_as_configured_and_then_bare(place):
    place.crash(3)
    careful = place.begin()
    assert same(careful.config, load_config(place.file)) and "none has run well yet" in careful.safe
    careful.lock.release()
    (place.state.parent / CRASH).write_text("again")
    place.crash(2)
    bare = place.begin()
    assert bare.bare and bare.config.canvas.renderer == "plain" and bare.config.faces.max == 7
    bare.lock.release()


def test_a_fault_of_the_program_counts_and_a_missing_camera_does_not(place):
    for code, counted in ((4, True), (3, False), (2, False), (0, False)):
        for _ in range(3):
            place.begin().ended(code)
        begun = place.begin()
        assert bool(begun.safe) is counted, code
        begun.ended(0)


@pytest.mark.parametrize("broken", ["faces: {max: many}\n", "faces: {max: 7\n", "faces: {wings: 2}\n"])
def test_a_broken_configuration_ends_a_start_that_somebody_sees_and_no_other(place, broken):
    place.run_well()
    place.write(broken)
    where = () if "many" in broken or "wings" in broken else (f"control.resume_file={place.state}",)  # of no YAML nothing can be read
    with pytest.raises(ConfigError, match=r"mine\.yaml:"):
        place.begin(*where)
    begun = place.begin(*where, environ=SERVED)
    assert begun.config.faces.max == 7 and begun.safe.startswith(f"safe mode: {place.file}:") and "ran well last" in begun.safe
    begun.lock.release()  # a crash: nobody is there now either
    again = place.begin(*where)
    assert again.config.faces.max == 7 and again.safe
    again.ended(0)
    with pytest.raises(ConfigError):
        place.begin(*where, environ=SERVED, unattended=False)


def test_a_show_that_cannot_begin_with_what_was_asked_for_begins_with_what_ran_well_where_nobody_is_there(place):
    place.run_well()
    place.write(MINE.replace("styles: mine", "generator: gone.safetensors"))
    broken, begun = WeightsError("gone.safetensors: no such file"), place.begin()
    assert in_place_of(begun, broken, place.asked(), ALONE) is None  # somebody reads why
    instead = in_place_of(begun, broken, place.asked(), SERVED)
    assert str(instead.config.models.generator) == str(load_config().models.generator) and instead.config.faces.max == 7
    assert instead.safe.startswith("safe mode: gone.safetensors: no such file; it runs with the configuration that ran well last")
    assert instead.lock is begun.lock and not instead.bare
    assert in_place_of(begun, SourceError("no camera"), place.asked(), SERVED) is None
    begun.ended(0)
    place.run_well()  # what ran well has the same weights, whose file is broken by now
    begun = place.begin()
    bare = in_place_of(begun, broken, place.asked(), SERVED)
    assert bare.bare and bare.config.models == load_config().models and "without what was added" in bare.safe
    begun.ended(0)


def test_what_neither_the_last_good_nor_a_bare_start_cures_leaves_a_mirror_before_the_same_camera(place):
    mine = (
        "source: '3'\nfaces: {max: 7}\nprivacy: {consent: hand}\ntakeaways: {enabled: true}\n"
        "control: {web: {host: 0.0.0.0, token_file: gone}}\n"
        "schedule: {rows: [{name: day, preset: of-our-own}]}\n"
    )
    place.write(mine)
    asked = f"control.resume_file={place.state}"
    begun = place.begin(asked)
    begun.fine()  # it ran well, and then somebody deleted the preset that its schedule names
    with pytest.raises(ConfigError) as gone:
        schedule_of(begun.config, ["calm"])
    tried = []
    next_one = in_place_of(begun, gone.value, place.asked(asked), SERVED)
    while next_one is not None:
        tried.append(next_one)
        next_one = in_place_of(next_one, gone.value, place.asked(asked), SERVED)
    bare, least = tried
    with pytest.raises(ConfigError):
        schedule_of(bare.config, ["calm"])
    schedule_of(least.config, ["calm"])
    c = least.config
    assert (c.source, c.faces.max, c.privacy.consent, c.control.resume_file) == ("3", 7, "hand", str(place.state))
    assert not c.takeaways.enabled and c.control.web.enabled is False and c.control.osc.enabled is False and not c.control.web.token_file
    assert least.rung == LEAST and least.bare and least.lock is begun.lock and "schedule.rows.0.preset" in least.safe
    begun.ended(0)


def refused(open_it):
    with pytest.raises(WayInError) as caught:
        open_it()
    return caught.value


def test_a_port_that_is_taken_ends_a_start_that_somebody_sees_and_no_other(place):
    with listening_socket("127.0.0.1", 0) as one:
        taken = refused(lambda: listening_socket("127.0.0.1", one.getsockname()[1]))
    with bound_socket("127.0.0.1", 0, "control.osc") as one:
        osc = refused(lambda: bound_socket("127.0.0.1", one.getsockname()[1], "control.osc"))
    no_network = refused(lambda: resolved("nowhere.invalid", 9, "control.osc.out_host"))
    assert (taken.section, osc.section, no_network.section) == ("control.web", "control.osc", "control.osc")
    place.write("takeaways: {enabled: true}\n" + MINE)
    asked = f"control.resume_file={place.state}"
    begun = place.begin(asked)
    assert in_place_of(begun, taken, place.asked(asked), ALONE) is None
    without = in_place_of(begun, taken, place.asked(asked), SERVED)
    assert without.config.control.web.enabled is False and not without.config.takeaways.enabled  # whose pages that way in shows
    assert without.config.control.osc.enabled == "auto" and without.config.models.styles == begun.config.models.styles and not without.bare
    assert without.safe.startswith("safe mode: control.web.port: ") and "it runs without control.web" in without.safe
    both = in_place_of(without, osc, place.asked(asked), SERVED)
    assert both.config.control.osc.enabled is False and "without control.web" in both.safe and "without control.osc" in both.safe
    begun.ended(0)


def test_a_start_is_tried_with_less_until_it_can_be_and_its_end_is_written_down(place, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/somewhere")
    seen = []

    def shows(a, begun):
        seen.append(begun)
        if begun.config.control.web.enabled is not False:
            raise WayInError("control.web", "control.web.port: 8600: the port is taken")
        if begun.config.models.styles != load_config().models.styles:
            raise WeightsError("mine: no such folder")
        return 0

    monkeypatch.setattr(show, "show", shows)
    words = ["--config", str(place.file)]
    assert show.begin_and_show(show.parse(words)) == 0
    assert [one.safe != "" for one in seen] == [False, True, True] and seen[-1].bare
    assert json.loads((place.state.parent / FILE).read_text())["living"] is False
    monkeypatch.delenv("NOTIFY_SOCKET")
    with pytest.raises(WayInError):
        show.begin_and_show(show.parse(words))


def test_a_broken_configuration_with_nothing_to_go_back_to_ends_the_start(place):
    place.write("faces: {max: many}\n")
    with pytest.raises(ConfigError, match=r"faces\.max"):
        place.begin(environ=SERVED)


def test_the_token_stays_where_it_was_written(place):
    place.run_well("control.web.token=abcdefghijkl", "control.web.token_file=there")
    text = (place.state.parent / LAST_GOOD).read_text()
    assert "abcdefghijkl" not in text and "token_file: there" in text


def test_one_show_a_folder_and_what_was_half_written_is_gone(place):
    place.state.parent.mkdir()
    for name in (".state.json.abcd1234.part", ".starts.json.x_y12345.part"):
        (place.state.parent / name).write_text("half")
    (place.state.parent / ".other.json.abcd1234.part").write_text("somebody else's")
    begun = place.begin()
    with pytest.raises(OtherInstanceError, match=f"process {os.getpid()} runs a show here already"):
        place.begin()
    assert json.loads((place.state.parent / FILE).read_text())["early"] == 0  # the second one was no start
    left = sorted(path.name for path in place.state.parent.iterdir())
    assert left == [LOCK, ".other.json.abcd1234.part", CRASH, FILE]
    begun.ended(0)
    assert not (place.state.parent / CRASH).exists()
    place.begin().ended(0)


def test_a_show_with_an_end_counts_nothing_and_locks_nothing(place):
    begun = place.begin(unattended=False)
    assert begun.record is None and begun.lock is None and not place.state.parent.exists()
    begun.fine()
    begun.ended(4)


def test_parts_of_a_name_with_odd_letters(tmp_path):
    path = tmp_path / "a[1]*.json"
    part, other = tmp_path / f".{path.name}.abcd1234.part", tmp_path / ".a1x.json.abcd1234.part"
    part.touch()
    other.touch()
    sweep_parts(path)
    assert not part.exists() and other.exists()
    sweep_parts(tmp_path / "none" / "x.json")


class Watched:
    def __init__(self, place):
        self.faults, self.ended, self.said, self.file = [], [], [], place.file
        running = load_config(place.file)
        tell = (lambda text, kind: self.faults.append((text, kind)), self.ended.append, self.said.append)
        self.watch = ConfigWatch(place.file, (), running, check_words, *tell)

    def edit(self, text):
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.replace(self.file)
        self.watch.look()


def test_a_file_that_is_broken_while_the_show_runs_is_told_and_taken_back(place):
    seen = Watched(place)
    seen.watch.look()
    assert (seen.faults, seen.said) == ([], [])
    seen.edit("faces: {max: many}\n")
    ((text, kind),) = seen.faults
    assert kind == KIND and text.startswith(f"{place.file}:1: faces.max: 'many': must be a whole number; the show goes on as it began")
    seen.watch.look()
    assert len(seen.faults) == 1
    seen.edit(f"control: {{resume_file: {place.state}}}\n{MINE}")
    assert seen.ended[-1] == KIND and seen.said == []  # it is what runs
    seen.edit("faces: {max: 3}\n")
    assert "has changed; that counts from the next start on" in seen.said[0]
    seen.edit("invitation: {languages: [pl]}\n")  # it can be read, and no show would begin with it
    assert f"{place.file}:1: invitation.languages: " in seen.faults[-1][0] and "would not start again" in seen.faults[-1][0]
    place.file.unlink()
    seen.watch.look()
    assert "no such file" in seen.faults[-1][0]


def test_the_watch_looks_by_itself(place):
    seen = Watched(place)
    seen.watch.start()
    place.file.write_text("faces: {max: many}\n")
    end = time.monotonic() + 60
    while not seen.faults:
        assert time.monotonic() < end
        time.sleep(0.05)
    seen.watch.stop()
