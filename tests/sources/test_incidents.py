"""What a rehearsal is told to do: scripts, lots, and what is wrong with either."""

import re
from itertools import islice, pairwise

import pytest

from installation.sources.incidents import CameraFault, Incident, Lot, incidents


def test_a_script_comes_in_the_order_of_its_times() -> None:
    assert list(incidents("freeze@20+4, unplug@5+3.5")) == [
        Incident(CameraFault.UNPLUG, 5, 3.5),
        Incident(CameraFault.FREEZE, 20, 4),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unplug", "'unplug' is no fault; write KIND@BEGIN"),
        ("unplug@5+3, fire@9+1", "'fire' is no fault of a camera; there is unplug, busy,"),
        ("unplug@5+3, busy@7+1", "unplug@5 lasts until 8 s, and busy begins at 7 s"),
        ("random, every=0", "'every=0': must be seconds"),
        ("random, every=nan", "'every=nan': must be seconds"),
        ("random, seed=x", "'seed=x'"),
        ("random, of=unplug/fire", "'of=unplug/fire': 'fire' is no fault"),
        ("random, speed=3", "'speed=3': not known beside random"),
        ("random, unplug@5+3", "'unplug@5+3': not known beside random"),
    ],
)
def test_what_is_wrong_is_said_at_once(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        incidents(text)


def test_a_lot_is_the_same_for_the_same_seed_and_draws_every_kind_in_turn() -> None:
    count = len(CameraFault)
    drawn, again, other = (list(islice(incidents(text), 3 * count)) for text in ("random", "every=20, seed=0", "random, seed=1"))
    assert drawn == again != other
    for turn in range(3):
        assert {one.fault for one in drawn[turn * count : (turn + 1) * count]} == set(CameraFault)
    assert [one.at for one in drawn] == [20.0 * (k + 1) for k in range(3 * count)]
    assert all(one.at + one.seconds < other.at for one, other in pairwise(drawn))


def test_a_lot_keeps_to_the_kinds_that_it_is_given() -> None:
    kinds = {one.fault for one in islice(incidents("of=busy/slow, every=8"), 20)}
    assert kinds == {CameraFault.BUSY, CameraFault.SLOW}
    assert all(one.seconds <= 4 for one in islice(Lot(every=8).incidents(), 50))
