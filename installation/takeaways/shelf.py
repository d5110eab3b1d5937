"""Which takeaways there are, and for how long: each is gone at the end of its time.

The time to live is in the files, so that it holds across a program that was killed: what is over its time, or was never finished,
goes when the next show starts. Nothing else in the folder is touched."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from installation.takeaways.ageing import Moment, age, moment
from installation.takeaways.kept import SECRET, Gallery, Kept, id_of
from installation.takeaways.leftovers import MAKING, Ended
from installation.takeaways.quota import HOUR, Quota
from installation.takeaways.storage import Storage, staging_name

LONGEST_SWEEP = 20.0  # s between two looks at the time


@dataclass(frozen=True, slots=True)
class Limits:
    """lasts: s that a takeaway may stay; gallery: s for one in the gallery; an_hour: how many; most_bytes: of all together."""

    lasts: float
    gallery: float
    an_hour: int
    most_bytes: int


class GoneError(Exception):
    """There was a takeaway under this link. deleted: whether nothing of it is left on the disk; otherwise that is tried again."""

    def __init__(self, deleted: bool = True) -> None:
        super().__init__(deleted)
        self.deleted = deleted


class Shelf:
    """Any thread may ask. folder: its own; on_fault: told, from any thread, of what could not be written or deleted; now: the clocks.

    Raises ConfigError where the folder cannot be had. ``opened`` says what was cleared away.
    """

    def __init__(self, folder: Path, limits: Limits, on_fault: Callable[[str], None], now: Callable[[], Moment] = moment) -> None:
        self.folder, self.limits = folder, limits
        self._on_fault, self._now = on_fault, now
        self._lock = threading.RLock()
        self._kept: dict[str, Kept] = {}
        self._unwritten: set[str] = set()  # of which the disk does not know yet what holds
        self._going: set[str] = set()  # what is out of reach and still lies there: names of folders, without ``GOING``
        self._storage = Storage(folder, on_fault)
        self._quota = Quota(folder, limits.an_hour, limits.most_bytes)
        self._ended = Ended(folder)
        self.opened = self._open()
        # Why none can be taken now; None where one can. It may be some seconds old: a display never waits.
        self.refusal = self._quota.refusal(self._now())
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="takeaways", daemon=True)
        self._sweeper.start()

    def close(self) -> None:
        """Delete no more. What is kept stays for its time."""
        self._stop.set()
        self._woken.set()
        self._sweeper.join()
        self._storage.close()

    # ---- what is there -----------------------------------------------------------------------------------------------

    def find(self, secret: str) -> Kept | None:
        """What lies under a link, None where nothing ever did. Raises GoneError where its time is over, or it was deleted."""
        if not SECRET.fullmatch(secret):
            return None
        return self.of(id_of(secret))

    def of(self, name: str) -> Kept | None:
        """The same by its id."""
        with self._lock:
            found = self._kept.get(name)
            if found is not None and found.left(self._now()) > 0:
                return found
            if found is not None:
                self._remove(name)
            if name in self._going or name in self._ended:
                raise GoneError(deleted=name not in self._going)
            return None

    @property
    def going(self) -> int:
        """How many that could not be deleted are out of reach and tried again."""
        with self._lock:
            return len(self._going)

    def all(self) -> tuple[Kept, ...]:
        """Everything whose time is not over, the oldest first."""
        now = self._now()
        with self._lock:
            return tuple(one for one in self._kept.values() if one.left(now) > 0)

    def path(self, kept: Kept, name: str) -> Path | None:
        """Where a file of it lies; None where it has none of this name."""
        return self.folder / kept.id / name if name in kept.files else None

    def ends(self, kept: Kept) -> float:
        """When it will be deleted, s since 1970 by the clock as it is now."""
        now = self._now()
        return now.wall + kept.left(now)

    def gallery_left(self, kept: Kept) -> float:
        """Seconds that it may still be in the gallery, as it stands; its page may have more."""
        now = self._now()
        return min(kept.left(now), replace(kept, lasts=self.limits.gallery).left(now))

    # ---- what changes ------------------------------------------------------------------------------------------------

    def add(self, secret: str, write: Callable[[Path], tuple[str, ...]]) -> Kept:
        """A new takeaway. write: puts files into a folder, and says their names. Raises OSError; then nothing of it is left."""
        name = id_of(secret)

        def filled(place: Path) -> Kept:
            files = write(place)
            return Kept(name, self._now(), self.limits.lasts, files)

        try:
            kept = self._storage.make(name, filled)
        except BaseException:
            self._clear_away(staging_name(name))
            raise
        with self._lock:
            self._kept[name] = kept
            self._quota.fills(name, self._storage.size(name))
            self._quota.taken(kept.made)
        self.refusal = self._quota.refusal(self._now())
        self._woken.set()
        return kept

    def put(self, name: str, file: Path) -> None:
        """Give a takeaway one more file, under the name that it has, from a place on the same disk. Raises OSError, and GoneError
        where it has gone meanwhile."""
        with self._lock:
            kept = self._kept.get(name)
            if kept is None:
                raise GoneError
            self._storage.move_in(name, file)
            self._change(kept.with_file(file.name))
            self._quota.fills(name, self._storage.size(name))

    def finish(self, name: str) -> None:
        """Nothing more is to come of it."""
        self._alter(name, lambda kept: replace(kept, whole=True))

    def printed(self, name: str) -> None:
        """It was printed once more."""
        self._alter(name, lambda kept: replace(kept, prints=kept.prints + 1))

    def gallery(self, name: str, state: Gallery) -> None:
        """Offer it, show it, refuse it, or take it back. In the gallery, and only there, it has the gallery's time where that is more than
        its own, of which nothing is taken: its visitor was promised it."""
        lasts = max(self.limits.lasts, self.limits.gallery) if state == "shown" else self.limits.lasts
        self._alter(name, lambda kept: replace(kept, gallery=state, lasts=lasts))
        self._woken.set()

    def remove(self, name: str) -> bool:
        """Delete it now; whether there was one. Where its files cannot be deleted, ``of`` says so."""
        with self._lock:
            there = name in self._kept
            if there:
                self._remove(name)
        self._woken.set()
        return there

    def clear(self) -> int:
        """Delete all of them now; how many are deleted."""
        with self._lock:
            return sum([self._remove(name) for name in list(self._kept)])

    @contextlib.contextmanager
    def workplace(self, purpose: str) -> Iterator[Path]:
        """A folder beside the takeaways for what is in the making; nothing of it stays. Raises OSError."""
        place = Path(tempfile.mkdtemp(prefix=f"{MAKING}{purpose}-", dir=self.folder))
        try:
            yield place
        finally:
            self._clear_away(place.name)

    def _alter(self, name: str, change: Callable[[Kept], Kept]) -> None:
        """It holds at once, also on a full disk: who takes a picture back out of the gallery sees it gone. It is written when it can be."""
        with self._lock:
            kept = self._kept.get(name)
            if kept is None:
                return
            self._kept[name] = change(kept)
            self._write(name)

    def _write(self, name: str) -> None:
        """What is not written is told once. Under the lock."""
        try:
            self._storage.write(self._kept[name])
            self._unwritten.discard(name)
        except OSError as err:
            if name not in self._unwritten:
                self._unwritten.add(name)
                self._on_fault(f"takeaways: {self.folder}: cannot be written ({err.strerror or err}); it is tried again")

    def _change(self, kept: Kept) -> None:
        self._storage.write(kept)
        self._kept[kept.id] = kept

    def _remove(self, name: str) -> bool:
        """It is out of reach from here on; whether it is deleted. Under the lock."""
        self._kept.pop(name, None)
        self._unwritten.discard(name)
        self._ended.add(name)
        return self._clear_away(name)

    def _clear_away(self, name: str) -> bool:
        """Delete a folder; whether it is gone. Every look at the time tries that again."""
        with self._lock:
            self._going.add(name)  # first: whatever comes of it, it is not forgotten
            gone = self._storage.remove(name)
            if gone:
                self._going.discard(name)
                self._quota.frees(name)
            return gone

    # ---- beginning and end -------------------------------------------------------------------------------------------

    def _open(self) -> str:
        """Take up what an earlier show has left, and clear away what is over its time; a sentence on that, empty for nothing."""
        now, removed = self._now(), []
        for name, kept in self._storage.take_up(now):
            if kept is None or name in self._ended:  # the latter could not be deleted
                removed.append(self._remove(name))
                continue
            self._kept[name] = kept
            self._quota.fills(name, self._storage.size(name))
            if (age(kept.made, now) or 0.0) < HOUR:
                self._quota.taken(kept.made)
        for name in self._storage.left():
            self._clear_away(name)
        there, gone = len(self._kept), sum(removed)
        words = (
            (there, "of an earlier show are kept on"), (gone, "were over their time and are deleted"),
            (len(removed) - gone, "were over their time and cannot be deleted yet"),
        )  # fmt: skip
        return "; ".join(f"{count} {what}" for count, what in words if count)

    def _sweep(self) -> None:
        """Whatever happens, the promise that all of it is deleted at its time hangs on this thread."""
        while not self._stop.is_set():
            wait = LONGEST_SWEEP
            try:
                wait = self._look()
            except Exception as err:
                why = str(err) or type(err).__name__
                self._on_fault(f"takeaways: {self.folder}: a look at the time failed ({why}); there is another one soon")
            self._woken.wait(min(wait + 0.01, LONGEST_SWEEP))
            self._woken.clear()

    def _look(self) -> float:
        """Delete what is over its time, and try again what could not be done; s until the next is over."""
        now = self._now()
        with self._lock:
            for name in tuple(self._going):
                self._clear_away(name)
            self._ended.again()
            left = {name: kept.left(now) for name, kept in self._kept.items()}
            for name in [name for name, seconds in left.items() if seconds <= 0]:
                self._remove(name)
            for name in tuple(self._unwritten):
                self._write(name)
        self.refusal = self._quota.refusal(self._now())
        return min((seconds for seconds in left.values() if seconds > 0), default=LONGEST_SWEEP)
