"""The schedule of a configuration: what is wrong with it is told with file, line, key, value and reason."""

import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from installation.assembly.schedule import overlap_notice, schedule_of
from installation.config import load_config
from installation.control.presets.player import preset_names
from installation.errors import ConfigError
from installation.operation.holiday_calendar import MISSING, find_calendar
from installation.operation.schedule import Schedule

PRESETS = ("calm", "noir")
BERLIN = ZoneInfo("Europe/Berlin")
BAVARIA = {date(2026, 12, 25): "Erster Weihnachtstag", date(2027, 1, 6): "Heilige Drei Könige"}


def calendar(country: str, subdivision: str) -> dict[date, str]:
    """A small calendar in the place of the package's."""
    if (country, subdivision) == ("DE", "BY"):
        return BAVARIA
    raise ConfigError(f"no holidays of {country} {subdivision}")


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def read(path: Path) -> Schedule:
    return schedule_of(load_config(path), PRESETS, calendar)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_the_shipped_schedule_is_empty() -> None:
    assert schedule_of(load_config(), ()).empty


def test_a_whole_schedule_is_read(write) -> None:
    schedule = read(
        write("""
schedule:
  zone: Europe/Berlin
  hours:
    tue-sun: 10:00-18:00
    thu: [10:00-13:00, 14:00 - 02:00]
    sat: closed
  closed: [12-24 to 12-26, 2027-03-01]
  closed_holidays: {country: DE, subdivision: BY}
  rows:
  - {name: day, preset: calm}
  - name: late
    preset: noir
    hours: [17:00-18:00, 22:00-02:00]
    weekdays: [wed, thu]
    dates: 12-01 to 01-31
  - {name: kings, preset: noir, holiday: {country: DE, subdivision: BY, name: könige}}
  - {name: advent, preset: noir, season: advent, weekdays: tue}
""")
    )
    shown = {
        "2026-11-26 12:59": (True, "day"),
        "2026-11-26 13:30": (False, ""),
        "2026-11-27 01:59": (True, "day"),
        "2026-11-28 12:00": (False, ""),  # a Saturday
        "2026-11-30 12:00": (False, ""),  # a Monday
        "2026-12-01 12:00": (True, "advent"),
        "2026-12-02 17:30": (True, "late"),
        "2026-12-04 01:30": (True, "late"),
        "2026-12-24 12:00": (False, ""),
        "2026-12-27 12:00": (True, "day"),
        "2027-01-06 12:00": (False, ""),  # a holiday
        "2027-03-01 12:00": (False, ""),
        "2027-03-02 12:00": (True, "day"),
    }
    assert {text: schedule.at(at(text)).shown for text in shown} == shown
    kings = schedule.at(at("2027-01-06 12:00")).row
    assert kings is not None and kings.name == "kings"
    christmas = schedule.at(at("2026-12-25 12:00")).row
    assert christmas is not None and christmas.name == "day"  # another holiday than that by name


def test_later_words_of_the_opening_hours_count(write) -> None:
    schedule = read(write("schedule:\n  zone: Europe/Berlin\n  hours: {daily: 10:00-18:00, 'mon, wed': closed, sat-sun: 12:00-14:00}\n"))
    week = [f"2026-11-{day} 17:00" for day in range(23, 30)]
    assert [schedule.at(at(text)).open for text in week] == [False, True, False, True, True, False, False]


HEAD = "schedule:\n"
ROW = "schedule:\n  rows:\n  - name: a\n    preset: calm\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (HEAD + "  zone: Europe/Berln\n", 2, "schedule.zone: 'Europe/Berln': there is no such time zone; did you mean 'Europe/Berlin'?"),
        (HEAD + "  zone: Nowhere/Atall\n", 2, "schedule.zone: 'Nowhere/Atall': there is no such time zone; "),
        (HEAD + "  fade_seconds: 0\n", 2, "schedule.fade_seconds: 0: must be greater than or equal to 0.3"),
        (HEAD + "  zoen: UTC\n", 2, "schedule.zoen: 'UTC': no such key; did you mean 'zone'?"),
        (HEAD + "  hours: daily\n", 2, "schedule.hours: 'daily': must be a section"),
        (HEAD + "  hours:\n    mon: 10:00\n", 3, "schedule.hours.mon: 600: must be a time to a time, as in 10:00-18:00"),
        (HEAD + "  hours:\n    mon: 10:00-10:00\n", 3, "schedule.hours.mon: '10:00-10:00': is empty; a whole day is 00:00-24:00"),
        (HEAD + "  hours:\n    tue: closed\n    mon: 10:00-25:00\n", 4, "schedule.hours.mon: '10:00-25:00': there is no such time"),
        (HEAD + "  hours:\n    mon: 10:60-12:00\n", 3, "schedule.hours.mon: '10:60-12:00': there is no such time"),
        (HEAD + "  hours:\n    mon: 24:00-12:00\n", 3, "schedule.hours.mon: '24:00-12:00': there is no such time"),
        (HEAD + "  hours:\n    mon: true\n", 3, "schedule.hours.mon: true: must be a time to a time"),
        (HEAD + "  hours:\n    moon: 10:00-12:00\n", 3, "schedule.hours.moon: '10:00-12:00': 'moon' is no weekday; there is mon, tue"),
        (HEAD + "  hours:\n    mon-: 10:00-12:00\n", 3, "schedule.hours.mon-: '10:00-12:00': '' is no weekday"),
        (HEAD + "  hours:\n    mon: closed\n    tue: []\n", 2, "has no day that is not closed, and the show would never open"),
        (HEAD + "  hours:\n    mon: 10:00-12:00\n    daily: 8:00-9:00\n", 3, "schedule.hours.mon: '10:00-12:00': counts on no day"),
        (HEAD + "  closed: [12-32]\n", 2, "schedule.closed: ['12-32']: 12-32 is no day of the calendar"),
        (HEAD + "  closed: 12\n", 2, "schedule.closed: 12: must be a date or two, as in 12-24"),
        (HEAD + "  closed_holidays: {country: XX}\n", 2, "no holidays of XX"),
        (
            HEAD + "  closed_holidays: {country: DE, land: BY}\n",
            2,
            "schedule.closed_holidays.land: 'BY': no such key; there is country, subdivision, name",
        ),
        (HEAD + "  rows: {name: a}\n", 2, "schedule.rows: {'name': 'a'}: must be a list"),
        (HEAD + "  rows:\n  - preset: calm\n", 3, "schedule.rows.0.name: is missing; write it"),
        (ROW + "    hour: 10:00-12:00\n", 5, "schedule.rows.0.hour: '10:00-12:00': no such key; did you mean 'hours'?"),
        (ROW + "    hours: 12:00-12:00\n", 5, "schedule.rows.0.hours: '12:00-12:00': is empty"),
        (ROW + "    hours: []\n", 5, "schedule.rows.0.hours: []: holds no hours"),
        (ROW + "    weekdays: []\n", 5, "schedule.rows.0.weekdays: []: names no weekday"),
        (ROW + "    weekdays: 3\n", 5, "schedule.rows.0.weekdays: 3: must be weekdays"),
        (ROW + "    dates: 2027-02-02 to 2027-02-01\n", 5, "schedule.rows.0.dates: '2027-02-02 to 2027-02-01': ends before it begins"),
        (ROW + "    dates: 2026-12-01 to 01-06\n", 5, "has a year on one side; give it on both, or on neither"),
        (ROW + "    dates: 2027-02-29\n", 5, "schedule.rows.0.dates: '2027-02-29': not a value that can be read"),
        (
            ROW + "    dates: 2027-02-29 to 2027-03-01\n",
            5,
            "schedule.rows.0.dates: '2027-02-29 to 2027-03-01': 2027-02-29 is no day of the calendar",
        ),
        (ROW + "    dates: 1-2 to 1-3 to 1-4\n", 5, "schedule.rows.0.dates: '1-2 to 1-3 to 1-4': must be a date or two"),
        (ROW + "    season: winter\n", 5, "schedule.rows.0.season: 'winter': must be 'advent', 'christmas', 'carnival' or 'easter'"),
        (
            ROW + "    holiday: {country: DE, subdivision: XX}\n",
            5,
            "schedule.rows.0.holiday: {'country': 'DE', 'subdivision': 'XX'}: no holidays",
        ),
        (
            ROW + "    weekdays: sat\n    dates: 2026-12-01 to 2026-12-02\n",
            5,
            "schedule.rows.0.weekdays: 'sat': never comes within its dates",
        ),
        (ROW.replace("calm", "clam"), 4, "schedule.rows.0.preset: 'clam': there is no such preset; there is calm, noir"),
        (ROW + "  - name: a\n    preset: noir\n", 5, "schedule.rows.1.name: 'a': row 1 has this name; give each its own"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(write, text: str, line: int, words: str) -> None:
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        read(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:{line}: schedule.") and words in said, said
    assert len(said.splitlines()) == 1 and len(said) < 400


def test_several_faults_are_told_together(write) -> None:
    path = write(ROW.replace("calm", "x") + "    holiday: {country: FR}\n  - {name: a, preset: y}\n")
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "schedule.rows.0.preset", "schedule.rows.1.name", "schedule.rows.1.preset", "schedule.rows.0.holiday",
    ]  # fmt: skip


def test_holidays_without_their_package_are_one_sentence(write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)  # as where it is not installed
    path = write(ROW + "    holiday: {country: DE}\n")
    with pytest.raises(ConfigError) as caught:
        schedule_of(load_config(path), PRESETS)
    assert str(caught.value) == f"{path}:5: schedule.rows.0.holiday: {{'country': 'DE'}}: {MISSING}"
    assert "pip install holidays" in MISSING


def test_the_package_is_asked_as_it_wants_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def country_holidays(country, subdiv=None):
        asked.append((country, subdiv))
        if country == "XX":
            raise NotImplementedError("Country XX not available")
        return BAVARIA

    package = ModuleType("holidays")
    package.country_holidays = country_holidays  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "holidays", package)
    assert find_calendar("DE", "BY").get(date(2026, 12, 25)) == "Erster Weihnachtstag"
    assert find_calendar("DE", "").get(date(2026, 12, 24)) is None
    with pytest.raises(ConfigError, match="knows no public holidays of XX"):
        find_calendar("XX", "")
    assert asked == [("DE", "BY"), ("DE", None), ("XX", None)]


def test_overlaps_are_one_notice(write) -> None:
    text = "schedule:\n  rows:\n" + "".join(f"  - {{name: r{n}, preset: calm}}\n" for n in range(5))
    notice = overlap_notice(read(write(text)), date(2026, 11, 26))
    assert notice.startswith("schedule: where rows overlap the later one wins: 'r1' over 'r0', 'r2' over 'r0', ") and "\n" not in notice
    assert notice.endswith(" and 4 more")
    assert overlap_notice(Schedule(UTC), date(2026, 11, 26)) == ""


def test_settings_of_the_command_line_go_over_the_file(write) -> None:
    path = write(ROW)
    config = load_config(path, ["schedule.zone=Asia/Tokyo", "schedule.hours={mon: '10:00-12:00'}", "schedule.rows=[]"])
    assert config.schedule.zone == "Asia/Tokyo" and config.schedule.rows == () and set(config.schedule.hours) == {"mon"}


OPERATOR = (Path(__file__).resolve().parents[1] / "docs" / "operator.md").read_text(encoding="utf-8")
EXAMPLES = [text for text in re.findall(r"```yaml\n(.*?)```", OPERATOR, re.DOTALL) if text.startswith("schedule:")]


@pytest.mark.parametrize("text", EXAMPLES, ids=["museum", "market"])
def test_the_examples_of_the_guide_are_schedules(write, text: str) -> None:
    presets = preset_names(Path(__file__).resolve().parents[1] / "presets")
    schedule = schedule_of(load_config(write(text)), presets, calendar)
    assert schedule.opening is not None and len(schedule.rows) == 4
    assert schedule.unseen(at("2026-11-26 12:00")) == ()
    assert not schedule.at(at("2026-12-25 05:00")).open
