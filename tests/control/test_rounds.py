import threading

from installation.operation.rounds import Rounds


def test_looks_go_on_after_an_error_and_end_with_the_last_one_done():
    seen, errors, enough = [], [], threading.Event()

    def look() -> None:
        seen.append(threading.current_thread().name)
        if len(seen) == 2:
            raise OSError("gone")
        if len(seen) == 4:
            enough.set()

    rounds = Rounds("looking", 0.005, look, errors.append, at_once=True)
    rounds.start()
    assert enough.wait(10)
    rounds.stop()
    count = len(seen)
    assert set(seen) == {"looking"} and [str(err) for err in errors] == ["gone"]
    threading.Event().wait(0.05)
    assert len(seen) == count
    rounds.stop()


def test_the_first_look_comes_at_once_or_a_period_later():
    for at_once in (True, False):
        looked = threading.Event()
        rounds = Rounds("looking", 60.0, looked.set, lambda err: None, at_once)
        rounds.start()
        assert looked.wait(5.0 if at_once else 0.2) is at_once
        rounds.stop()  # does not wait for the period's end


def test_what_never_began_can_be_stopped():
    Rounds("looking", 1.0, lambda: None, lambda err: None, at_once=True).stop()
