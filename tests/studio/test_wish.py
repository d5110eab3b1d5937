"""Which wishes may go before a show: those of a hand that moves a slider."""

import pytest

from installation.studio.wish import takes_little

AGE = {"edit/age/amount": 1.0}
MOVING = {"faces": {"1": AGE}, "fine": False}
MET = (1, 2, 3)


@pytest.mark.parametrize(
    ("given", "little"),
    [
        (MOVING, True),
        ({**MOVING, "style": {}}, True),
        ({**MOVING, "style": {"style/ink/amount": 0.0, "style/strength": 1.0, "style/colour": 1.0}}, True),
        ({**MOVING, "style": {"style/ink/amount": 0.1}}, False),
        ({**MOVING, "fine": True}, False),
        ({"faces": {}}, False),  # a picture is fine unless it says that it is not
        ({**MOVING, "style": "ink"}, True),  # refused in a moment
        ({**MOVING, "portrait": 2}, True),
        ({**MOVING, "portrait": 4}, False),  # who would have to meet the encoder first
        ({**MOVING, "faces": {"4": AGE}}, False),
        ({**MOVING, "faces": {"4": {}, "1": AGE, "2": AGE}}, True),
        ({**MOVING, "faces": {"3": AGE, "1": AGE, "2": AGE}}, False),
        ({**MOVING, "faces": 7}, True),  # refused in a moment
        (None, False),
        ([], False),
    ],
)
def test_only_a_moving_slider_over_who_is_known_without_a_style_takes_little(given, little):
    assert takes_little(given, MET) is little
