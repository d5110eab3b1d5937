"""The studio as the web server sees it: every question is a job, and jobs come one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from installation.assembly.networks import hand_settings
from installation.config import Config
from installation.control.web.studio_desk import Json, StudioError
from installation.engines.fingerprint import digest
from installation.engines.style_models import Predictor
from installation.models.guests import FACES
from installation.studio.brushes import Brushes
from installation.studio.code_file import DRAWN_PX, Card, Code, read_code, write_code
from installation.studio.desk import desk_of, kept_values, visit_json
from installation.studio.jobs import JobQueue
from installation.studio.networks import StudioNetworks
from installation.studio.people import FaceFinder, Person, largest
from installation.studio.photograph import Photograph, read_photograph, shown_name, smaller
from installation.studio.pictures import jpeg, png
from installation.studio.portraying import Offer, Portrayer, enlarged, numbers_of
from installation.studio.visits import Visit, Visits
from installation.studio.wish import OWN, Wish, is_edit, is_style, read_wish
from installation.styles.folder import SEEN_PX
from installation.styles.library import Style

T = TypeVar("T")
NOT_YET = "The mirror is still starting; try again in a moment."
NOBODY = "no face was found. It should be seen from the front, large enough and in good light."
MOST_PAINTINGS = 8  # of one visit


@dataclass(frozen=True, eq=False)
class Kit:
    """What takes a moment to make and serves everybody, until nobody has come for a while."""

    finder: FaceFinder
    portrayer: Portrayer


class Atelier:
    """See ``control.web.studio_desk.Studio``. alone: whether there is no show beside it."""

    def __init__(self, config: Config, offer: Offer, alone: bool = False) -> None:
        self._config, self._offer, self._alone = config, offer, alone
        self._visits = Visits()
        self._jobs = JobQueue(self._rest)
        self._networks: StudioNetworks | None = None
        self._kit: Kit | None = None
        self._predictor: Predictor | None = None
        self._generator = ""
        self._samples = sorted(FACES.glob("*.webp"))

    def use(self, networks: StudioNetworks, nice: int | None) -> None:
        """They stand now; nice: priority of the studio's thread."""
        self._networks, self._jobs.nice = networks, nice

    def close(self, longest: float | None = None) -> None:
        """End after the job in hand, waiting ``longest`` s for it (None: until it is done), and keep nothing."""
        self._jobs.close(longest)
        self._visits.clear()

    # ---- what there is ----

    def desk(self) -> Json:
        if self._networks is not None and self._kit is None:
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

    # ---- pictures that come ----

    def take_photograph(self, data: bytes, name: str) -> Future[Json]:
        return self._jobs.put(lambda: self._welcome(data, name))

    def take_sample(self, number: int) -> Future[Json]:
        data = self.sample(number)
        return self._jobs.put(lambda: self._welcome(data, f"visitor-{number}.webp"))

    def take_code(self, data: bytes, name: str) -> Future[Json]:
        return self._jobs.put(lambda: self._unpack(data, shown_name(name)))

    def take_painting(self, id: str, data: bytes, name: str) -> Future[Json]:
        return self._jobs.put(lambda: self._learn(self._visits.get(id), data, name))

    # ---- pictures that go ----

    def before(self, id: str, wish: object) -> Future[bytes]:
        return self._asked(id, wish, lambda visit, wish: self._shown(visit, wish.unedited))

    def drawn(self, id: str, wish: object) -> Future[bytes]:
        return self._asked(id, wish, self._shown)

    def code_seen(self, id: str, number: int) -> Future[bytes]:
        return self._jobs.put(lambda: jpeg(self._open().portrayer.from_code(self._visits.get(id), number)))

    def sketch(self, id: str, number: int, style: str) -> Future[bytes]:
        return self._jobs.put(lambda: jpeg(self._open().portrayer.sketch(self._visits.get(id), number, style)))

    def picture_file(self, id: str, wish: object) -> Future[bytes]:
        return self._asked(id, wish, self._saved)

    def code_file(self, id: str, number: int, wish: object) -> Future[bytes]:
        return self._asked(id, wish, lambda visit, wish: self._packed(visit, number, wish))

    # ---- in the studio's thread ----

    def _open(self) -> Kit:
        """Raises StudioError while the show is not there yet."""
        networks = self._networks
        if networks is None:
            raise StudioError(503, NOT_YET)
        if self._kit is None:
            brushes = Brushes(hand_settings(self._config).engine, self._config.engine.style_px)
            self._kit = Kit(FaceFinder(self._config, networks.crop_px), Portrayer(self._offer, networks, brushes))
        return self._kit

    def _rest(self) -> None:
        self._visits.prune()
        if not len(self._visits):
            self._kit = self._predictor = None

    def _asked(self, id: str, wish: object, make: Callable[[Visit, Wish], T]) -> Future[T]:
        def job() -> T:
            visit = self._visits.get(id)
            own = [f"style/{name}/amount" for name in visit.own]
            return make(visit, read_wish(wish, self._offer.table(), numbers_of(visit), own))

        return self._jobs.put(job)

    def _welcome(self, data: bytes, name: str) -> Json:
        kit = self._open()
        photograph, whole = read_photograph(data, name)
        people = kit.finder.find(photograph.view, whole)
        if not people:
            raise StudioError(422, f"{photograph.name}: {NOBODY}")
        visit = Visit(photograph, people)
        return self._begin(visit, kit)

    def _begin(self, visit: Visit, kit: Kit) -> Json:
        chosen = largest(visit.people)
        if chosen is not None:
            kit.portrayer.meet(visit, chosen.number)
        self._visits.add(visit)
        return visit_json(visit, chosen)

    def _shown(self, visit: Visit, wish: Wish) -> bytes:
        picture = self._open().portrayer.picture(visit, wish)
        return jpeg(picture, wish.fine, visit.photograph.profile)

    def _saved(self, visit: Visit, wish: Wish) -> bytes:
        picture = self._open().portrayer.picture(visit, wish, visit.photograph.whole())
        return png(picture, visit.photograph.profile)

    def _packed(self, visit: Visit, number: int, wish: Wish) -> bytes:
        encoded, person, photograph = self._open().portrayer.meet(visit, number), visit.person(number), visit.photograph
        card = Card(photograph.digest, number, photograph.name, wish.faces.get(number, {}), wish.style)
        return write_code(encoded, person.aligned, card, visit.own, self._offer.models, self._digest())

    def _unpack(self, data: bytes, name: str) -> Json:
        """A face without its photograph: what the generator draws of it stands in for one."""
        kit = self._open()
        code = read_code(data, name, self._offer.models, self._digest())
        drawn = enlarged(kit.portrayer.reconstructed(code.encoded), DRAWN_PX)
        visit = Visit(Photograph.of(drawn, code.name or name, b"", code.picture), (Person.of_square(code.encoded.face, drawn),))
        visit.met[1] = code.encoded
        visit.own.update(code.paintings)
        return {**self._begin(visit, kit), **self._edits(code)}

    def _edits(self, code: Code) -> Mapping[str, object]:
        own = [f"style/{name}/amount" for name in code.paintings]
        values, left = kept_values(code.values, self._offer.table(), is_edit)
        style, more = kept_values(code.style, self._offer.table(), is_style, own)
        lost = sorted({*left, *more})
        notices = [f"Left out, as it is not there on this machine: {', '.join(lost)[:300]}."] if lost else []
        return {"values": values, "style": style, "notices": notices, "code": True, "face": code.face}

    def _digest(self) -> str:
        self._generator = self._generator or digest(self._offer.models.base)
        return self._generator

    def _learn(self, visit: Visit, data: bytes, name: str) -> Json:
        if len(visit.own) >= MOST_PAINTINGS:
            raise StudioError(422, f"{MOST_PAINTINGS} paintings are the most that one picture has at a time.")
        photograph, _ = read_photograph(data, name)
        self._predictor = self._predictor or Predictor()
        height, width = photograph.draft.shape[:2]
        side, x, y = min(height, width), (width - min(height, width)) // 2, (height - min(height, width)) // 2
        square = enlarged(smaller(photograph.draft[y : y + side, x : x + side], SEEN_PX), SEEN_PX)
        number = next(k for k in range(1, MOST_PAINTINGS + 1) if f"own-{k}" not in visit.own)
        style = Style(f"own-{number}", Path(photograph.name).stem, vector=self._predictor(square).copy())
        visit.own[style.name] = style
        return {"name": f"{OWN}{number}/amount", "title": style.description}
