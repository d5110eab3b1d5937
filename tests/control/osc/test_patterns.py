import itertools
import re

import pytest

from installation.control.osc.patterns import is_pattern, matches

ADDRESSES = ["/f/look/grain", "/f/look/gamma", "/f/edit/age/amount", "/f/edit/smile/lfo/rate", "/f/blend/toon/layer/16", "/f/truncation"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("/f/look/*", [0, 1]),
        ("/f/*", [5]),
        ("/*/*/*", [0, 1]),
        ("/f/look/g?a*", [0]),
        ("/f/look/g*a", [1]),
        ("/f/look/gr?in", [0]),
        ("/f/look/g?", []),
        ("/f/edit/{age,smile}/amount", [2]),
        ("/f/{look,edit}/{grain,age}", [0]),
        ("/f/look/{g,gr}a*", [0, 1]),
        ("/f/look/g{,ra}{in,mma,amma}", [0, 1]),
        ("/f/blend/*/layer/[0-9]6", [4]),
        ("/f/blend/*/layer/[!2-9]?", [4]),
        ("/f/look/g[!r]mma", [1]),
        ("/f/look/g[-a]mma", [1]),
        ("/f/look/g[]a]mma", []),  # a class of nothing fits no letter
        ("/f/look/g{}rain", [0]),  # and a choice of nothing fits none at all
        ("/f/look/**n", [0]),
        ("/f/look", []),
        ("/f/look/grain/*", []),
        ("", []),
    ],
)
def test_patterns_mean_what_osc_says(pattern: str, found: list[int]) -> None:
    assert matches(pattern, ADDRESSES) == [ADDRESSES[i] for i in found]


@pytest.mark.parametrize("pattern", ["/f/look/[g", "/f/look/{grain", "/f/{look/grain}", "/["])
def test_a_bracket_must_close_within_its_word(pattern: str) -> None:
    with pytest.raises(ValueError, match="does not close"):
        matches(pattern, ADDRESSES)


def test_it_agrees_with_regular_expressions() -> None:
    words = ["".join(letters) for length in range(5) for letters in itertools.product("ab", repeat=length)]
    pieces = {"a": "a", "b": "b", "?": ".", "*": ".*", "[ab]": "[ab]", "[!a]": "[^a]", "{a,ab,}": "(?:a|ab|)"}
    for chosen in itertools.product(pieces, repeat=3):
        expression = re.compile("".join(pieces[piece] for piece in chosen))
        assert matches("/" + "".join(chosen), [f"/{word}" for word in words]) == [f"/{w}" for w in words if expression.fullmatch(w)], chosen


def test_a_pattern_that_would_blow_up_an_expression_ends() -> None:
    # Tried one way after the other, this would take longer than the world has existed.
    words = [f"/{'a' * 40}{i}" for i in range(100)]
    assert matches("/" + "*a{a,aa}" * 20 + "b", words) == []


def test_patterns_are_told_from_addresses() -> None:
    assert not any(map(is_pattern, ADDRESSES))
    assert all(map(is_pattern, ("/a*", "/?", "/[a]", "/{a,b}")))


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        ("[xya-]", "xya-"),
        ("[a-cx-z]", "abcxyz"),
        ("[xa-c]", "xabc"),
        ("[-a]", "-a"),
        ("[a-]", "a-"),
        ("[a-c-]", "abc-"),
        ("[!a-y]", "z-"),
        ("[c-a]", ""),
    ],
)
def test_a_dash_stands_for_a_range_between_two_letters_and_for_itself_at_an_end(pattern: str, letters: str) -> None:
    alphabet = [f"/{letter}" for letter in "abcdefghijklmnopqrstuvwxyz-"]
    assert {found[1:] for found in matches(pattern.join(("/", "")), alphabet)} == set(letters)
