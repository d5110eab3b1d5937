from installation.faces.ignoring import PASSING_SECONDS, Ignoring
from installation.zones import Zone

SIZE = (1000, 500)
ZONES = (Zone(0.5, 0.0, 0.7, 1.0),)


def test_nobody_begins_in_a_zone() -> None:
    ignoring = Ignoring(lambda: ZONES)
    assert not ignoring.begins(600, 250, SIZE)
    assert ignoring.begins(400, 250, SIZE)
    assert Ignoring().begins(600, 250, SIZE)


def test_who_passes_stays_and_who_stays_is_let_go() -> None:
    ignoring = Ignoring(lambda: ZONES)
    assert not any(ignoring.stays(7, 600, 250, SIZE, 10.0 + k / 10) for k in range(round(10 * PASSING_SECONDS)))
    assert ignoring.stays(7, 600, 250, SIZE, 10.0 + PASSING_SECONDS + 0.1)
    assert not ignoring.stays(7, 450, 250, SIZE, 13.0)  # out again ...
    assert not ignoring.stays(7, 600, 250, SIZE, 14.0)  # ... and a passing begins anew


def test_who_has_gone_is_forgotten() -> None:
    ignoring = Ignoring(lambda: ZONES)
    ignoring.stays(7, 600, 250, SIZE, 0.0)
    ignoring.keep({8})
    assert not ignoring.stays(7, 600, 250, SIZE, 9.0)
