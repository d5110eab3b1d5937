"""The log of faults: since when, how often, whether it is over, and what makes room when it is full."""

from datetime import datetime

from installation.operation.faults import PASSING_SECONDS, FaultLog


class Now:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_condition_lasts_until_it_is_over() -> None:
    now = Now()
    log = FaultLog(now)
    for now.seconds in (5.0, 7.0, 400.0):
        log.note("0: gone", "capture")
    (record,) = log.records()
    assert record.open
    assert (record.first_seconds, record.last_seconds, record.count) == (5.0, 400.0, 3)
    assert record.lasts(405.0) == 400.0
    assert datetime.fromisoformat(record.first).tzinfo is not None
    now.seconds = 410.0
    log.over("sound")
    assert log.records()[0].open
    log.over("capture")
    (record,) = log.records()
    assert not record.open
    assert record.ended_seconds == 410.0
    assert record.ended is not None
    assert record.lasts(9999.0) == 405.0


def test_it_may_come_back() -> None:
    now = Now()
    log = FaultLog(now)
    log.note("0: gone", "capture")
    now.seconds = 10.0
    log.over("capture")
    now.seconds = 100.0
    log.note("0: gone", "capture")
    (record,) = log.records()
    assert record.open
    assert (record.first_seconds, record.count, record.lasts(103.0)) == (0.0, 2, 3.0)


def test_one_that_nobody_calls_over_passes_by_itself() -> None:
    now = Now()
    log = FaultLog(now)
    log.note("the snapshot could not be written")
    log.note("0: gone", "capture")
    now.seconds = PASSING_SECONDS - 1
    assert all(record.open for record in log.records())
    now.seconds = PASSING_SECONDS + 1
    snapshot, camera = log.records()
    assert not snapshot.open
    assert snapshot.ended == snapshot.last
    assert camera.open


def test_a_new_one_is_never_refused() -> None:
    now = Now()
    log = FaultLog(now, most=10)
    log.note("0: gone", "capture")
    for k in range(50):
        now.seconds = k * 2 * PASSING_SECONDS
        log.note(f"fault {k}")
    texts = [record.text for record in log.records()]
    assert texts == ["0: gone", *(f"fault {k}" for k in range(41, 50))]  # what lasts stays
    assert log.total == 51


def test_even_where_all_of_them_last() -> None:
    log = FaultLog(Now(), most=3)
    for k in range(5):
        log.note(f"port {k} is gone", f"port {k}")
    assert [record.text for record in log.records()] == ["port 2 is gone", "port 3 is gone", "port 4 is gone"]
    log.over("port 0")
    log.over("port 4")
    assert [record.open for record in log.records()] == [True, True, False]
