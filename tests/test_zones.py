import json
import os
from pathlib import Path

import pytest

from installation.config import load_config
from installation.control.zone_book import ZoneBook
from installation.errors import ConfigError
from installation.zones import MOST, Zone, any_holds, read_zone, read_zones

POSTER = [0.7, 0.1, 0.95, 0.5]


def test_a_zone_holds_what_lies_in_it() -> None:
    zone = read_zone(POSTER)
    assert zone == Zone(0.7, 0.1, 0.95, 0.5) and zone.numbers() == POSTER
    assert zone.holds(0.8, 0.3) and zone.holds(0.7, 0.1)
    assert not any(zone.holds(*place) for place in ((0.69, 0.3), (0.96, 0.3), (0.8, 0.05), (0.8, 0.55)))
    assert any_holds([Zone(0, 0, 0.1, 0.1), zone], 0.8, 0.3) and not any_holds([], 0.8, 0.3)


def test_what_reaches_out_of_the_picture_is_cut() -> None:
    assert read_zone([-1, 0.5, 0.25, 7]) == Zone(0, 0.5, 0.25, 1)
    assert read_zone([-(10**400), 0.5, 0.25, 10**400]) == Zone(0, 0.5, 0.25, 1)  # numbers that no float holds


@pytest.mark.parametrize("bad", [None, "all", [0.1, 0.2, 0.3], [0.5, 0.1, 0.2, 0.4], [0, 0, 0.001, 1], [1.2, 0, 1.4, 1], [0, 0, "1", 1],
                                 [0, 0, True, 1], [0, 0, float("nan"), 1], {"left": 0}])  # fmt: skip
def test_what_is_no_zone_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="four numbers, left, top, right and bottom"):
        read_zone(bad)


def test_there_are_not_more_than_so_many() -> None:
    assert len(read_zones([POSTER] * MOST)) == MOST
    with pytest.raises(ValueError, match="at most 32"):
        read_zones([POSTER] * (MOST + 1))
    with pytest.raises(ValueError, match="must be a list"):
        read_zones("all")


def test_the_configuration_takes_them_and_names_the_line_of_one_that_is_none(tmp_path: Path) -> None:
    assert load_config().faces.ignore_zones == ()
    file = tmp_path / "mine.yaml"
    file.write_text("faces:\n  ignore_zones:\n  - [0, 0, 0.5, 0.5]\n")
    assert load_config(file).faces.ignore_zones == (Zone(0, 0, 0.5, 0.5),)
    file.write_text("faces:\n  ignore_zones:\n  - [0, 0, 0.5, 0.5]\n  - [0.9, 0, 0.5, 0.5]\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml:4: faces\.ignore_zones\.1"):
        load_config(file)


def test_what_is_drawn_is_there_after_a_restart_beside_what_is_configured(tmp_path: Path) -> None:
    path, fixed = tmp_path / "kept" / "zones.json", (Zone(0, 0, 0.1, 0.1),)
    book = ZoneBook(fixed, path)
    assert book.zones() == fixed and not book.notice
    assert book.draw([POSTER]) == ""
    assert book.zones() == (*fixed, Zone(*POSTER)) and book.drawn == (Zone(*POSTER),)
    again = ZoneBook(fixed, path)
    assert again.zones() == book.zones() and not again.notice
    assert again.draw([]) == "" and ZoneBook((), path).zones() == ()


def test_what_cannot_be_drawn_changes_nothing(tmp_path: Path) -> None:
    book = ZoneBook((), tmp_path / "zones.json")
    book.draw([POSTER])
    assert "four numbers" in book.draw([[0, 0, 0]])
    assert book.drawn == (Zone(*POSTER),) == ZoneBook((), tmp_path / "zones.json").drawn


def test_a_show_that_keeps_nothing_draws_all_the_same() -> None:
    book = ZoneBook()
    assert book.draw([POSTER]) == "" and len(book.zones()) == 1


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc").exists(), reason="needs a place where nothing can be written")
def test_where_it_cannot_be_kept_it_holds_and_says_so() -> None:
    faults: list[str] = []
    book = ZoneBook((), Path("/proc/nowhere/zones.json"))
    assert book.draw([POSTER], faults.append).startswith("it holds, but only until the show ends")
    assert book.drawn == (Zone(*POSTER),) and "cannot be kept" in faults[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not whole, or no JSON"),
        ("[]", "no file of zones"),
        (json.dumps({"version": 9, "zones": []}), "of another version"),
        (json.dumps({"version": 1, "zones": [[0, 0, 2]]}), "four numbers"),
        (json.dumps({"version": 1}), "must be a list"),
        ("[" * 100_000, "larger than"),
        ("[" * 50_000, "not whole, or no JSON"),
    ],
)
def test_a_broken_file_is_put_aside_and_told(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "zones.json"
    path.write_text(text)
    book = ZoneBook((), path)
    assert reason in book.notice and "put aside as zones.json.broken" in book.notice
    assert book.zones() == () and (tmp_path / "zones.json.broken").read_text() == text and not path.exists()
