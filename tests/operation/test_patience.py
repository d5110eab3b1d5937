"""Long starts are spoken of, quick ones are not."""

import threading

import pytest

from installation.operation.patience import told


def test_what_takes_long_is_said_again_and_again():
    said, twice = [], threading.Event()

    def say(line):
        said.append(line)
        if len(said) == 2:
            twice.set()

    with told("fitting the networks", say, first=0.0, every=0.01):
        assert twice.wait(30)
    assert all(line.startswith("fitting the networks; ") and line.endswith("s so far") for line in said)


def test_what_is_quick_is_not_said_and_a_fault_goes_through():
    said = []
    with pytest.raises(ValueError, match="no"), told("anything", said.append, first=30.0):
        raise ValueError("no")
    assert said == []
    assert not any(thread.name == "patience" for thread in threading.enumerate())
