"""What a visitor's page holds at each stage of a takeaway, as HTML, without a server."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from installation.control.web.take_html import gallery, page, sentence
from installation.takeaways.ageing import moment
from installation.takeaways.kept import FILMS, SMALL, STILL, Kept
from installation.takeaways.texts import texts

SAY = texts("page", "en")


def office(has_gallery=True, prints=True, shown=(), over=False):
    return SimpleNamespace(
        has_gallery=has_gallery,
        may_hang=lambda kept: has_gallery and not over,
        may_print=lambda kept: prints,
        ends=lambda kept: datetime(2026, 11, 5, 7, 9, tzinfo=UTC),
        shelf=SimpleNamespace(limits=SimpleNamespace(gallery=7200.0)),
        shown=lambda: shown,
    )


def kept(*files, whole=False, gallery=""):
    return Kept("a" * 40, moment(), 3600.0, (STILL, SMALL, *files), whole, gallery)


def links(text):
    return re.findall(r'href="(/take/[^"]*)" download="([^"]*)"', text)


def test_a_page_offers_each_film_as_soon_as_it_plays_and_asks_again_until_all_are_there():
    begun = page(office(), kept(), "SECRET", "en")
    assert links(begun) == [(f"/take/SECRET/{STILL}?save", "facets-20261105-picture.jpg")]
    assert SAY["coming"] in begun and 'http-equiv="refresh" content="5"' in begun and "<video" not in begun and 'class="pair"' not in begun
    coming = page(office(), kept("loop.mp4", "loop.gif", "boomerang.webp"), "SECRET", "en")
    assert [name for name, _ in links(coming)][1:] == ["/take/SECRET/loop.mp4?save", "/take/SECRET/loop.gif?save"]
    assert coming.count("<video") == 1 and "refresh" in coming  # the other cannot play yet
    whole = page(office(), kept(*FILMS, whole=True), "SECRET", "en")
    assert SAY["coming"] not in whole and "refresh" not in whole and whole.count("<video") == 2 and len(links(whole)) == 7
    assert whole.index("loop.mp4") < whole.index("loop.webp") < whole.index("loop.gif") < whole.index("boomerang.mp4")
    assert whole.count('class="button main"') == 3 and "<small>MP4</small>" in whole and ">GIF</a>" in whole


@pytest.mark.parametrize(
    ("language", "date"), [("en", "05 November"), ("de", "05.11."), ("zh", "11月05日"), ("fr", "05/11"), ("es", "05/11"), ("it", "05/11")]
)
def test_a_page_says_until_when_in_the_way_of_its_language(language, date):
    text = page(office(), kept(), "SECRET", language)
    assert date in text and "07:09" in text and f'<html lang="{language}">' in text


@pytest.mark.parametrize(
    ("stands", "act"), [("", "offer"), ("offered", "withdraw"), ("shown", "withdraw"), ("refused", None)]
)  # fmt: skip
def test_what_a_visitor_may_do_about_the_gallery_goes_by_how_it_stands(stands, act):
    text = page(office(), kept(gallery=stands), "SECRET", "en")
    assert re.findall(r'action="/take/SECRET/(offer|withdraw)"', text) == ([act] if act else [])
    assert (SAY["refused"] in text) is (stands == "refused") and ("2 hours" in text) is (stands == "")
    assert "gallery" not in page(office(has_gallery=False), kept(gallery=stands), "SECRET", "en")
    assert "gallery" not in page(office(over=True), kept(gallery=stands), "SECRET", "en")  # of a page that outlasts the gallery's time


def test_a_page_prints_where_that_may_be_and_deletes_always():
    assert 'action="/take/SECRET/print"' in page(office(), kept(), "SECRET", "en")
    without = page(office(prints=False), kept(), "SECRET", "en")
    assert "/print" not in without and 'action="/take/SECRET/delete"><button class="danger"' in without


def test_only_sentences_of_the_program_s_own_are_said():
    assert f'<p class="said" role="status">{SAY["printed"]}' in page(office(), kept(), "SECRET", "en", "printed")
    assert '<p class="said bad" role="status">' in page(office(), kept(), "SECRET", "en", "print_failed")
    assert 'class="said' not in page(office(), kept(), "SECRET", "en", "title")


def test_the_gallery_shows_films_where_there_are_some_and_says_so_where_there_is_nothing():
    film, still = replace(kept("boomerang.mp4"), id="f" * 40), kept()
    text = gallery(office(shown=(film, still)), "en")
    assert f'<video src="/gallery/{film.id}/boomerang.mp4" poster="/gallery/{film.id}/{SMALL}"' in text and text.count("<video") == 1
    assert f'<img src="/gallery/{still.id}/{SMALL}"' in text and text.count("<img") == 1 and SAY["gallery_empty"] not in text
    assert SAY["gallery_empty"] in gallery(office(), "en") and "http-equiv" not in text


@pytest.mark.parametrize("word", ["gone", "going", "unknown", "deleted"])
def test_a_page_that_says_one_thing_says_it(word):
    text = sentence("de", word)
    assert texts("page", "de")[word][:10] in text and "<form" not in text and '<html lang="de">' in text
