"""What hands ask of the presets, what presets are called, and the numbers that they keep."""

import pytest

from installation.control.presets.asks import MOST_TITLES, Allowance, Asked, Asks
from installation.control.presets.catalogue import Catalogue
from installation.control.presets.files import Preset
from installation.control.presets.numbers import MOST, PROGRAMS, PresetNumbers, read_numbers
from installation.control.presets.titles import MAX_TITLE, file_name, same_title, tidy, title_fault, title_of
from installation.control.state import Change


def asks_of(*changes):
    asks = Asks()
    room = [asks.hear(Change(name, value, "osc")) for name, value in changes]
    return asks, room


def test_of_many_recalls_the_last_counts_with_the_steps_after_it():
    asks, _ = asks_of(
        ("preset/next", True), ("preset/recall", "calm"), ("preset/next", True), ("preset/previous", True), ("preset/next", True)
    )
    assert asks.take() == Asked((), "calm", 1)
    assert asks.take() is None
    assert asks_of(("preset/recall", 7.0))[0].take() == Asked((), 7, 0)
    assert asks_of(("preset/golden-hour/recall", True))[0].take() == Asked((), "golden-hour", 0)
    assert asks_of(("preset/recall", 0))[0].take() == Asked((), 0, 0)  # the first preset is asked for as well
    assert asks_of(("preset/previous", True), ("preset/previous", True))[0].take() == Asked((), None, -2)
    assert asks_of(("preset/next", True), ("preset/previous", True))[0].take() is None


def test_titles_are_kept_once_each_and_no_more_than_a_few():
    titles = [f"evening {k}" for k in range(MOST_TITLES)]
    asks, room = asks_of(*(("preset/save", title) for title in titles), ("preset/save", titles[3]), ("preset/save", "one more"))
    assert room == [True] * (MOST_TITLES + 1) + [False]
    assert asks.take() == Asked(tuple(titles))


def test_an_allowance_is_used_up_and_comes_back_one_by_one():
    allowance = Allowance(3, 5.0)
    assert [allowance.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert not allowance.take(104.9) and allowance.take(105.0) and not allowance.take(105.0)
    assert not allowance.take(90.0) and not allowance.take(105.1)  # a clock that goes back gives nothing
    assert allowance.take(110.1) and not allowance.take(110.1)
    assert [allowance.take(9000.0) for _ in range(4)] == [True, True, True, False]  # and no more than it began with


PRESETS = {
    name: Preset(name, title=title) for name, title in (("calm", ""), ("ete", "Été, encore"), ("golden-hour", ""), ("snow", "Winter"))
}
CATALOGUE = Catalogue(PRESETS, {"calm": 0, "ete": 5, "golden-hour": 1, "snow": 12}, frozenset({*PRESETS, "broken"}))


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("calm", "calm"),
        ("Calm", "calm"),
        ("GOLDEN HOUR", "golden-hour"),
        ("golden-hour", "golden-hour"),
        (" winter ", "snow"),
        ("été, encore", "ete"),
        ("E\u0301te\u0301,  encore", "ete"),
        (5, "ete"),
        ("12", "snow"),
        ("0", "calm"),
        (2, None),
        ("winters", None),
        ("broken", None),
        ("../calm", None),
        ("", None),
        ("123456789", None),
    ],
)
def test_a_preset_is_found_by_its_name_its_title_or_its_number(asked, name):
    found = CATALOGUE.find(asked)
    assert (None if found is None else found.name) == name


def test_who_mistypes_is_told_what_may_have_been_meant():
    assert CATALOGUE.unknown("wintr") == "'wintr': there is no such preset; did you mean “Winter”?"
    assert CATALOGUE.unknown("golden-hour") == "'golden-hour': there is no such preset; did you mean “Golden hour”?"
    assert CATALOGUE.unknown("zzzz") == "'zzzz': there is no such preset"
    assert CATALOGUE.unknown(99) == CATALOGUE.unknown("99") == "no preset has the number 99"
    assert CATALOGUE.called("snow") == "Winter" and CATALOGUE.called("not-here") == "Not here"


@pytest.mark.parametrize(
    ("name", "steps", "then"),
    [
        ("calm", 1, "ete"),
        ("calm", -1, "snow"),
        ("snow", 1, "calm"),
        ("ete", 5, "golden-hour"),
        ("", 1, "calm"),
        ("gone", 2, "ete"),
        ("", -1, "snow"),
        ("gone", -2, "golden-hour"),
        ("calm", 4, "calm"),
    ],
)
def test_a_step_leads_to_the_next_preset_around_the_end(name, steps, then):
    assert CATALOGUE.beside(name, steps) == then


def test_a_new_preset_takes_its_place_among_the_others():
    more = CATALOGUE.with_preset(Preset("dawn"))
    assert list(more.presets) == ["calm", "dawn", "ete", "golden-hour", "snow"] and more.files == CATALOGUE.files | {"dawn"}
    assert more.numbers is CATALOGUE.numbers and "dawn" not in CATALOGUE.presets


@pytest.mark.parametrize(
    ("title", "fault"),
    [
        ("Été, encore", None),
        ("x" * MAX_TITLE, None),
        ("x" * (MAX_TITLE + 1), "longer than"),
        ("", "needs a name"),
        (" \t", "needs a name"),
        ("two\nlines", "one line"),
        ("a/b", "no slash"),
        ("a\\b", "no slash"),
        (".hidden", "neither a dot"),
        (" -x", "neither a dot"),
        ("a-b.c", None),
        ("می\u200cخواهم", None),
        ("\u202eabc", "one line"),
    ],
)
def test_what_a_preset_can_be_called(title, fault):
    said = title_fault(title)
    assert said is None if fault is None else fault in said


def test_a_title_is_tidied_and_two_that_read_alike_are_one():
    assert tidy("  Golden \t hour ") == "Golden hour" and tidy("E\u0301te\u0301") == "Été"
    assert same_title("Golden  Hour", "golden hour") and same_title("STRASSE", "straße") and not same_title("ete", "été")
    assert title_of("golden-hour") == "Golden hour" and title_of("a") == "A" and title_of("") == ""


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Été, encore", "ete-encore"),
        ("Größe & Maß", "grosse-mass"),
        ("Ærø", "aero"),
        ("  --x--  ", "x"),
        ("7", "preset-7"),
        ("日本", "preset"),
        ("a" * 99, "a" * 15),
        ("a" * 14 + " b", "a" * 14),
    ],
)
def test_a_file_s_name_is_made_of_the_title_s_plain_letters(title, name):
    assert file_name(title, 20, lambda one: True) == name


def test_a_long_row_of_digits_is_a_title_and_no_number():
    """A day and an hour, as somebody calls the look of an evening."""
    evening = Preset("2026112620", title="2026112620")
    catalogue = Catalogue({"2026112620": evening, "calm": Preset("calm")}, {"calm": 12345678})
    assert catalogue.find("2026112620") is evening
    assert catalogue.find("12345678").name == "calm" and catalogue.find("123456789") is None


def test_a_name_that_is_taken_has_a_number_behind_it():
    taken = {"calm", "calm-2", "calm-3"}
    assert file_name("Calm", 20, lambda one: one not in taken) == "calm-4"
    assert file_name("Calm", 20, lambda one: one != "calm") == "calm-2"
    assert len(file_name("a" * 99, 20, lambda one: one not in {"a" * 15})) <= 20


def test_numbers_are_given_in_order_and_kept_beside_the_presets(tmp_path):
    numbers = PresetNumbers(tmp_path, keep=True)
    assert numbers.of(["snow", "calm"]) == {"calm": 0, "snow": 1}
    assert numbers.of(["snow", "dawn"]) == {"snow": 1, "dawn": 2}
    assert (tmp_path / ".numbers").read_text() == "0 calm\n1 snow\n2 dawn\n"
    assert PresetNumbers(tmp_path, keep=True).of(["dawn", "calm", "new"]) == {"dawn": 2, "calm": 0, "new": 3}
    assert PresetNumbers(tmp_path, keep=False).of(["other"]) == {"other": 4}
    assert "other" not in (tmp_path / ".numbers").read_text()


def test_beyond_what_a_midi_device_can_send_free_numbers_are_used_again(tmp_path):
    lines = [f"{k} p{k}\n" for k in range(PROGRAMS)]
    (tmp_path / ".numbers").write_text("".join(lines))
    names = [f"p{k}" for k in range(PROGRAMS) if k not in (3, 60)]
    numbers = PresetNumbers(tmp_path, keep=True).of([*names, "new", "newer", "newest"])
    assert (numbers["new"], numbers["newer"], numbers["newest"]) == (3, 60, PROGRAMS)
    assert {numbers[name] for name in names} == set(range(PROGRAMS)) - {3, 60}
    assert "p3" not in read_numbers(tmp_path / ".numbers")


def test_numbers_of_presets_that_are_gone_are_kept_up_to_a_limit(tmp_path):
    (tmp_path / ".numbers").write_text("".join(f"{k} p{k}\n" for k in range(MOST)))
    assert "p1999" in read_numbers(tmp_path / ".numbers")
    assert PresetNumbers(tmp_path, keep=True).of(["p5"]) == {"p5": 5} and len(read_numbers(tmp_path / ".numbers")) == MOST
    assert PresetNumbers(tmp_path, keep=True).of(["p500", "new"])["p500"] == 500
    (tmp_path / ".numbers").write_text("".join(f"{k} p{k}\n" for k in range(MOST + 1)))
    PresetNumbers(tmp_path, keep=True).of(["p5"])
    assert read_numbers(tmp_path / ".numbers") == {"p5": 5}


def test_lines_that_say_nothing_are_passed_over(tmp_path):
    file = tmp_path / ".numbers"
    file.write_text("7 calm\n7 twice\nx y\n 8   snow \n-1 minus\n123456 far\n9\n10 calm\n\n99999 last\n")
    assert read_numbers(file) == {"calm": 7, "snow": 8, "last": 99999}
    file.write_text("7 calm\n9   calm\n9 snow\n")  # the first one counts, and the other's number is free
    assert read_numbers(file) == {"calm": 7, "snow": 9}
    assert read_numbers(tmp_path / "none") == {} and read_numbers(tmp_path) == {}
