"""The studio as the web server sees it: every question is a job, and jobs come one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import numpy as np
import torch

from installation.assembly.networks import painter_settings
from installation.config import Config
from installation.control.web.studio_desk import Json, StudioError
from installation.models.guests import FACES
from installation.operation.priority import Priorities
from installation.studio.brushes import Brushes
from installation.studio.desk import LONGER_SECONDS, adopted_json, desk_of, visit_json
from installation.studio.jobs import JobQueue
from installation.studio.networks import StudioNetworks
from installation.studio.people import FaceFinder
from installation.studio.photograph import shown_name
from installation.studio.portraying import Offer, Portrayer
from installation.studio.searching import Search, Searcher
from installation.studio.styling import Stylist
from installation.studio.visits import Visit, Visits
from installation.studio.wish import Wish, read_wish, takes_little
from installation.studio.workbench import Workbench

T = TypeVar("T")
NOT_YET = "The mirror is still starting; try again in a moment."


class Atelier:
    """See ``control.web.studio_desk.Studio``. alone: whether there is no show beside it."""

    def __init__(self, config: Config, offer: Offer, alone: bool = False) -> None:
        self._config, self._offer, self._alone = config, offer, alone
        self._visits = Visits()
        self._jobs = JobQueue(self._rest)
        self._searcher = Searcher()
        self._networks: StudioNetworks | None = None
        self._bench: Workbench | None = None  # until nobody has come for a while
        self._samples = sorted(FACES.glob("*.webp"))

    def use(self, networks: StudioNetworks, priorities: Priorities | None) -> None:
        """They stand now; priorities: of the show that runs with them, None where none does."""
        self._networks = networks
        self._jobs.beside(priorities)

    def close(self, longest: float | None = None) -> None:
        """End after the job in hand, waiting ``longest`` s for it (None: until it is done), and keep nothing."""
        self._searcher.close()
        self._jobs.close(longest)
        self._visits.clear()

    # ---- what there is ----

    def desk(self) -> Json:
        if self._networks is not None and self._bench is None:
            with contextlib.suppress(StudioError):  # whoever brings a picture is told
                self._jobs.put(self._open)
        return desk_of(self._offer, len(self._samples), self._alone)

    def sample(self, number: int) -> bytes:
        if not 1 <= number <= len(self._samples):
            raise StudioError(404, "There is no such sample.")
        return self._samples[number - 1].read_bytes()

    def seen(self, id: str) -> Json:
        return {"seconds": round(self._visits.left(id))}

    def forget(self, id: str) -> None:
        self._visits.forget(id)
        self._searcher.forget(id)

    # ---- pictures that come ----

    def take_photograph(self, data: bytes, name: str) -> Future[Json]:
        return self._jobs.put(lambda: self._welcome(data, name))

    def take_sample(self, number: int) -> Future[Json]:
        data = self.sample(number)
        return self._jobs.put(lambda: self._welcome(data, f"visitor-{number}.webp"))

    def take_code(self, data: bytes, name: str) -> Future[Json]:
        return self._jobs.put(lambda: self._unpack(data, shown_name(name)))

    def take_lent(self, data: bytes, name: str, lent: Callable[[], bool]) -> Future[Json]:
        return self._jobs.put(lambda: self._welcome(data, name, lent))

    def take_painting(self, id: str, data: bytes, name: str) -> Future[Json]:
        def job() -> Json:
            visit = self._visits.get(id)
            return self._open().learn(visit, data, name)

        return self._jobs.put(job)

    # ---- pictures that go ----

    def before(self, id: str, wish: object) -> Future[bytes]:
        return self._asked(id, wish, Workbench.before, self._little(id, wish))

    def drawn(self, id: str, wish: object) -> Future[bytes]:
        return self._asked(id, wish, Workbench.shown, self._little(id, wish))

    def code_seen(self, id: str, number: int, code: int = 0) -> Future[bytes]:
        return self._jobs.put(lambda: self._open().from_code(self._visits.get(id), number, code))

    def sketch(self, id: str, number: int, style: str) -> Future[bytes]:
        return self._jobs.put(lambda: self._open().sketch(self._visits.get(id), number, style))

    def picture_file(self, id: str, wish: object) -> Future[bytes]:
        return self._asked(id, wish, lambda bench, visit, wish: bench.saved(_own(visit), wish))

    def code_file(self, id: str, number: int, wish: object) -> Future[bytes]:
        return self._asked(id, wish, lambda bench, visit, wish: bench.packed(_own(visit), number, wish))

    # ---- longer looks ----

    def search(self, id: str, number: int, seconds: int, wish: object) -> Future[Json]:
        if seconds not in LONGER_SECONDS:
            raise StudioError(400, f"A longer look takes {', '.join(map(str, LONGER_SECONDS))} s.")

        def begun(bench: Workbench, visit: Visit, wish: Wish) -> Json:
            request = bench.request(visit, number, wish.codes.get(number, 0), seconds)
            shape = request.start.shape

            def keep(code: bytes) -> int:
                ws = torch.from_numpy(np.frombuffer(code, np.float32).reshape(shape).copy())
                return self._visits.keep_code(id, number, ws)

            return self._searcher.put(Search(id, number, request, lambda: self._visits.kept(id), keep))

        return self._asked(id, wish, begun)

    def search_seen(self, id: str) -> Json:
        self._visits.get(id)
        return self._searcher.look(id)

    def search_picture(self, id: str) -> bytes:
        self._visits.get(id)
        return self._searcher.picture(id)

    def end_search(self, id: str, keep: bool) -> None:
        self._visits.get(id)
        (self._searcher.enough if keep else self._searcher.cancel)(id)

    def adopt(self, id: str, other: str, number: int) -> Future[Json]:
        def job() -> Json:
            mine, theirs = self._visits.get(id), self._visits.get(other, touch=False)
            if theirs.photograph.digest != mine.photograph.digest:
                raise StudioError(400, "These are two pictures; a code belongs to one of them.")
            found = {number: (theirs.met[1].ws,)} if theirs.searched else theirs.found
            codes = {n: [self._visits.keep_code(id, n, ws) for ws in those] for n, those in found.items() if n in mine.numbers}
            return adopted_json(mine, theirs, mine.adopt_styles(theirs), codes)

        return self._jobs.put(job)

    # ---- in the studio's threads, one job at a time ----

    def _open(self) -> Workbench:
        """Raises StudioError while the show is not there yet."""
        networks = self._networks
        if networks is None:
            raise StudioError(503, NOT_YET)
        if self._bench is None:
            brushes = Brushes(painter_settings(self._config).engine, self._config.engine.style_px)
            finder = FaceFinder(self._config, networks.crop_px)
            self._bench = Workbench(self._offer, finder, Portrayer(self._offer, networks), Stylist(self._offer, brushes))
        return self._bench

    def _rest(self) -> None:
        self._visits.prune()
        self._searcher.tidy()
        if not len(self._visits):
            self._bench = None

    def _asked(self, id: str, wish: object, make: Callable[[Workbench, Visit, Wish], T], short: bool = False) -> Future[T]:
        def job() -> T:
            visit = self._visits.get(id)
            own = [f"style/{name}/amount" for name in visit.own]
            read = read_wish(wish, self._offer.table(), visit.numbers, own)
            return make(self._open(), visit, read)

        return self._jobs.put(job, short)

    def _little(self, id: str, wish: object) -> bool:
        try:
            return takes_little(wish, tuple(self._visits.get(id, touch=False).met))
        except StudioError:  # which whoever asks is told in their turn
            return True

    def _welcome(self, data: bytes, name: str, lent: Callable[[], bool] | None = None) -> Json:
        visit = self._open().welcome(data, name)
        visit.lent = lent
        self._visits.add(visit)
        return visit_json(visit)

    def _unpack(self, data: bytes, name: str) -> Json:
        visit, edits = self._open().unpack(data, name)
        self._visits.add(visit)
        return {**visit_json(visit), **edits}


def _own(visit: Visit) -> Visit:
    """Raises StudioError where the picture is somebody else's."""
    if visit.lent is not None:
        raise StudioError(403, "This is a visitor's picture: it can be looked at and edited here, and is not saved.")
    return visit
