"""From a gesture to a picture, on a clock of our own."""

import pytest

from installation.takeaways.gestures import Button, HeldSmile, RaisedHand, Seen
from installation.takeaways.session import LEFT_SECONDS, PATIENCE, TOLD_SECONDS, Phase, Session, Times

STEP = 1 / 30
TIMES = Times(counting=5.0, filming=3.4, showing=20.0)


class Stand:
    """A session, and whoever stands before it. smile: of visitor 7; others: of everybody else; raised: hands."""

    def __init__(self, *ways):
        self.session = Session(ways or (Button(), RaisedHand(2.0), HeldSmile(0.6, 2.0)), TIMES)
        self.now, self.smile, self.others, self.raised, self.refusal = 100.0, 0.0, {}, frozenset(), ""
        self.standing = None
        self.run(0.1)

    def run(self, seconds, pressed=False):
        """So long; a press counts at its first moment. Every phase that was seen."""
        phases = []
        for _ in range(round(seconds / STEP)):
            smiles = {**({} if self.smile is None else {7: self.smile}), **self.others}
            self.standing = self.session.step(Seen(smiles, self.raised, pressed), self.now, self.refusal)
            pressed = False
            self.now += STEP
            if not phases or phases[-1] is not self.session.phase:
                phases.append(self.session.phase)
        return phases


@pytest.fixture
def stand():
    return Stand()


def test_a_held_smile_counts_down_to_a_picture(stand):
    stand.smile = 0.9
    assert stand.run(1.9) == [Phase.IDLE, Phase.ASKING]
    assert stand.standing.way == "smile" and 0.9 < stand.standing.progress < 1.0
    assert stand.run(0.3) == [Phase.ASKING, Phase.COUNTING]
    assert stand.standing.left == 5
    stand.run(4.0)
    assert stand.standing.left == 1
    assert stand.run(1.0) == [Phase.COUNTING, Phase.POSING]
    stand.session.posed(stand.now)
    assert stand.run(1.0) == [Phase.FILMING]
    stand.session.filmed(stand.now)
    stand.session.ready(stand.now)
    assert stand.run(21.0) == [Phase.SHOWING, Phase.IDLE]


def test_a_passing_smile_and_one_that_flickers_out_ask_for_nothing(stand):
    for _ in range(6):
        stand.smile = 0.9
        stand.run(1.2)
        stand.smile = 0.1
        assert Phase.COUNTING not in stand.run(0.5)


def test_a_smile_that_is_not_measured_for_a_moment_is_still_one(stand):
    stand.smile = 0.9
    stand.run(1.0)
    stand.smile = 0.4
    stand.run(0.2)
    stand.smile = 0.9
    assert Phase.COUNTING in stand.run(1.1)


def test_whoever_stops_smiling_stops_the_countdown(stand):
    stand.smile = 0.9
    stand.run(2.5)
    stand.smile = 0.1
    stand.run(0.5)
    assert stand.session.phase is Phase.COUNTING  # a word is no end of a smile
    assert stand.run(0.7)[-1] is Phase.TOLD
    assert stand.standing.word == "stopped"
    assert stand.run(TOLD_SECONDS + 0.1)[-1] is Phase.IDLE


def test_whoever_leaves_stops_it(stand):
    stand.smile, stand.others = 0.9, {8: 0.0}
    stand.run(2.5)
    stand.smile = None
    stand.run(LEFT_SECONDS - 0.2)
    assert stand.session.phase is Phase.COUNTING
    stand.run(0.4)
    assert stand.standing.word == "stopped"


def test_a_smile_that_goes_on_after_its_picture_asks_for_no_other_until_it_has_ended(stand):
    stand.smile = 0.9
    stand.run(8.0)
    for what in (stand.session.posed, stand.session.filmed, stand.session.ready):
        what(stand.now)
    assert stand.run(40.0) == [Phase.SHOWING, Phase.IDLE]
    stand.smile = 0.1
    stand.run(0.5)
    stand.smile = 0.9
    assert Phase.COUNTING in stand.run(2.5)


@pytest.mark.parametrize("by", ["smile", "hand", "button"])
def test_anybodys_raised_hand_stops_any_countdown(by):
    stand = Stand()
    stand.others = {8: 0.0}
    stand.run(0.1)
    if by == "smile":
        stand.smile = 0.9
    elif by == "hand":
        stand.raised = frozenset({7})
    stand.run(2.5, pressed=by == "button")
    assert stand.session.phase is Phase.COUNTING
    stand.raised |= {8}
    stand.run(0.3)
    assert stand.session.phase is Phase.COUNTING
    stand.run(0.4)
    assert stand.standing.word == "stopped"


def test_a_hand_that_stays_up_does_not_stop_what_it_began_and_one_raised_again_does(stand):
    stand.raised = frozenset({7})
    stand.run(2.2)
    assert stand.session.phase is Phase.COUNTING
    stand.run(1.5)
    assert stand.session.phase is Phase.COUNTING
    stand.raised = frozenset()
    stand.run(0.6)
    stand.raised = frozenset({7})
    stand.run(0.8)
    assert stand.standing.word == "stopped"


def test_a_hand_that_was_up_when_its_visitor_came_meant_something_else(stand):
    stand.others, stand.raised = {9: 0.0}, frozenset({9})
    assert stand.run(3.0) == [Phase.IDLE]
    stand.raised = frozenset()
    stand.run(0.5)
    stand.raised = frozenset({9})
    assert Phase.COUNTING in stand.run(2.2)


def test_the_button_begins_at_once_and_stops_when_it_is_pressed_again(stand):
    assert stand.run(0.1, pressed=True)[-1] is Phase.COUNTING
    stand.run(2.0)
    assert stand.run(0.1, pressed=True)[-1] is Phase.TOLD


def test_the_button_takes_no_picture_of_an_empty_room(stand):
    stand.smile = None
    stand.run(0.1, pressed=True)
    assert stand.standing.word == "nobody"


def test_the_button_needs_not_wait_for_the_code_to_go(stand):
    stand.run(5.2, pressed=True)
    for what in (stand.session.posed, stand.session.filmed, stand.session.ready):
        what(stand.now)
    stand.run(3.0)
    assert stand.run(0.1, pressed=True)[-1] is Phase.COUNTING


def test_whoever_asks_where_there_is_no_room_is_told_so_once_they_have_asked(stand):
    stand.refusal = "full"
    stand.smile = 0.9
    assert stand.run(1.8) == [Phase.IDLE]  # nothing is promised
    stand.run(0.4)
    assert stand.standing.word == "full"


def test_a_picture_that_cannot_be_taken_or_kept_ends_in_a_sentence(stand):
    stand.run(5.2, pressed=True)
    assert stand.session.phase is Phase.POSING
    assert stand.run(3.5)[-1] is Phase.TOLD
    assert stand.standing.word == "failed"


def test_a_film_that_does_not_come_to_its_end_has_one_of_its_own(stand):
    stand.run(5.2, pressed=True)
    stand.session.posed(stand.now)
    assert stand.run(TIMES.filming + PATIENCE - 0.1) == [Phase.FILMING]
    assert stand.run(0.2)[-1] is Phase.TOLD
    assert stand.standing.word == "failed"


def test_a_dark_room_forgets_it_all(stand):
    stand.smile = 0.9
    stand.run(3.0)
    stand.session.drop(stand.now)
    assert stand.session.phase is Phase.IDLE
    assert stand.run(3.0) == [Phase.IDLE]


def test_ways_that_are_left_out_do_nothing():
    stand = Stand(Button())
    stand.smile, stand.raised = 1.0, frozenset({7})
    assert stand.run(6.0) == [Phase.IDLE]
