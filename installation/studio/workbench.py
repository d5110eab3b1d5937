"""What is done with one photograph: taken in, shown, and made into files. In the studio's jobs alone, of which one is done at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from installation.control.web.studio_desk import Json, StudioError
from installation.engines.style_models import Predictor
from installation.faces.ffhq import crop_to_original, quad_from_landmarks
from installation.messages import Image
from installation.stages.align import align_image
from installation.studio.code_file import DRAWN_PX, MOST_PAINTINGS, Card, Code, read_code, write_code
from installation.studio.desk import kept_values, no_longer_look, painting_json
from installation.studio.people import FaceFinder, Person, largest
from installation.studio.photograph import Photograph, read_photograph, smaller
from installation.studio.pictures import enlarged, jpeg, png
from installation.studio.portraying import Offer, Portrayer
from installation.studio.search_talk import Request
from installation.studio.styling import Stylist
from installation.studio.visits import Visit
from installation.studio.wish import Wish, is_edit, is_style
from installation.styles.folder import SEEN_PX
from installation.styles.library import Style

NOBODY = "no face was found. It should be seen from the front, large enough and in good light."


@dataclass(eq=False)
class Workbench:
    """Takes a moment to make, holds networks, and serves every visit; it keeps none. Every method may raise StudioError."""

    offer: Offer
    finder: FaceFinder
    portrayer: Portrayer
    stylist: Stylist
    _predictor: Predictor | None = field(default=None, init=False)

    # ---- pictures that come ----

    def welcome(self, data: bytes, name: str) -> Visit:
        """A photograph's file: everybody in it is found, and the largest of them has met the encoder."""
        photograph, whole = read_photograph(data, name)
        people = self.finder.find(photograph.view, whole)
        if not people:
            raise StudioError(422, f"{photograph.name}: {NOBODY}")
        visit = Visit(photograph, people)
        chosen = largest(people)
        if chosen is not None:
            self.portrayer.meet(visit, chosen.number)
        return visit

    def unpack(self, data: bytes, name: str) -> tuple[Visit, Json]:
        """A face without its photograph, and how it was edited: what the generator draws of it stands in for one."""
        code = read_code(data, name, self.offer.models, self.offer.generator)
        drawn = enlarged(self.portrayer.reconstructed(code.encoded), DRAWN_PX)
        visit = Visit(Photograph.of(drawn, code.name or name, b"", code.picture), (Person.of_square(code.encoded.face, drawn),))
        visit.met[1] = code.encoded
        visit.own.update(code.paintings)
        visit.searched = code.searched
        return visit, self._edits(code)

    def learn(self, visit: Visit, data: bytes, name: str) -> Json:
        """A painting's file becomes a style of the visit."""
        free = visit.free_style()
        if free is None:
            raise StudioError(422, f"{MOST_PAINTINGS} paintings are the most that one picture has at a time.")
        photograph, _ = read_photograph(data, name)
        self._predictor = self._predictor or Predictor()
        vector = self._predictor(_square(photograph.draft)).copy()
        style = visit.own[free] = Style(free, Path(photograph.name).stem, vector=vector)
        return painting_json(style)

    # ---- pictures that go ----

    def shown(self, visit: Visit, wish: Wish) -> bytes:
        """JPEG of what is to be seen."""
        return jpeg(self._picture(visit, wish), wish.fine, visit.photograph.profile)

    def before(self, visit: Visit, wish: Wish) -> bytes:
        """JPEG of the same view without any edit."""
        return self.shown(visit, wish.unedited)

    def saved(self, visit: Visit, wish: Wish) -> bytes:
        """PNG of the same at full size."""
        return png(self._picture(visit, wish, visit.photograph.whole()), visit.photograph.profile)

    def packed(self, visit: Visit, number: int, wish: Wish) -> bytes:
        """``.npz`` of a face's code and edits."""
        code = wish.codes.get(number, 0)
        encoded, person, photograph = self.portrayer.meet(visit, number, code), visit.person(number), visit.photograph
        searched = bool(code) or visit.searched
        card = Card(photograph.digest, number, photograph.name, wish.faces.get(number, {}), wish.style, searched)
        return write_code(encoded, person.aligned, card, visit.own, self.offer.models, self.offer.generator)

    def from_code(self, visit: Visit, number: int, code: int = 0) -> bytes:
        """JPEG of a face as the generator draws it from its code alone."""
        return jpeg(self.portrayer.reconstructed(self.portrayer.meet(visit, number, code)))

    def request(self, visit: Visit, number: int, code: int, seconds: float) -> Request:
        """What a longer look at a face begins with: its square, and the code that it has."""
        models, path = self.offer.models, self.offer.models.generator_path
        why = no_longer_look(models)
        if why or path is None:
            raise StudioError(422, why)
        if not visit.photograph.data:
            raise StudioError(422, "There is no photograph here to look at longer, only a code; bring the photograph, too.")
        encoded, side = self.portrayer.meet(visit, number, code), int(models.base.size)
        square = align_image(visit.photograph.view, crop_to_original(quad_from_landmarks(visit.person(number).face.landmarks), side), side)
        detail = None if encoded.detail is None or models.detail is None else encoded.detail.numpy()
        encoder = None if models.detail is None else models.encoder_path
        return Request(path, self.offer.generator, encoder, path.parent, seconds, square, encoded.ws.numpy(), detail)

    def sketch(self, visit: Visit, number: int, style: str) -> bytes:
        """Small JPEG of a face in a style."""
        return jpeg(self.stylist.sketch(visit, number, style))

    def _picture(self, visit: Visit, wish: Wish, whole: Image | None = None) -> Image:
        """The faces as they are wished, and the style over them. whole: the photograph at full size, where that is wanted."""
        return self.stylist.styled(visit, wish, self.portrayer.picture(visit, wish, whole))

    def _edits(self, code: Code) -> Mapping[str, object]:
        own = [f"style/{name}/amount" for name in code.paintings]
        values, left = kept_values(code.values, self.offer.table(), is_edit)
        style, more = kept_values(code.style, self.offer.table(), is_style, own)
        lost = sorted({*left, *more})
        notices = [f"Left out, as it is not there on this machine: {', '.join(lost)[:300]}."] if lost else []
        return {"values": values, "style": style, "notices": notices, "code": True, "face": code.face, "searched": code.searched}


def _square(painting: Image) -> Image:
    """The middle of a painting as its style is read from."""
    height, width = painting.shape[:2]
    side, x, y = min(height, width), (width - min(height, width)) // 2, (height - min(height, width)) // 2
    return enlarged(smaller(painting[y : y + side, x : x + side], SEEN_PX), SEEN_PX)
