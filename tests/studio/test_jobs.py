"""One job after the other, and whatever goes wrong is told in a sentence."""

import os
import sys
import threading
import time

import pytest

from installation.control.web.studio_desk import StudioError
from installation.errors import SourceError
from installation.operation.priority import Priorities
from installation.studio.jobs import BUSY, ENDED, MISHAP, MOST_IN_A_ROW, MOST_WAITING, SLOW, JobQueue
from installation.studio.right_of_way import SHARE


@pytest.fixture
def jobs():
    made = JobQueue(lambda: None)
    yield made
    made.close()


def test_jobs_come_one_after_the_other_short_ones_in_a_thread_of_their_own(jobs):
    at_once, most, threads = [0], [0], {False: set(), True: set()}
    lock = threading.Lock()

    def job(k, short):
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        threads[short].add(threading.get_ident())
        time.sleep(0.002)
        with lock:
            at_once[0] -= 1
        return k

    coming = [jobs.put(lambda k=k: job(k, k % 2 == 0), k % 2 == 0) for k in range(20)]
    assert [one.result(10) for one in coming] == list(range(20))
    assert most == [1] and [len(one) for one in threads.values()] == [1, 1]
    assert not threads[False] & threads[True] and threading.get_ident() not in threads[False] | threads[True]


@pytest.mark.skipif(sys.platform != "linux", reason="only there have single threads a priority")
def test_beside_a_show_long_jobs_are_behind_it_and_short_ones_before(jobs):
    nice = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    shows = Priorities(display=nice + 1, build=nice + 2, networks=nice + 3)
    for short in (False, True):  # threads that are there already learn of it, too
        jobs.put(lambda: None, short).result(10)
    jobs.beside(shows)

    def mine():
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert jobs.put(mine, short=True).result(10) == shows.display
    assert jobs.put(mine).result(10) == shows.aside


def test_a_short_job_does_not_wait_for_the_long_ones_that_came_before(jobs):
    go, begun, order = threading.Event(), threading.Event(), []

    def first():
        begun.set()
        go.wait(10)

    coming = [jobs.put(first)]
    begun.wait(10)
    coming += [jobs.put(lambda: (time.sleep(0.05), order.append("long"))) for _ in range(3)]
    coming.append(jobs.put(lambda: order.append("short"), short=True))
    time.sleep(0.05)  # until it waits for its turn
    go.set()
    for one in coming:
        one.result(10)
    assert order == ["short", "long", "long", "long"]


def test_hands_that_never_rest_do_not_keep_a_long_job_waiting(jobs):
    """Each short job brings the next one, as two pages do whose pictures come at once."""
    done = []

    def short():
        done.append("short")
        if "long" not in done and len(done) < 400:
            jobs.put(short, short=True)
        time.sleep(0.001)

    for _ in range(3):
        jobs.put(short, short=True)
    jobs.put(lambda: done.append("long")).result(20)
    assert done.index("long") <= 3 * MOST_IN_A_ROW


def test_beside_a_show_a_hand_that_never_rests_has_a_small_share_of_the_machine(jobs, monkeypatch):
    monkeypatch.setattr("installation.studio.right_of_way.BURST", 0.05)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    jobs.beside(Priorities(0, 0, 0))

    def work():
        end = time.thread_time() + 0.02
        while time.thread_time() < end:
            pass

    jobs.put(lambda: None, short=True).result(10)
    began = time.monotonic()
    for _ in range(8):
        jobs.put(work, short=True).result(60)
    share = 0.16 / (time.monotonic() - began)
    assert share < 3 * 2 * SHARE  # with what was saved up
    assert jobs.put(lambda: 7).result(10) == 7  # a long one waits for none of it


def test_at_the_end_a_hand_that_waits_is_told():
    jobs = JobQueue(lambda: None)
    jobs.beside(Priorities(0, 0, 0))
    jobs._way.spend(1e6)
    waiting = jobs.put(lambda: 1, short=True)
    jobs.close(10)
    with pytest.raises(StudioError, match=ENDED):
        waiting.result(1)


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
