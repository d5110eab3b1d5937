"""Which wishes may go before a show: those of a hand that moves a slider."""

import pytest

from installation.studio.wish import takes_little

MOVING = {"faces": {"1": {"edit/age/amount": 1.0}}, "fine": False}


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
        (None, False),
        ([], False),
    ],
)
def test_only_a_moving_slider_without_a_style_takes_little(given, little):
    assert takes_little(given) is little
