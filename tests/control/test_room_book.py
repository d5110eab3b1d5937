from pathlib import Path

import pytest

from installation.control.room_book import LEAST, RoomBook, read_room
from installation.zones import Zone

MIDDLE = [0.25, 0.1, 0.75, 0.9]


def test_a_crop_is_there_after_a_restart(tmp_path: Path) -> None:
    book = RoomBook(tmp_path / "kept" / "room.json")
    assert book.room() is None and not book.notice
    assert book.draw(MIDDLE) == "" and book.room() == Zone(*MIDDLE)
    again = RoomBook(tmp_path / "kept" / "room.json")
    assert again.room() == Zone(*MIDDLE) and not again.notice
    assert again.draw(None) == "" and RoomBook(tmp_path / "kept" / "room.json").room() is None


def test_all_of_the_picture_is_no_crop_and_what_reaches_out_is_cut() -> None:
    assert read_room([0, 0, 1, 1]) is None and read_room([-1, -1, 2, 2]) is None
    assert read_room([0.5, -3, 4, 0.5]) == Zone(0.5, 0, 1, 0.5)
    assert read_room([0.4, 0.4, 0.6, 0.6]) == Zone(0.4, 0.4, 0.6, 0.6)  # as small as it may be


@pytest.mark.parametrize(
    "bad",
    [
        [0.5, 0.5, 0.5, 0.5], [0.1, 0.1, 0.25, 0.9], [0.1, 0.1, 0.9, 0.25], [1.2, 0, 1.6, 1], [-2, 0, -1, 1], [0.9, 0.1, 0.1, 0.9],
        [0, 0, float("inf"), 1], "all", [0, 0, 1], {"left": 0}, [0, 0, True, 1],
    ],
)  # fmt: skip
def test_what_is_no_crop_changes_nothing_and_says_why(tmp_path: Path, bad: object) -> None:
    book = RoomBook(tmp_path / "room.json")
    book.draw(MIDDLE)
    assert book.draw(bad).startswith("the crop ") and len(book.draw(bad)) > 20
    assert book.room() == Zone(*MIDDLE) == RoomBook(tmp_path / "room.json").room()


def test_the_least_is_said() -> None:
    with pytest.raises(ValueError, match=f"at least {LEAST:g} of the picture"):
        read_room([0.4, 0.4, 0.5, 0.9])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not whole"),
        ('{"version": 1}', "holds no crop"),
        ('{"version": 1, "room": [0, 0, 0, 0]}', "less than"),
        ('{"version": 7, "room": null}', "another version"),
    ],
)
def test_a_broken_file_is_put_aside_and_told(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "room.json"
    path.write_text(text)
    book = RoomBook(path)
    assert book.room() is None and reason in book.notice and "put aside as room.json.broken" in book.notice
    assert (tmp_path / "room.json.broken").read_text() == text


def test_where_it_cannot_be_kept_it_holds_and_says_so() -> None:
    faults: list[str] = []
    book = RoomBook(Path("/proc/nowhere/room.json"))
    assert book.draw(MIDDLE, faults.append).startswith("it holds, but only until the show ends")
    assert book.room() == Zone(*MIDDLE) and "cannot be kept" in faults[0]
