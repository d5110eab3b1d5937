"""What is kept, for how long, and what is left of it."""

import json
import os
import stat
import threading
import time
from dataclasses import replace

import pytest

from installation.errors import ConfigError
from installation.takeaways import quota, storage
from installation.takeaways.ageing import Moment, age, moment
from installation.takeaways.kept import NOTE, id_of, new_secret, read_note
from installation.takeaways.leftovers import ENDED
from installation.takeaways.quota import EACH, Refusal
from installation.takeaways.shelf import GoneError, Limits, Shelf
from tests.dying_disk import DELETES, DyingDisk

LIMITS = Limits(lasts=600.0, gallery=7200.0, an_hour=5, most_bytes=1 << 30)


class Clocks:
    """Both clocks, which a test moves."""

    def __init__(self):
        self.moment = Moment(1.8e9, "this-boot", 1000.0)

    def __call__(self):
        return self.moment

    def later(self, seconds, wall=None):
        self.moment = replace(self.moment, wall=self.moment.wall + (seconds if wall is None else wall), uptime=self.moment.uptime + seconds)

    def reboot(self, wall):
        self.moment = Moment(self.moment.wall + wall, "another-boot", 5.0)


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def faults():
    return []


@pytest.fixture
def make(tmp_path, clocks, faults):
    opened = []

    def made(limits=LIMITS):
        opened.append(Shelf(tmp_path / "shelf", limits, faults.append, clocks))
        return opened[-1]

    yield made
    for one in opened:
        one.close()


@pytest.fixture
def disk(monkeypatch):
    return DyingDisk(monkeypatch)


def until(holds):
    """Whatever is done beside the test has a minute."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def write(folder):
    (folder / "picture.jpg").write_bytes(b"a picture")
    (folder / "small.jpg").write_bytes(b"a small one")
    return "picture.jpg", "small.jpg"


def put(shelf):
    secret = new_secret()
    return secret, shelf.add(secret, write)


def test_a_link_leads_to_its_pictures_and_no_other_does(make):
    shelf = make()
    secret, kept = put(shelf)
    assert len(secret) == 32 and shelf.find(secret) == kept
    assert shelf.path(kept, "picture.jpg").read_bytes() == b"a picture"
    assert shelf.path(kept, NOTE) is None and shelf.path(kept, "../other") is None
    for other in (new_secret(), kept.id, secret[:-1], secret + "x", "../" + secret, ""):
        assert shelf.find(other) is None


def test_nobody_else_on_the_machine_reads_them_and_no_name_on_the_disk_opens_a_page(make):
    shelf = make()
    secret, kept = put(shelf)
    shelf.put(kept.id, _film(shelf))
    assert stat.S_IMODE(os.stat(shelf.folder).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(shelf.folder / kept.id).st_mode) == 0o700
    assert all(stat.S_IMODE(os.stat(shelf.folder / kept.id / name).st_mode) == 0o600 for name in (NOTE, "loop.mp4"))
    for place in shelf.folder.rglob("*"):
        assert secret not in str(place)
        assert not place.is_file() or secret.encode() not in place.read_bytes()


def _film(shelf, name="loop.mp4"):
    made = shelf.folder / ".making-films"
    made.mkdir(exist_ok=True)
    (made / name).write_bytes(b"a film")
    return made / name


def test_it_is_gone_at_the_end_of_its_time_and_its_link_is_told_so(make, clocks):
    shelf = make()
    secret, kept = put(shelf)
    clocks.later(599.0)
    assert shelf.find(secret) is not None
    clocks.later(1.5)
    with pytest.raises(GoneError):
        shelf.find(secret)
    assert not (shelf.folder / kept.id).exists()


def test_it_goes_by_itself_with_nobody_asking(tmp_path, faults):
    shelf = Shelf(tmp_path / "shelf", replace(LIMITS, lasts=0.3), faults.append)
    secret, kept = put(shelf)
    watched = shelf.folder / kept.id
    shelf._sweeper.join(0.0)
    while watched.exists():
        pass
    with pytest.raises(GoneError):
        shelf.find(secret)
    shelf.close()


def test_the_clock_may_be_set_and_the_time_to_live_stays(make, clocks):
    shelf = make()
    secret, _ = put(shelf)
    clocks.later(300.0, wall=-86_400.0)  # somebody sets it back by a day
    assert shelf.find(secret) is not None
    clocks.later(301.0)
    with pytest.raises(GoneError):
        shelf.find(secret)


def test_a_killed_show_leaves_what_may_stay_and_nothing_else(make, clocks):
    shelf = make()
    old, old_kept = put(shelf)
    clocks.later(400.0)
    secret, kept = put(shelf)
    shelf.close()
    half = shelf.folder / (".making-" + "0" * 40)
    half.mkdir()
    (half / "picture.jpg").write_bytes(b"half")
    (shelf.folder / ".going-x").mkdir()
    (shelf.folder / kept.id / ".loop.mp4").write_bytes(b"half a film")
    (shelf.folder / "notes of the house.txt").write_text("stays")
    clocks.later(250.0)
    again = make()
    assert again.find(secret).id == kept.id and again.find(secret).whole
    assert not half.exists() and not (shelf.folder / ".going-x").exists()
    assert not (shelf.folder / kept.id / ".loop.mp4").exists()
    assert not (shelf.folder / old_kept.id).exists()
    with pytest.raises(GoneError):
        again.find(old)
    assert (shelf.folder / "notes of the house.txt").exists()
    assert again.opened == "1 of an earlier show are kept on; 1 were over their time and are deleted"
    clocks.later(351.0)
    with pytest.raises(GoneError):
        again.find(secret)


def test_a_link_that_ended_is_told_apart_from_one_that_never_was_after_a_restart(make):
    shelf = make()
    secret, kept = put(shelf)
    assert shelf.remove(kept.id) and not shelf.remove(kept.id)
    shelf.close()
    again = make()
    with pytest.raises(GoneError):
        again.find(secret)
    assert again.find(new_secret()) is None
    again.close()
    for broken in ("{}", '{"0": "1"}', "[" * 200_000, "12", "\0"):
        (again.folder / ENDED).write_text(broken)
        make().close()


def test_what_cannot_be_deleted_is_out_of_reach_told_once_and_deleted_as_soon_as_that_can_be(make, clocks, disk, faults):
    shelf = make(replace(LIMITS, most_bytes=EACH + 10))
    secret, kept = put(shelf)
    disk.refuses = DELETES
    assert shelf.remove(kept.id)
    for _ in range(2):
        with pytest.raises(GoneError) as told:
            shelf.find(secret)
        assert not told.value.deleted and shelf.all() == () and shelf.going == 1
        shelf._woken.set()  # as it is every few seconds
    assert (shelf.folder / kept.id / "picture.jpg").exists()
    assert shelf._quota.refusal(clocks()) is Refusal.SPACE  # it fills its room as before
    assert faults == [f"takeaways: {shelf.folder / kept.id}: cannot be deleted; it is tried again"]
    disk.refuses = ()
    shelf._woken.set()
    until(lambda: shelf.going == 0)
    assert [place for place in shelf.folder.iterdir() if place.is_dir()] == [] and shelf._quota.refusal(clocks()) is None
    with pytest.raises(GoneError) as told:
        shelf.find(secret)
    assert told.value.deleted and len(faults) == 1


@pytest.mark.parametrize("more", ["truncate", "replace"])  # its own files cannot be written, or nothing beside them can
def test_a_picture_that_could_not_be_deleted_does_not_come_back_with_the_next_show(make, disk, more):
    shelf = make()
    secret, kept = put(shelf)
    disk.refuses = (*DELETES, more)
    shelf.remove(kept.id)
    shelf.close()
    again = make()
    assert again.opened == "1 were over their time and cannot be deleted yet" and again.all() == ()
    with pytest.raises(GoneError) as told:
        again.find(secret)
    assert not told.value.deleted
    assert ((shelf.folder / kept.id / "picture.jpg").read_bytes() == b"") is (more == "replace")  # what can be emptied is
    disk.refuses = ()
    again._woken.set()
    until(lambda: again.going == 0)
    assert not (shelf.folder / kept.id).exists()


@pytest.mark.parametrize("left", [".making-" + "0" * 40, ".going-" + "0" * 40, ".making-films-x", ".going-.making-films-x"])
def test_what_a_killed_show_left_half_done_is_tried_again_too(make, disk, left):
    shelf = make()
    shelf.close()
    (shelf.folder / left).mkdir()
    (shelf.folder / left / "picture.jpg").write_bytes(b"half")
    disk.refuses = DELETES
    again = make()
    assert again.going == 1 and again.opened == ""
    disk.refuses = ()
    again._woken.set()
    until(lambda: again.going == 0)
    assert [place for place in shelf.folder.iterdir() if place.is_dir()] == []


def test_a_picture_that_could_neither_be_kept_nor_deleted_is_tried_again(make, disk):
    shelf = make()

    def fails(folder):
        write(folder)
        disk.refuses = DELETES
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        shelf.add(new_secret(), fails)
    assert shelf.going == 1
    disk.refuses = ()
    shelf._woken.set()
    until(lambda: shelf.going == 0)
    assert [place for place in shelf.folder.iterdir() if place.is_dir()] == []


def test_films_that_are_in_the_making_are_deleted_when_that_can_be(make, disk):
    shelf = make()
    with shelf.workplace("films") as place:
        (place / "loop.mp4").write_bytes(b"a film")
        assert place.parent == shelf.folder and stat.S_IMODE(os.stat(place).st_mode) == 0o700
        disk.refuses = DELETES
    assert shelf.going == 1
    disk.refuses = ()
    shelf._woken.set()
    until(lambda: shelf.going == 0)
    assert [place for place in shelf.folder.iterdir() if place.is_dir()] == []


def test_who_deletes_all_of_them_hears_how_many_are_deleted(make, disk):
    shelf = make()
    put(shelf)
    disk.refuses = DELETES
    assert shelf.clear() == 0 and shelf.all() == () and shelf.going == 1
    disk.refuses = ()
    put(shelf)
    assert shelf.clear() == 1


def test_a_link_that_is_over_is_known_on_once_a_full_disk_has_room(make, monkeypatch):
    shelf = make()
    secret, kept = put(shelf)
    (shelf.folder / f".{ENDED}").mkdir()  # nothing can be written there
    shelf.remove(kept.id)
    (shelf.folder / f".{ENDED}").rmdir()
    shelf._woken.set()
    until((shelf.folder / ENDED).exists)
    shelf.close()
    with pytest.raises(GoneError):
        make().find(secret)


def test_what_nobody_can_look_at_counts_as_there_and_stops_nothing(make, clocks, disk, faults):
    shelf = make()
    secret, kept = put(shelf)
    other, other_kept = put(shelf)
    shelf.gallery(other_kept.id, "shown")  # it has more time
    clocks.later(601.0)
    disk.refuses, disk.blind = DELETES, shelf.folder / kept.id
    with pytest.raises(GoneError) as told:
        shelf.find(secret)
    assert not told.value.deleted and shelf.find(other) is not None
    shelf._woken.set()
    clocks.later(LIMITS.gallery)
    disk.refuses, disk.blind = (), None
    shelf._woken.set()
    until(lambda: not (shelf.folder / other_kept.id).exists() and shelf.going == 0)
    assert faults == [f"takeaways: {shelf.folder / kept.id}: cannot be deleted; it is tried again"]


def test_a_show_begins_though_nobody_can_look_at_what_lies_there(make, disk):
    shelf = make()
    secret, kept = put(shelf)
    other, _ = put(shelf)
    shelf.close()
    disk.refuses, disk.blind = DELETES, shelf.folder / kept.id
    again = make()
    assert again.find(other) is not None and again.going == 1
    with pytest.raises(GoneError):
        again.find(secret)


def test_whatever_a_look_at_the_time_raises_is_told_and_the_next_one_deletes(make, clocks, faults, monkeypatch):
    shelf = make()
    _, kept = put(shelf)
    does, raised = shelf._quota.refusal, threading.Event()

    def raises(now):
        raised.set()
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(shelf._quota, "refusal", raises)
    shelf._woken.set()
    assert raised.wait(60)
    until(lambda: faults)
    monkeypatch.setattr(shelf._quota, "refusal", does)
    clocks.later(601.0)
    shelf._woken.set()
    until(lambda: not (shelf.folder / kept.id).exists())
    assert set(faults) == {f"takeaways: {shelf.folder}: a look at the time failed (nobody thought of this); there is another one soon"}


@pytest.mark.parametrize(("wall", "stays"), [(300.0, True), (700.0, False), (-60.0, False)])
def test_after_a_power_cut_the_wall_clock_counts_and_what_comes_from_the_future_goes(make, clocks, wall, stays):
    shelf = make()
    secret, _ = put(shelf)
    shelf.close()
    clocks.reboot(wall)
    again = make()
    if stays:
        assert again.find(secret) is not None
    else:
        with pytest.raises(GoneError):
            again.find(secret)


BEYOND = '{"id": "x", "made": {"wall": 1%s, "boot": "", "uptime": 1}, "files": [], "gallery": ""}' % ("0" * 400)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 1}', '{"id": "x", "made": {"wall": "nan"}}', "[" * 16000, BEYOND])
def test_what_nobody_can_read_has_no_end_and_goes(make, text):
    shelf = make()
    _, kept = put(shelf)
    shelf.close()
    (shelf.folder / kept.id / NOTE).write_text(text)
    make()
    assert not (shelf.folder / kept.id).exists()


def test_nothing_half_written_is_ever_there(make):
    shelf = make()

    def fails(folder):
        write(folder)
        raise OSError(28, "No space left on device")

    secret = new_secret()
    with pytest.raises(OSError, match="No space"):
        shelf.add(secret, fails)
    assert shelf.find(secret) is None
    assert [place.name for place in shelf.folder.iterdir() if place.is_dir()] == []


def test_a_film_that_comes_after_its_picture_was_deleted_is_not_kept(make):
    shelf = make()
    _, kept = put(shelf)
    shelf.remove(kept.id)
    with pytest.raises(GoneError):
        shelf.put(kept.id, _film(shelf))
    assert not (shelf.folder / kept.id).exists()


def test_so_many_an_hour_and_no_more_however_often_they_are_deleted_or_the_show_is_started(make, clocks):
    shelf = make()
    for _ in range(LIMITS.an_hour):
        assert shelf.refusal is None
        put(shelf)
    assert shelf.refusal is Refusal.HOUR
    shelf.close()
    again = make()
    assert again.refusal is Refusal.HOUR
    again.clear()
    assert again._quota.refusal(clocks()) is Refusal.HOUR
    clocks.later(3601.0)
    assert again._quota.refusal(clocks()) is None


def test_the_budget_of_the_disk_and_a_full_one_refuse(make, monkeypatch):
    shelf = make(replace(LIMITS, most_bytes=EACH + 10))
    assert shelf.refusal is None
    put(shelf)
    assert shelf.refusal is Refusal.SPACE
    shelf.close()
    full = quota.shutil.disk_usage("/")._replace(free=1 << 20)
    monkeypatch.setattr(quota.shutil, "disk_usage", lambda _: full)
    assert make().refusal is Refusal.DISK


def test_a_film_fills_room_and_what_is_deleted_gives_it_back(make, clocks):
    shelf = make(replace(LIMITS, most_bytes=EACH + 5000))
    _, kept = put(shelf)
    assert shelf._quota.refusal(clocks()) is None
    film = _film(shelf)
    film.write_bytes(bytes(6000))
    shelf.put(kept.id, film)
    assert shelf._quota.refusal(clocks()) is Refusal.SPACE
    shelf.remove(kept.id)
    assert shelf._quota.refusal(clocks()) is None


def test_the_gallery_has_its_own_time_and_who_takes_it_back_has_the_old_one(make, clocks):
    shelf = make()
    secret, kept = put(shelf)
    shelf.gallery(kept.id, "shown")
    clocks.later(3000.0)
    assert shelf.find(secret).gallery == "shown"
    assert read_note(shelf.folder / kept.id).lasts == LIMITS.gallery
    shelf.gallery(kept.id, "")
    with pytest.raises(GoneError):
        shelf.find(secret)


def test_a_gallery_of_less_time_takes_none_from_what_was_promised(make, clocks):
    shelf = make(replace(LIMITS, lasts=10_000.0))
    secret, kept = put(shelf)
    shelf.gallery(kept.id, "shown")
    clocks.later(7199.0)
    assert shelf.gallery_left(shelf.find(secret)) == 1.0
    clocks.later(2.0)
    assert shelf.gallery_left(shelf.find(secret)) == 0.0 and read_note(shelf.folder / kept.id).lasts == 10_000.0
    clocks.later(2800.0)
    with pytest.raises(GoneError):
        shelf.find(secret)


def test_what_is_taken_back_or_printed_on_a_full_disk_holds_at_once_and_is_written_when_there_is_room(make, faults, monkeypatch):
    shelf = make()
    secret, kept = put(shelf)
    shelf.gallery(kept.id, "shown")
    written, full = storage.write_note, [True]

    def refuses(folder, kept):
        if full[0]:
            raise OSError(28, "No space left on device")
        written(folder, kept)

    monkeypatch.setattr(storage, "write_note", refuses)
    shelf.gallery(kept.id, "")
    shelf.printed(kept.id)
    assert (shelf.find(secret).gallery, shelf.find(secret).prints) == ("", 1)  # nobody sees it there, and nobody prints it without end
    assert read_note(shelf.folder / kept.id).gallery == "shown" and faults == [
        f"takeaways: {shelf.folder}: cannot be written (No space left on device); it is tried again"
    ]
    full[0] = False
    shelf._woken.set()  # as it is every few seconds
    until = time.monotonic() + 60
    while read_note(shelf.folder / kept.id).gallery != "" and time.monotonic() < until:
        time.sleep(0.01)
    assert (read_note(shelf.folder / kept.id).gallery, read_note(shelf.folder / kept.id).prints) == ("", 1)


def test_two_shows_do_not_share_a_folder(make):
    shelf = make()
    with pytest.raises(ConfigError, match=r"takeaways\.folder: .*another show"):
        make()
    shelf.close()


def test_a_folder_that_cannot_be_had_is_a_clear_error(tmp_path, faults):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"takeaways\.folder: "):
        Shelf(tmp_path / "file" / "shelf", LIMITS, faults.append)


def test_the_clocks_of_this_machine():
    first, second = moment(), moment()
    assert first.boot == second.boot and 0 <= age(first, second) < 5
    assert age(replace(second, boot="a", wall=10.0), replace(first, boot="b", wall=9.0)) is None


def test_an_id_tells_nothing_of_the_link():
    secret = new_secret()
    assert secret not in id_of(secret) and id_of(secret) != id_of(new_secret())
    assert json.dumps(id_of(secret)).isascii()
