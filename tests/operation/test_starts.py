"""A crash loop is told from a bad night, whatever the clock says."""

import json
import threading

import pytest

from installation.operation.starts import BARE, CAREFUL, FILE, FINE_SECONDS, WINDOW, Care, FineWatch, StartRecord


class Clock:
    now = 1_764_000_000.0

    def __call__(self):
        return self.now


def die(folder, clock, times=1, after=5.0):
    for _ in range(times):
        StartRecord(folder, clock).begin()
        clock.now += after


@pytest.mark.parametrize("how", ["crash", "fault", "kill"])
def test_three_early_deaths_make_the_next_start_careful_and_six_crashes_bare(tmp_path, how):
    clock = Clock()
    cares = []
    for number in range(8):
        record = StartRecord(tmp_path, clock, crashed=how == "crash" and number > 0)
        cares.append(record.begin())
        if how == "fault":
            record.failed()
        clock.now += 5
    last = Care.CAREFUL if how == "kill" else Care.BARE  # a hand that kills is no reason to leave the state alone
    assert cares == [Care.GOOD] * CAREFUL + [Care.CAREFUL] * (BARE - CAREFUL) + [last] * 2


def test_an_orderly_end_and_a_show_that_ran_well_end_the_loop(tmp_path):
    clock = Clock()
    die(tmp_path, clock, 5)
    record = StartRecord(tmp_path, clock)
    assert record.begin() is Care.CAREFUL and record.died
    record.ended()
    assert StartRecord(tmp_path, clock).early == 0 and not StartRecord(tmp_path, clock).died
    die(tmp_path, clock, 5)
    record = StartRecord(tmp_path, clock)
    record.begin()
    record.fine()  # and then it is killed
    again = StartRecord(tmp_path, clock)
    assert again.early == 0 and again.died and again.begin() is Care.GOOD


def test_deaths_of_another_day_are_forgiven_and_a_clock_set_back_forgives_nothing(tmp_path):
    clock = Clock()
    die(tmp_path, clock, 5)
    clock.now += WINDOW
    assert StartRecord(tmp_path, clock).early == 0
    die(tmp_path, clock, 5)
    clock.now -= 86_400
    assert StartRecord(tmp_path, clock).begin() is Care.CAREFUL
    record = StartRecord(tmp_path, clock)
    assert record.begin() is not Care.GOOD
    record.ended()
    assert StartRecord(tmp_path, clock).begin() is Care.GOOD


BROKEN = (
    "", "{", "[]", "null", '{"early": "many"}', '{"early": -5, "began": 0, "living": true}', '{"own": 9}',
    '{"began": NaN, "living": true}', "[" * 9000,
    f'{{"began": {10**400}, "living": true}}',
)  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_a_record_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    assert StartRecord(tmp_path).begin() is Care.GOOD
    assert json.loads((tmp_path / FILE).read_text())["living"] is True


def test_a_place_that_cannot_be_written_counts_nothing_and_stops_nothing(tmp_path):
    (tmp_path / "file").touch()
    record = StartRecord(tmp_path / "file" / "folder")
    assert record.begin() is Care.GOOD
    record.fine()
    record.ended()


def test_a_show_is_fine_once_after_half_a_minute_of_pictures():
    told, calls = threading.Event(), []
    watch = FineWatch(lambda: (calls.append(threading.current_thread().name), told.set()))
    for tenth in range(10 * int(FINE_SECONDS)):
        watch(1000.0 + tenth / 10)
    assert not told.is_set()
    for _ in range(3):
        watch(1000.0 + FINE_SECONDS)
    assert told.wait(10) and calls == ["fine"]
