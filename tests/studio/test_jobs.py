"""One job after the other, and whatever goes wrong is told in a sentence."""

import threading

import pytest

from installation.control.web.studio_desk import StudioError
from installation.errors import SourceError
from installation.studio.jobs import BUSY, MISHAP, MOST_WAITING, SLOW, JobQueue


@pytest.fixture
def jobs():
    made = JobQueue(lambda: None)
    yield made
    made.close()


def test_jobs_come_one_after_the_other_in_one_thread(jobs):
    at_once, most, threads = [0], [0], set()
    lock = threading.Lock()

    def job(k):
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        threads.add(threading.get_ident())
        with lock:
            at_once[0] -= 1
        return k

    coming = [jobs.put(lambda k=k: job(k)) for k in range(20)]
    assert [one.result(10) for one in coming] == list(range(20))
    assert most == [1] and len(threads) == 1 and threading.get_ident() not in threads


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (StudioError(410, "gone"), 410, "gone"),
        (SourceError("a.jpg: is no picture"), 422, "a.jpg: is no picture."),
        (TimeoutError(), 503, SLOW),
        (MemoryError(), 422, "This picture is too large for the memory of this machine."),
        (KeyError("inside"), 500, MISHAP),
    ],
)
def test_a_fault_is_a_sentence_and_the_next_job_is_done(jobs, error, status, text):
    def fail():
        raise error

    with pytest.raises(StudioError) as told:
        jobs.put(fail).result(10)
    assert (told.value.status, str(told.value)) == (status, text)
    assert jobs.put(lambda: 7).result(10) == 7


def test_too_many_are_turned_away(jobs):
    go = threading.Event()
    begun = threading.Event()

    def wait():
        begun.set()
        go.wait(10)

    first = jobs.put(wait)
    begun.wait(10)
    waiting = [jobs.put(lambda: 1) for _ in range(MOST_WAITING)]
    with pytest.raises(StudioError, match=BUSY[:10]):
        jobs.put(lambda: 1)
    go.set()
    first.result(10)
    assert sum(one.result(10) for one in waiting) == MOST_WAITING


def test_at_the_end_the_job_in_hand_is_finished_and_the_others_are_told():
    jobs = JobQueue(lambda: None)
    go, begun = threading.Event(), threading.Event()

    def wait():
        begun.set()
        go.wait(10)
        return "done"

    first, second = jobs.put(wait), jobs.put(lambda: "never")
    begun.wait(10)
    closing = threading.Thread(target=jobs.close)
    closing.start()
    go.set()
    closing.join(10)
    assert first.result(1) == "done"
    with pytest.raises(StudioError):
        second.result(1)
    with pytest.raises(StudioError):
        jobs.put(lambda: 1)
