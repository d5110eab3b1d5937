"""Messages that go out, against an encoder written from the specification alone."""

import math

import pytest

from installation.control.osc.encoding import LARGEST_FLOAT, message
from tests.control.osc import osc_bytes


@pytest.mark.parametrize("value", [0.25, -0.0, float("inf"), 3, -1, True, False, "", "row", "größe", "four", None])
def test_a_message_is_as_the_specification_says(value):
    assert message("/facets/look/grain", value) == osc_bytes.message("/facets/look/grain", value)


@pytest.mark.parametrize(
    ("value", "sent"),
    [(2**31, 2**31 - 1), (-(2**40), -(2**31)), (1e300, LARGEST_FLOAT), (-1e39, -LARGEST_FLOAT), ("a\0b", "a"), ("caf\ud800", "caf?")],
)
def test_what_osc_cannot_carry_goes_out_as_the_nearest_that_it_can(value, sent):
    assert message("/a", value) == osc_bytes.message("/a", sent)


def test_what_is_no_number_stays_so():
    assert math.isnan(osc_bytes.read(message("/a", float("nan")))[1][0])
