"""The schedule's hand at real controls and real presets, by a clock on the wall that the test turns."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from installation.config import ControlConfig, MidiConfig, OscConfig, WebConfig
from installation.config_times import Hours, read_hours, read_weekdays
from installation.control.desk import ControlDesk
from installation.control.desk_links import Beginning, DeskLinks
from installation.control.installed import Installed
from installation.control.kept_state import KeptSchedule
from installation.control.schedule_hand import ScheduledShow, figures_of, notice_of
from installation.control.sound.tempo import Tempo
from installation.control.state import Change, ControlState
from installation.errors import ConfigError
from installation.observation import Observation, ScheduleSeen
from installation.operation.schedule import Row, Schedule

BERLIN = ZoneInfo("Europe/Berlin")
SHOW = Observation(0.0, 0, (), 0.0, 0.0, 0.0, 0, 0.0, "", "", 0, ())
DAYTIME = {day: read_hours("10:00-18:00") for day in range(7)}
ROWS = (
    Row("day", "calm"),
    Row("evening", "noir", read_hours("17:00-18:00")),
    Row("night", "dream", read_hours("20:00-22:00")),
    Row("broken", "gone", read_hours("05:00-06:00"), read_weekdays("tue")),
)
ALWAYS: dict[int, tuple[Hours, ...]] | None = None


class Show:
    """A desk with a schedule, on a day in November whose clock the test sets. It keeps its state in the folder."""

    def __init__(self, folder: Path, clock: str, opening=DAYTIME, rows=ROWS[:3], preset=None, resume=True, controls=None):
        presets = folder / "presets"
        presets.mkdir(exist_ok=True)
        for name, grain in (("calm", 0.2), ("noir", 0.6), ("dream", 0.9), ("gone", 0.3)):
            if name != "gone" or any(row.preset == "gone" for row in rows):
                (presets / f"{name}.yaml").write_text(f"fade: 2\ncontrols: {{look/grain: {grain}}}\n")
        self.presets = presets
        self.faults: list[str] = []
        self.moment = self.of(clock)
        self.now = 0.0
        self.changes: list[Change] = []
        self.state = ControlState(Installed((), (), ()).table(), controls or {})
        scheduled = ScheduledShow(Schedule(BERLIN, opening, rows=rows), lambda: self.moment, 4.0)
        links = DeskLinks(lambda: SHOW, self.faults.append, Tempo(self.state, lambda: self.now), lambda: self.now, schedule=scheduled)
        config = ControlConfig(
            osc=OscConfig(enabled=False),
            web=WebConfig(enabled=False),
            midi=MidiConfig(enabled=False),
            resume_file=str(folder / "state.json"),
        )
        beginning = Beginning(preset, keep=True, resume=resume and preset is None)
        self.desk = ControlDesk(config, self.state, Installed((), (), ()), links, beginning, presets=presets)
        self.state.subscribe(lambda change: self.changes.append(change) if isinstance(change, Change) else None)
        self.desk.start()

    @staticmethod
    def of(clock: str) -> datetime:
        return datetime.fromisoformat(clock if "-" in clock else f"2026-11-26 {clock}").replace(tzinfo=BERLIN).astimezone(UTC)

    def at(self, clock: str, steps: int = 3) -> "Show":
        """The wall's clock is set, and some pictures go by."""
        self.moment = self.of(clock)
        for _ in range(steps):
            self.now += 1.1
            self.state.snapshot(self.now)
            self.desk.step(self.now)
        return self

    def later(self, minutes: float) -> "Show":
        return self.at((self.moment + timedelta(minutes=minutes)).astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S"))

    @property
    def black(self) -> bool:
        return self.state.target("transport/blackout") is True

    @property
    def grain(self) -> object:
        return self.state.target("look/grain")

    @property
    def recalls(self) -> list[object]:
        return [change.value for change in self.changes if change.name == "preset/recall"]

    @property
    def override(self) -> object:
        return self.state.target("schedule/override")

    def seen(self) -> ScheduleSeen:
        seen = self.desk.schedule_seen()
        assert seen is not None
        return seen

    def end(self, well: bool = True) -> None:
        if well:
            self.desk.ended()
        self.desk.stop()
        assert self.faults == []


@pytest.fixture
def show(tmp_path):
    shows = []

    def begin(clock, **given):
        shows.append(Show(tmp_path, clock, **given))
        return shows[-1]

    yield begin
    for one in shows:
        one.desk.stop()


def test_a_start_within_a_row_shows_its_preset_at_once(show) -> None:
    s = show("17:30")
    assert s.desk.presets.current == "noir" and s.grain == 0.6 and not s.black and s.desk.blackout_seconds() is None
    assert s.state.snapshot(0.0).values["look/grain"] == 0.6  # in the first picture
    s.at("17:31")
    assert s.recalls == []  # once


def test_a_row_that_begins_is_recalled_once_with_its_presets_own_fade(show) -> None:
    s = show("16:59:58")
    assert s.desk.presets.current == "calm"
    s.at("17:00", steps=1)
    assert s.recalls == ["noir"] and s.grain == 0.6
    assert s.state.snapshot(s.now).values["look/grain"] == pytest.approx(0.2) and s.state.fading
    assert s.state.snapshot(s.now + 2.1).values["look/grain"] == 0.6
    for clock in ("17:01", "17:30", "17:59"):
        s.at(clock)
    assert s.recalls == ["noir"]


def test_the_clock_is_looked_at_once_a_second_and_for_an_override_in_the_next_picture(show) -> None:
    s = show("16:59")
    s.desk.step(100.0)
    s.moment = s.of("18:00")
    for now, black in ((100.9, False), (101.0, True)):
        s.desk.step(now)
        assert s.black is black
    s.moment = s.of("2026-11-27 10:00")
    s.desk.step(40.0)  # the show's own clock was begun anew
    assert not s.black
    s.state.set("schedule/override", "closed")
    s.desk.step(40.01)
    assert s.black
    s.moment = s.of("2026-11-27 12:00")
    s.desk.step(40.02)
    assert s.black  # the override that was seen to asks for no further look


def test_the_operators_change_stays_until_the_next_row(show) -> None:
    s = show("16:00")
    s.state.set("preset/recall", "dream")
    s.at("16:01")
    s.state.set("look/vignette", 0.9)
    s.at("16:59")
    assert s.desk.presets.current == "dream" and s.state.target("look/vignette") == 0.9
    s.at("17:00")
    assert s.desk.presets.current == "noir" and s.state.target("look/vignette") == s.state.beginnings()["look/vignette"]


def test_it_is_dark_outside_the_opening_hours(show) -> None:
    s = show("17:59").at("18:00")
    assert s.black and s.desk.closed and s.desk.blackout_seconds() == 4.0
    assert (s.seen().open, s.seen().row) == (False, "")
    s.at("2026-11-27 09:59:59")
    assert s.black
    s.at("2026-11-27 10:00")
    assert not s.black and not s.desk.closed and s.desk.blackout_seconds() == 4.0
    assert s.seen() == ScheduleSeen(True, "day", "auto", "2026-11-27T17:00+01:00")


def test_an_opening_shows_its_row_whatever_was_done_the_evening_before(show) -> None:
    s = show("17:30")
    s.state.set("preset/recall", "dream")
    s.at("17:31")
    assert s.desk.presets.current == "dream"
    s.at("19:00")
    assert s.desk.presets.current == "calm"  # in the dark: row 'day' holds again
    s.state.set("preset/recall", "dream")
    s.at("19:01")
    s.at("2026-11-27 10:00")
    assert s.desk.presets.current == "calm"


def test_an_operators_blackout_is_not_fought(show) -> None:
    s = show("12:00")
    s.state.set("transport/blackout", True, "key")
    s.at("16:59")
    s.at("17:01")  # another row, and still the operator's
    assert s.black and not s.desk.closed and s.desk.blackout_seconds() is None
    s.at("18:01")
    s.state.set("transport/blackout", False, "key")
    for clock in ("18:02", "20:30", "23:00"):
        s.at(clock)
        assert not s.black  # by hand, until the next change
    s.at("2026-11-27 10:01").at("2026-11-27 18:01")
    assert s.black


def test_a_clock_set_back_a_day_or_forward_is_followed(show) -> None:
    s = show("12:00")
    for clock, black, current in (
        ("2026-11-25 17:30", False, "noir"), ("2026-11-26 17:30", False, "noir"), ("2026-11-25 23:00", True, "calm"),
        ("2026-12-25 11:00", False, "calm"), ("2026-11-26 09:00", True, "calm"), ("1970-01-01 12:00", False, "calm"),
    ):  # fmt: skip
        s.at(clock)
        assert (s.black, s.desk.presets.current) == (black, current), clock
        assert datetime.fromisoformat(s.seen().next_change) == Schedule(BERLIN, DAYTIME, rows=ROWS[:3]).next_change(s.moment)


def test_an_override_ends_by_itself(show) -> None:
    s = show("20:30")
    assert s.black
    s.state.set("schedule/override-minutes", 30)
    s.state.set("schedule/override", "open")
    s.at("20:30:01", steps=1)
    assert not s.black and s.seen() == ScheduleSeen(True, "night", "open", "2026-11-26T21:00+01:00")
    s.at("20:59:59")
    assert not s.black and s.override == "open"
    s.at("21:00:01")
    assert s.black and s.override == "auto" and s.seen().next_change == "2026-11-27T10:00+01:00"


def test_an_override_closes_in_opening_hours_too_and_hands_back(show) -> None:
    s = show("12:00")
    s.state.set("schedule/override", "closed", "osc 127.0.0.1")
    s.at("12:00:01")
    assert s.black and s.desk.closed and s.seen() == ScheduleSeen(False, "", "closed", "2026-11-26T13:00+01:00")
    assert ("schedule", "closed, by hand") in s.desk.figures() and ("next change", "Thu 2026-11-26 13:00") in s.desk.figures()
    s.at("13:00")
    assert not s.black and s.override == "auto"
    assert ("schedule", "open, day") in s.desk.figures()


def test_setting_the_minutes_again_counts_anew_and_auto_ends_it(show) -> None:
    s = show("12:00")
    s.state.set("schedule/override", "closed")
    s.at("12:50")
    s.state.set("schedule/override-minutes", 20)
    s.at("13:09")
    assert s.black
    s.at("13:10")
    assert not s.black
    s.state.set("schedule/override", "closed")
    s.at("13:11")
    assert s.black
    s.state.set("schedule/override", "auto")
    assert not s.at("13:12").black


def test_an_override_lights_what_an_operator_had_darkened_and_its_end_does_not(show) -> None:
    s = show("12:00")
    s.state.set("transport/blackout", True, "key")
    s.state.set("schedule/override", "open")
    s.at("12:01")
    assert not s.black
    s.state.set("transport/blackout", True, "key")
    assert s.at("12:02").black
    s.state.set("schedule/override-minutes", 90, "key")
    assert s.at("12:03").black  # for longer, and as dark as the operator had it
    s.at("13:33")
    assert s.black and s.override == "auto" and Change("schedule/override", "auto", "schedule") in s.changes


def test_an_override_and_its_length_come_in_any_order(show) -> None:
    s = show("12:00")
    s.state.set("transport/blackout", True, "key")
    s.state.set("schedule/override-minutes", 30, "key")
    assert s.desk.schedule is not None and s.desk.schedule.kept.override_ends is None  # nothing is overridden yet
    s.state.set("schedule/override", "open", "key")
    s.state.set("schedule/override-minutes", 45, "key")
    assert not s.at("12:01").black
    assert s.desk.schedule.kept == KeptSchedule(True, s.of("12:45"))


@pytest.mark.parametrize(
    ("clock", "override", "then"), [("09:30", "open", "10:30"), ("16:30", "closed", "17:30"), ("16:30", "open", "17:00")]
)
def test_what_nobody_sees_of_the_schedule_during_an_override_is_no_next_change(show, clock, override, then) -> None:
    s = show(clock)
    s.state.set("schedule/override", override)
    assert s.at(clock).seen().next_change == f"2026-11-26T{then}+01:00"


def test_an_override_that_is_taken_back_by_hand_lights_nothing(show) -> None:
    s = show("12:00")
    s.state.set("schedule/override", "open")
    s.at("12:01")
    s.state.set("transport/blackout", True, "key")
    s.state.set("schedule/override", "auto", "key")
    assert s.at("12:02").black


def test_a_clock_set_back_does_not_lengthen_an_override(show) -> None:
    s = show("12:00")
    s.state.set("schedule/override", "closed")
    s.at("12:01").at("2026-11-25 12:00")
    assert s.black
    s.at("2026-11-25 12:59")
    assert s.black
    s.at("2026-11-25 13:00")
    assert not s.black and s.override == "auto"


def test_an_override_stays_through_a_restart_and_ends_at_its_time(show) -> None:
    s = show("12:00")
    s.state.set("schedule/override", "closed")
    s.at("12:01").end()
    again = show("12:30")
    assert again.black and again.override == "closed" and again.seen().next_change == "2026-11-26T13:00+01:00"
    again.at("12:59:59")
    assert again.black
    again.end()
    assert not show("13:30").black  # over while nothing ran


@pytest.mark.parametrize("well", [True, False])
def test_an_override_whose_end_has_passed_is_gone_after_a_restart(show, well) -> None:
    s = show("12:00")
    s.state.set("schedule/override", "closed")
    s.at("12:01").end(well)
    again = show("14:00")
    assert not again.black and again.override == "auto" and again.desk.presets.current == "calm"
    again.end()
    late = show("23:00")
    assert late.black and late.override == "auto"


@pytest.mark.parametrize("well", [True, False])
@pytest.mark.parametrize("hand", [True, False])
def test_a_restart_at_night_is_dark_and_one_by_day_is_lit(show, well, hand) -> None:
    s = show("17:59").at("18:01")
    if hand:
        s.state.set("transport/blackout", False, "key")
    s.end(well)
    night = show("23:00")
    # An operator's light counts over a power cut; an orderly end is a new beginning.
    assert night.black is (well or not hand)
    night.end(well=False)
    assert not show("2026-11-27 11:00").black


def test_a_blackout_by_hand_in_open_hours_outlasts_a_power_cut(show) -> None:
    s = show("12:00")
    s.state.set("transport/blackout", True, "key")
    s.at("12:01").end(well=False)
    assert show("12:02").black


def test_a_row_goes_over_the_state_of_the_last_show(show) -> None:
    s = show("16:00")
    s.state.set("look/grain", 0.99)
    s.end()
    assert show("16:01").grain == 0.2


def test_a_preset_that_was_asked_for_by_name_stays_until_the_next_change(show) -> None:
    s = show("16:00", preset="dream")
    s.at("16:30")
    assert s.desk.presets.current == "dream" and s.recalls == []
    assert s.at("17:00").desk.presets.current == "noir"


def test_without_opening_hours_nothing_touches_the_blackout(show) -> None:
    s = show("16:00", opening=ALWAYS, controls={"transport/blackout": True})
    for clock in ("17:01", "20:01", "2026-11-27 03:00"):
        assert s.at(clock).black
    assert s.recalls == ["noir", "dream", "calm"]


def test_without_a_schedule_there_is_nothing_to_tell_but_an_override_works(show) -> None:
    s = show("16:00", opening=ALWAYS, rows=())
    assert s.desk.schedule_seen() is None and "schedule" not in dict(s.desk.figures())
    s.state.set("schedule/override", "closed")
    s.at("16:01")
    assert s.black and s.seen() == ScheduleSeen(False, "", "closed", "2026-11-26T17:00+01:00")
    assert not s.at("17:00").black
    s.state.set("schedule/override", "open")
    assert s.at("17:01").seen() == ScheduleSeen(True, "", "open", "2026-11-26T18:00+01:00")


def test_a_preset_never_moves_the_override(show) -> None:
    s = show("16:00")
    s.state.set("schedule/override-minutes", 120)
    s.state.set("schedule/override", "open")
    s.at("17:00")
    assert s.recalls == ["noir"] and s.override == "open"
    s.state.set("preset/save", "mine")
    s.at("17:01").end()
    assert "schedule" not in (s.presets / "mine.yaml").read_text()


def test_a_preset_that_is_gone_is_a_fault_and_not_the_end(show) -> None:
    s = show("04:00", rows=ROWS)
    (s.presets / "gone.yaml").unlink()
    s.desk.presets._library._next_look = float("-inf")
    while "gone" in s.desk.presets.catalogue.presets:
        s.now += 0.4
        s.desk.step(s.now)
    s.at("2026-12-01 05:30")  # a Tuesday
    assert len(s.faults) == 1 and s.faults[0].startswith("schedule: broken: 'gone': there is no such preset")
    s.faults.clear()


def test_a_broken_preset_of_any_row_ends_the_start(tmp_path) -> None:
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "late.yaml").write_text("controls: {look/grian: 1}\n")
    with pytest.raises(ConfigError, match=r"late\.yaml:1: look/grian: 1: no such control"):
        Show(tmp_path, "12:00", rows=(*ROWS[:3], Row("late", "late", read_hours("03:00-04:00"))))


def test_a_start_in_closed_hours_says_so_once() -> None:
    closed = ScheduleSeen(False, "", "auto", "2026-11-27T10:00+01:00")
    assert notice_of(closed).startswith("closed until Fri 2026-11-27 10:00, and the canvas is dark")
    assert notice_of(ScheduleSeen(True, "", "auto", "")) == notice_of(None) == ""
    for_good = ScheduleSeen(False, "", "auto", "")
    assert notice_of(for_good).startswith("closed, and the canvas is dark")
    assert figures_of(for_good) == [("schedule", "closed"), ("next change", "none")]


@pytest.mark.parametrize(
    "schedule",
    [
        *(3, {}, {"open": 1}, {"open": True, "override_ends": "x"}, {"open": True, "override_ends": True}),
        *({"open": True, "override_ends": ends} for ends in (-1, 1e11, 1e300)),
    ],
)
def test_a_state_whose_schedule_cannot_be_read_is_put_aside(tmp_path, schedule) -> None:
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"version": 1, "saved": 1, "preset": "", "controls": {}, "schedule": schedule}))
    s = Show(tmp_path, "12:00")
    assert "its schedule cannot be read; it was put aside" in s.desk.notice
    s.end()
