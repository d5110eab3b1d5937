"""What visitors read, in their languages."""

from datetime import UTC, datetime, timedelta

import pytest

from installation.takeaways.texts import clock_of, date_of, languages, texts, until

NOW = datetime(2026, 11, 5, 14, 20, tzinfo=UTC)


@pytest.mark.parametrize("part", ["canvas", "page"])
def test_every_language_has_every_sentence_of_its_own(part):
    first = texts(part, "en")
    for language in languages(part):
        say = texts(part, language)
        assert language == "en" or not [key for key in first if say[key] == first[key]]


@pytest.mark.parametrize(
    ("language", "date"), [("en", "06 November"), ("de", "06.11."), ("zh", "11月06日"), ("fr", "06/11"), ("es", "06/11"), ("it", "06/11")]
)
def test_a_day_is_written_in_the_way_of_a_language(language, date):
    assert date_of(NOW + timedelta(days=1), language) == date


def test_the_canvas_names_the_day_where_it_is_not_today():
    assert until(NOW + timedelta(hours=9), NOW, "en") == "Deleted at 23:20."
    assert until(NOW + timedelta(hours=10), NOW, "en") == "Deleted on 06 November at 00:20."
    assert until(NOW + timedelta(days=365), NOW, "de") == "Wird am 05.11. um 14:20 gelöscht."
    for language in languages("canvas"):
        later = until(NOW + timedelta(days=7), NOW, language)
        assert date_of(NOW + timedelta(days=7), language) in later and "14:20" in later and "{" not in later


def test_a_time_that_is_not_today_has_its_day():
    assert clock_of(NOW, NOW, "en") == "14:20" and clock_of(NOW + timedelta(days=1), NOW, "en") == "06 November, 14:20"
