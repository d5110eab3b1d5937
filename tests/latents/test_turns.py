"""Whose turn it is: the stalest, evenly, the new ones first."""

from collections import Counter

from installation.latents.turns import Queue, Turns


def test_everybody_has_their_turn_equally_often():
    queue, keys = Queue(), [(1, cell) for cell in range(9)]
    counts = Counter(key for _ in range(90) for key in queue.next(keys, lambda key: 1.0, 2.0))
    assert set(counts.values()) == {20}


def test_whoever_comes_is_next_and_whoever_left_is_forgotten():
    queue = Queue()
    for _ in range(5):
        queue.next([(1, 0), (2, 0)], lambda key: 1.0, 1.0)
    assert queue.next([(1, 0), (2, 0), (3, 0)], lambda key: 1.0, 1.0) == ((3, 0),)
    assert set(queue.next([(2, 0)])) == {(2, 0)}
    assert queue.next([]) == ()


def test_turns_are_given_by_what_they_cost_and_one_is_always_given():
    queue, keys = Queue(), [(1, 0), (2, 0), (3, 0)]
    assert queue.next(keys, lambda key: 10.0 * key[0], 30.0) == ((1, 0), (2, 0))
    assert queue.next(keys, lambda key: 10.0 * key[0], 30.0) == ((3, 0),)
    assert len(queue.next(keys, lambda key: 99.0, 30.0)) == 1


def test_cells_are_spread_over_the_cycle_each_wave_in_its_own_order():
    turns = Turns((), cells=9, spread=1.0)
    for wave in range(3):
        places = sorted(turns.ahead(cell, wave) for cell in range(9))
        assert places[0] == 0.0
        assert all(0.02 < b - a < 0.3 for a, b in zip(places, [*places[1:], 1.0], strict=True))
    assert turns.ahead(4, 0) != turns.ahead(4, 1)
    assert all(Turns((), spread=0.0).ahead(cell, 0) == 0.0 for cell in range(9))


def test_a_share_of_the_cells_has_generators_of_its_own_in_turn():
    turns = Turns((), cells=9, generators=0.5)
    own = [cell for cell in range(9) if turns.own(cell)]
    assert len(own) == 4
    assert 0 not in own
    assert [turns.order(cell) for cell in own] == [0, 1, 2, 3]
    assert not any(Turns((), generators=0.0).own(cell) for cell in range(9))
    assert all(Turns((), generators=1.0).own(cell) for cell in range(1, 9))
