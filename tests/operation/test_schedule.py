"""The schedule by itself: what holds at a moment, and when that changes."""

import os
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from installation.config_times import Dates, Hours, read_dates, read_hours, read_weekdays
from installation.operation.schedule import Row, Schedule, Standing
from installation.time_zone import MachineZone, instant_of, zone_of

BERLIN = ZoneInfo("Europe/Berlin")
DAYTIME = {day: read_hours("10:00-18:00") for day in range(7)}


def at(text: str, zone=BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def row(name: str, hours="00:00-24:00", weekdays="daily", dates=None, also=()) -> Row:
    return Row(name, f"preset-{name}", read_hours(hours), read_weekdays(weekdays), read_dates(dates) if dates else (), also)


def shown(schedule: Schedule, text: str, fold: int = 0) -> tuple[bool, str]:
    return schedule.at(at(text, fold=fold)).shown


def table(schedule: Schedule, text: str, days: int) -> list[tuple[str, bool, str]]:
    changes = schedule.changes(at(text), days)
    return [(f"{one.moment.astimezone(schedule.zone):%m-%d %H:%M}", *one.standing.shown) for one in changes]


def test_without_anything_it_is_open_and_never_changes() -> None:
    schedule = Schedule(BERLIN)
    assert schedule.at(at("2026-11-26 03:00")) == Standing(True, None)
    assert schedule.next_change(at("2026-11-26 03:00")) is None
    assert len(list(schedule.changes(at("2026-11-26 03:00"), 30))) == 1


def test_it_opens_and_closes_to_the_minute() -> None:
    schedule = Schedule(BERLIN, DAYTIME)
    assert [shown(schedule, f"2026-11-26 {t}")[0] for t in ("09:59:59", "10:00", "17:59:59", "18:00")] == [False, True, True, False]
    assert schedule.next_change(at("2026-11-26 09:00")) == at("2026-11-26 10:00")
    assert schedule.next_change(at("2026-11-26 10:00")) == at("2026-11-26 18:00")
    assert schedule.next_change(at("2026-11-26 18:00")) == at("2026-11-27 10:00")


def test_several_hours_a_day_and_days_that_are_closed() -> None:
    opening = {5: read_hours(["10:00-13:00", "14:00-22:00"]), 6: read_hours("22:00-02:00")}
    schedule = Schedule(BERLIN, opening, closed=(lambda day: day == date(2026, 12, 5),))
    assert table(schedule, "2026-11-27 12:00", 14) == [
        ("11-27 12:00", False, ""),
        ("11-28 10:00", True, ""),
        ("11-28 13:00", False, ""),
        ("11-28 14:00", True, ""),
        ("11-28 22:00", False, ""),
        ("11-29 22:00", True, ""),
        ("11-30 02:00", False, ""),
        ("12-06 22:00", True, ""),  # the Saturday before is closed
        ("12-07 02:00", False, ""),
    ]


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    schedule = Schedule(BERLIN, rows=(row("night", "22:00-02:00", "sat", "12-26 to 12-26"),))  # 2026-12-26 is a Saturday
    got = [shown(schedule, f"2026-12-{t}")[1] for t in ("26 01:00", "26 21:59", "26 22:00", "27 00:00", "27 01:59", "27 02:00", "27 22:00")]
    assert got == ["", "", "night", "night", "night", "", ""]


def test_a_whole_day_follows_the_next_without_a_change_between() -> None:
    schedule = Schedule(BERLIN, rows=(row("base"),))
    assert schedule.next_change(at("2026-11-26 12:00")) is None
    closing = Schedule(BERLIN, {0: read_hours("00:00-24:00"), 1: read_hours("00:00-12:00")})
    assert closing.next_change(at("2026-11-30 08:00")) == at("2026-12-01 12:00")


def test_later_rows_win_and_earlier_ones_come_back() -> None:
    schedule = Schedule(BERLIN, DAYTIME, rows=(row("day"), row("tea", "15:00-16:00"), row("advent", "14:00-15:30", "thu")))
    assert table(schedule, "2026-11-26 09:00", 1) == [
        ("11-26 09:00", False, ""),
        ("11-26 10:00", True, "day"),
        ("11-26 14:00", True, "advent"),
        ("11-26 15:30", True, "tea"),
        ("11-26 16:00", True, "day"),
        ("11-26 18:00", False, ""),
    ]
    night = schedule.at(at("2026-11-26 20:00"))
    assert night.row is not None and night.row.name == "day" and night.shown == (False, "")  # it holds, and nobody sees it


def test_dates_without_a_year_go_over_the_turn_of_the_year() -> None:
    schedule = Schedule(BERLIN, rows=(row("winter", dates="12-01 to 01-06"),))
    assert [shown(schedule, day)[1] for day in ("2026-11-30", "2026-12-01", "2027-01-01", "2027-01-06 23:59", "2027-01-07")] == [
        "", "winter", "winter", "winter", "",
    ]  # fmt: skip
    assert schedule.next_change(at("2026-12-24 12:00")) == at("2027-01-07 00:00")
    assert schedule.next_change(at("2027-01-07 12:00")) == at("2027-12-01 00:00")


def test_dates_with_a_year_come_once() -> None:
    schedule = Schedule(BERLIN, rows=(row("guests", dates=["2026-12-30 to 2027-01-02", "2027-03-01"]),))
    assert [shown(schedule, day)[1] for day in ("2026-12-29", "2026-12-30", "2027-01-02", "2027-01-03", "2027-03-01", "2027-12-30")] == [
        "", "guests", "guests", "", "guests", "",
    ]  # fmt: skip
    assert schedule.next_change(at("2027-03-02 00:00")) is None


def test_a_leap_day_comes_in_leap_years() -> None:
    assert [Dates((2, 29), (2, 29)).holds(date(year, 2, 28) + timedelta(1)) for year in (2027, 2028)] == [False, True]


def test_holidays_come_from_whatever_calendar_is_given() -> None:
    days = {date(2026, 12, 25): "Christmas Day", date(2026, 12, 26): "Boxing Day"}
    schedule = Schedule(BERLIN, rows=(row("feast", "10:00-18:00", also=(lambda day: days.get(day) is not None,)),))
    assert table(schedule, "2026-12-24 12:00", 4)[1:] == [
        ("12-25 10:00", True, "feast"), ("12-25 18:00", True, ""), ("12-26 10:00", True, "feast"), ("12-26 18:00", True, ""),
    ]  # fmt: skip


# In Berlin the clocks jump from 2:00 to 3:00 on 2027-03-28, and back from 3:00 to 2:00 on 2027-10-31.


@pytest.mark.parametrize(
    ("hours", "begins", "ends"),
    [
        ("02:30-04:00", "01:00", "02:00"),  # half past two never comes: it begins at the jump
        ("00:30-02:30", "-00:30", "01:00"),  # it ends at the jump
        ("02:00-03:00", None, None),  # the hour that there is not
        ("02:15-02:45", None, None),
        ("01:59-03:01", "00:59", "01:01"),
    ],
)
def test_the_hour_that_does_not_exist(hours: str, begins: str | None, ends: str | None) -> None:
    schedule = Schedule(BERLIN, rows=(row("x", hours, dates="2027-03-28"),))
    spans = [(one.moment, one.until) for one in schedule.changes(at("2027-03-27 12:00"), 2) if one.standing.row]
    if begins is None or ends is None:
        assert spans == []
        return
    midnight = datetime(2027, 3, 28, tzinfo=UTC)

    def utc(text: str) -> datetime:
        sign = -1 if text.startswith("-") else 1
        hour, minute = text.lstrip("-").split(":")
        return midnight + sign * timedelta(hours=int(hour), minutes=int(minute))

    assert spans == [(utc(begins), utc(ends))]


@pytest.mark.parametrize(
    ("hours", "begins", "minutes"),
    [
        ("02:15-02:45", "00:15", 30),  # once, the first time
        ("02:30-04:00", "00:30", 150),  # of the twice counted hour all that follows
        ("01:00-02:30", "-01:00", 90),
        ("02:00-03:00", "00:00", 120),
    ],
)
def test_the_hour_that_comes_twice(hours: str, begins: str, minutes: int) -> None:
    schedule = Schedule(BERLIN, rows=(row("x", hours, dates="2027-10-31"),))
    spans = [(one.moment, one.until) for one in schedule.changes(at("2027-10-30 12:00"), 2) if one.standing.row]
    hour, minute = begins.lstrip("-").split(":")
    start = datetime(2027, 10, 31, tzinfo=UTC) + (-1 if begins.startswith("-") else 1) * timedelta(hours=int(hour), minutes=int(minute))
    assert spans == [(start, start + timedelta(minutes=minutes))]


def test_what_closes_within_the_hour_that_comes_twice_does_not_open_again() -> None:
    schedule = Schedule(BERLIN, {5: read_hours("22:00-02:30")})
    assert table(schedule, "2027-10-30 20:00", 1) == [("10-30 20:00", False, ""), ("10-30 22:00", True, ""), ("10-31 02:30", False, "")]
    assert [shown(schedule, f"2027-10-31 {t}", fold)[0] for t, fold in (("02:29", 0), ("02:30", 0), ("02:10", 1), ("03:00", 0))] == [
        True, False, False, False,
    ]  # fmt: skip


def test_days_of_23_and_25_hours_are_whole() -> None:
    schedule = Schedule(BERLIN, {6: read_hours("00:00-24:00")})
    for day, hours in ((date(2027, 3, 28), 23), (date(2027, 10, 31), 25), (date(2027, 6, 6), 24)):
        spans = [one for one in schedule.changes(at(f"{day - timedelta(1)} 12:00"), 3) if one.standing.open]
        assert [one.until - one.moment for one in spans if one.until] == [timedelta(hours=hours)]


def test_a_later_time_on_the_wall_is_never_an_earlier_moment() -> None:
    for zone in (BERLIN, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Apia")):
        for start in (
            datetime(2027, 3, 13),
            datetime(2027, 3, 27),
            datetime(2027, 4, 3),
            datetime(2027, 10, 2),
            datetime(2027, 10, 30),
            datetime(2011, 12, 29),
        ):
            moments = [instant_of(start + timedelta(minutes=5 * n), zone) for n in range(3 * 288)]
            assert moments == sorted(moments), zone


def test_a_day_that_was_left_out() -> None:
    """Samoa went over the date line: there was no 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    schedule = Schedule(apia, rows=(row("lost", "10:00-18:00", dates="2011-12-30"),))
    assert len(list(schedule.changes(at("2011-12-28 12:00", apia), 4))) == 1
    assert instant_of(datetime(2011, 12, 30, 12), apia) == instant_of(datetime(2011, 12, 31), apia)


def test_a_clock_that_is_set_back_or_forward_gives_the_answer_of_the_new_time() -> None:
    schedule = Schedule(BERLIN, DAYTIME, rows=(row("day"), row("evening", "17:00-18:00")))
    for text in ("2026-11-26 17:30", "2026-11-25 11:00", "2030-01-01 17:15", "1970-01-01 03:00", "2026-11-26 17:30"):
        fresh = Schedule(BERLIN, DAYTIME, rows=(row("day"), row("evening", "17:00-18:00")))
        assert schedule.at(at(text)).shown == fresh.at(at(text)).shown
        assert schedule.next_change(at(text)) == fresh.next_change(at(text))


def test_the_zone_of_the_question_does_not_matter() -> None:
    schedule = Schedule(BERLIN, DAYTIME)
    for zone in (UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")):
        assert schedule.at(at("2026-11-26 10:00").astimezone(zone)).open
        assert not schedule.at((at("2026-11-26 10:00") - timedelta(seconds=1)).astimezone(zone)).open
    with pytest.raises(ValueError, match="without a time zone"):
        schedule.at(datetime(2026, 11, 26, 12))


def test_the_next_change_is_that_of_the_answers() -> None:
    """Minute by minute over a fortnight in which clocks change: nothing changes before the next change, and then something does."""
    opening = {day: read_hours(["08:00-12:00", "13:00-02:30"]) for day in (0, 2, 4, 5, 6)}
    rows = (row("base", dates="10-20 to 11-02"), row("late", "21:00-02:45", "fri-sun"), row("odd", "02:10-02:50"))
    schedule = Schedule(BERLIN, opening, (lambda day: day == date(2027, 11, 1),), rows)
    moment, end = at("2027-10-23 00:00").astimezone(UTC), at("2027-11-06 00:00").astimezone(UTC)
    expected = schedule.next_change(moment)
    while moment < end:
        later = moment + timedelta(minutes=1)
        if schedule.at(later).shown != schedule.at(moment).shown:
            assert expected == later
            expected = schedule.next_change(later)
        moment = later


def test_overlapping_rows_are_told_in_pairs() -> None:
    rows = (
        row("day", "10:00-18:00"), row("evening", "18:00-22:00"), row("market", "17:00-21:00", dates="12-01 to 12-24"),
        row("night", "22:00-02:00", "fri"), row("dawn", "01:00-05:00", "sat"), row("monday", "01:00-05:00", "mon"),
    )  # fmt: skip
    assert Schedule(BERLIN, rows=rows).overlaps(date(2026, 11, 26)) == (("market", "day"), ("market", "evening"), ("dawn", "night"))
    gone = (rows[0], row("old", "10:00-12:00", dates="2020-01-01 to 2020-12-31"))
    assert Schedule(BERLIN, rows=gone).overlaps(date(2026, 11, 26)) == ()


def test_rows_that_nobody_will_see_are_named() -> None:
    rows = (
        row("covered", "12:00-13:00"), row("day"), row("night", "20:00-22:00"), row("old", dates="2020-01-01 to 2020-12-31"),
        row("christmas", dates="12-24 to 12-26"),
    )  # fmt: skip
    assert Schedule(BERLIN, DAYTIME, rows=rows).unseen(at("2026-11-26 12:00")) == ("covered", "night", "old")


@pytest.fixture
def machine_in_berlin():
    before = os.environ.get("TZ")
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"  # by its rules: such a zone has no name
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("machine_in_berlin")
def test_the_machines_own_zone_changes_its_clocks_too() -> None:
    mine = zone_of("")
    assert isinstance(mine, MachineZone)
    for start in (datetime(2027, 3, 27, 12), datetime(2027, 10, 30, 12)):
        for n in range(24 * 12):
            wall = start + timedelta(minutes=5 * n)
            assert instant_of(wall, mine) == instant_of(wall, BERLIN), wall
            utc = wall.replace(tzinfo=UTC)
            there, here = utc.astimezone(BERLIN), utc.astimezone(mine)
            assert (here.replace(tzinfo=None), here.fold, here.utcoffset()) == (there.replace(tzinfo=None), there.fold, there.utcoffset())
    assert Schedule(mine, {5: read_hours("22:00-02:30")}).next_change(at("2027-10-30 23:00")) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert mine.tzname(datetime(2027, 7, 1)) == "CEST"


def test_a_zone_that_there_is_not_is_told_in_a_sentence() -> None:
    for name, words in (
        ("Europe/Berln", "did you mean 'Europe/Berlin'"),
        ("../../etc/passwd", "no such"),
        ("Europe", "no such"),
        ("\0", "no such"),
    ):
        with pytest.raises(ValueError, match=words) as caught:
            zone_of(name)
        assert "\n" not in str(caught.value)


def test_hours_are_read_as_people_write_them() -> None:
    assert read_hours("9:30 – 17:00") == read_hours("9:30 to 17:00") == read_hours(["09:30-17:00"]) == (Hours(570, 1020),)
    assert read_hours("22:00-00:00") == read_hours("22:00-24:00") == (Hours(1320, 1440),)
    assert read_hours("22:00-02:00") == (Hours(1320, 1560),)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", {0}), ("Sunday", {6}), ("tue-thu", {1, 2, 3}), ("sat-mon", {5, 6, 0}), ("mon, wed-thu", {0, 2, 3}),
        ("daily", set(range(7))), (["fri", "sat - sun"], {4, 5, 6}),
    ],
)  # fmt: skip
def test_weekdays_are_read_as_people_write_them(text: object, days: set[int]) -> None:
    assert read_weekdays(text) == days
