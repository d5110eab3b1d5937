"""How the loops are turned: what ends a show, and what does not."""

from types import SimpleNamespace

import pytest

from installation.errors import FaultError
from installation.running import run_display


def turned(check):
    """A show whose workers are looked at by ``check``; how many pictures it gave."""
    capture, shown = SimpleNamespace(ended=False), []
    loops = SimpleNamespace(capture=capture, display=SimpleNamespace(step=shown.append))
    canvas, clock = SimpleNamespace(wait=lambda: None), SimpleNamespace(now=lambda: 1.0)
    run_display(loops, SimpleNamespace(check=lambda: check(capture)), canvas, clock, lambda: len(shown) >= 3, lambda now: None)
    return len(shown)


def fails(capture):
    raise FaultError("the source has ended")


def ends(capture):
    """The clip ends after the display has looked whether it had, and before it looks at the workers."""
    capture.ended = True
    fails(capture)


def test_a_clip_that_ends_is_no_fault_whenever_it_ends():
    assert turned(lambda capture: setattr(capture, "ended", True)) == 1
    assert turned(ends) == 1


def test_a_fault_ends_the_show_and_nothing_else_does():
    with pytest.raises(FaultError):
        turned(fails)
    assert turned(lambda capture: None) == 3
