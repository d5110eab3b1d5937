"""The styles of ``multistyle26``, which came without names, called after what is seen of them.

Each was looked at on ten faces of all groups of people. Nine are left out: 1, 3, 9 and 17 draw no eyes, 15 breaks
the whole face into splinters, 6 puts dark holes into the skin, 22 red spots that look like wounds, 7 and 23 make dark skin a black
shape and light skin a bright one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class BankStyle:
    """place: its number in the network. description: what is seen."""

    name: str
    place: int
    description: str


BANK: Final = (
    BankStyle("amber", 0, "ochre and pale blue, brushed"),
    BankStyle("ink", 2, "black ink, a wash of peach and grey-blue"),
    BankStyle("crimson", 4, "crimson, straw and sky"),
    BankStyle("ember", 5, "rust and gold, feathered"),
    BankStyle("sorbet", 8, "pink, teal and lemon crayons on white paper"),
    BankStyle("copper", 10, "copper and soot"),
    BankStyle("ochre", 11, "brown pen on ochre paper"),
    BankStyle("lilac", 12, "lilac and yellow, soft"),
    BankStyle("jungle", 13, "lime, petrol and red"),
    BankStyle("frost", 14, "pale blue pastel"),
    BankStyle("twilight", 16, "violet blue and olive"),
    BankStyle("sand", 18, "carved into sandstone"),
    BankStyle("blue-field", 19, "hatched blue and yellow"),
    BankStyle("garnet", 20, "dark red and black"),
    BankStyle("poster", 21, "thick black lines, pink, sky and cream"),
    BankStyle("delft", 24, "blue etching on cream"),
    BankStyle("bronze", 25, "dark bronze, hatched"),
)
