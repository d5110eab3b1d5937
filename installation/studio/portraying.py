"""From a photograph and a wish to the picture that is to be seen: the mirror's edit, generate and glass, turned by hand for one still."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from installation.control.parameters import ParameterTable
from installation.control.web.studio_desk import StudioError
from installation.darkroom.sitting import WALL
from installation.faces.ffhq import crop_to_original, invert, quad_from_landmarks, transform
from installation.latents.directions import DirectionSet
from installation.messages import (
    Drawing,
    DrawnFrame,
    EditedFace,
    EditedFrame,
    EncodedFace,
    EncodedFrame,
    Face,
    Frame,
    Image,
    Matrix,
    Portraits,
)  # fmt: skip
from installation.models.bundle import Models
from installation.portraits.fitting import SMALL_PX
from installation.stages.align import align_image
from installation.stages.edit import Edit
from installation.stages.glass import LARGEST_ON_CPU, LARGEST_ON_GPU, SIDES, Glass, GlassSettings
from installation.studio.brushes import SKETCH_PX, Brushes
from installation.studio.networks import StudioNetworks
from installation.studio.people import scaled
from installation.studio.visits import Drawn, Visit
from installation.studio.wish import FACES_ALONE, SCOPE, STYLE_CONTROLS, Values, Wish, controls_of
from installation.styles.blend import Blend, blend_of
from installation.styles.library import Palette

LEAST_PORTRAIT = 256  # px of a portrait that is seen alone
PORTRAIT_PX = 384  # longer side that a style is painted at where a portrait is seen alone


@dataclass(frozen=True, eq=False)
class Offer:
    """What there is to edit with, as it is now: files of directions and styles come and go while a show runs."""

    models: Models
    table: Callable[[], ParameterTable]
    directions: Callable[[], DirectionSet]
    palette: Callable[[], Palette]


@dataclass(eq=False)
class Portrayer:
    """Belongs to the studio's thread."""

    offer: Offer
    networks: StudioNetworks
    brushes: Brushes

    def meet(self, visit: Visit, number: int) -> EncodedFace:
        """The code of somebody in the photograph, made when they are chosen first. Raises StudioError where they cannot be."""
        known = visit.met.get(number)
        if known is None:
            person, photograph = visit.person(number), visit.photograph
            others = [one.aligned for one in visit.people if one is not person]
            known = visit.met[number] = self.networks.encoded(person.aligned, others, photograph.width, photograph.height)
        return known

    def picture(self, visit: Visit, wish: Wish, image: Image | None = None) -> Image:
        """What is to be seen [h, w, 3]: the photograph, or one face's square. image: the photograph in the size that it is wanted in; None
        takes one to look at."""
        photograph = visit.photograph
        small = not wish.fine and wish.portrait is None
        image = image if image is not None else photograph.draft if small else photograph.view
        reflected = self._reflected(visit, wish, image)
        if wish.portrait is not None:
            shown = next(one.image for one in reflected.portraits if one.face.id == visit.person(wish.portrait).face.id)
        else:
            shown = image if reflected.picture is None else reflected.picture
        blend = self._blend(visit, wish.style)
        return shown if blend is None else self._painted(visit, wish, shown, blend)

    def from_code(self, visit: Visit, number: int) -> Image:
        """A face [p, p, 3] as the generator draws it from its code alone."""
        return self.reconstructed(self.meet(visit, number))

    def reconstructed(self, own: EncodedFace) -> Image:
        """The generator's own drawing of a code [p, p, 3]."""
        face = EditedFace(own.face, own.ws, own.ws, own.detail, 1.0, None, own, glass=0.0)
        drawing = self.networks.drawn(EditedFrame(Frame(0, 0.0, np.zeros((1, 1, 3), np.uint8)), (face,)), finest=True)
        assert drawing.edited is not None
        return drawing.edited

    def sketch(self, visit: Visit, number: int, style: str) -> Image:
        """A face's square in a style. Raises StudioError."""
        palette = self._palette(visit)
        if style not in palette.styles:
            raise StudioError(404, f"There is no style {style[:40]}.")
        quad = quad_from_landmarks(visit.person(number).face.landmarks)
        square = align_image(visit.photograph.view, crop_to_original(quad, SKETCH_PX), SKETCH_PX)
        blend = blend_of(palette, {style: 1.0})
        return square if blend is None else self.brushes.sketch(square, blend)

    def _reflected(self, visit: Visit, wish: Wish, image: Image) -> Portraits:
        """Every edited face in its place in ``image``, or one square."""
        alone = wish.portrait is not None
        image, places = _placed(visit, wish, image)
        frame = Frame(0, 0.0, image)
        numbers = [wish.portrait] if wish.portrait is not None else [number for number, values in wish.faces.items() if values]
        nobody = EncodedFace(next(iter(places.values())), self.offer.models.latent_avg, None)
        sitters = {n: replace(visit.met.get(n, nobody) if n not in numbers else self.meet(visit, n), face=places[n]) for n in places}
        edited: list[EditedFace] = []
        drawings: list[Drawing] = []
        for number in numbers:
            drawn = self._drawn(visit, number, wish, sitters[number], alone)
            edited.append(replace(drawn.edited, face=places[number], own=sitters[number]))
            drawings.append(drawn.drawing)
        glass = Glass(GlassSettings(WALL, WALL, lockstep=True, largest=LARGEST_ON_GPU), align_image)
        controls = controls_of({}, self.offer.table(), alone)
        shown = DrawnFrame(EditedFrame(frame, tuple(edited)), tuple(drawings))
        return glass.reflect(EncodedFrame(frame, tuple(sitters.values())), shown, controls, 0.0)

    def _drawn(self, visit: Visit, number: int, wish: Wish, own: EncodedFace, alone: bool) -> Drawn:
        """One face's drawing; the last one where nothing of it has changed."""
        values, directions = wish.faces.get(number, {}), self.offer.directions()
        side = math.ceil(quad_from_landmarks(own.face.landmarks).side)
        finest = wish.fine and side > SMALL_PX
        key = json.dumps([sorted(values.items()), finest, side if not finest else 0, id(directions)])
        known = visit.drawn.get(number)
        if known is not None and known.key == key:
            return known
        frame = EncodedFrame(Frame(0, 0.0, visit.photograph.draft), (own,))
        edited = self._edit(directions).edit(frame, controls_of(values, self.offer.table(), alone), 0.0)
        one = replace(edited.faces[0], mix=edited.mix, pixels=side)
        drawing = self.networks.drawn(replace(edited, faces=(one,)), finest)
        visit.drawn[number] = Drawn(key, one, drawing)
        return visit.drawn[number]

    def _edit(self, directions: DirectionSet) -> Edit:
        """A new one for each picture: nothing glides from one to the next."""
        models = self.offer.models
        return Edit(directions, models.latent_avg, [child.name for child in models.children], models.resolutions)

    def _palette(self, visit: Visit) -> Palette:
        palette = self.offer.palette()
        return Palette({**palette.styles, **visit.own}) if visit.own else palette

    def _blend(self, visit: Visit, style: Values) -> Blend | None:
        """The style that is asked for; None where none is, or none of those that there are."""
        palette, table = self._palette(visit), self.offer.table()
        strength, colour = (float(style.get(name, table[name].default if name in table else 1.0)) for name in STYLE_CONTROLS)
        amounts = {name.split("/")[1]: float(value) for name, value in style.items() if name.count("/") == 2}
        weights = {name: amount for name, amount in amounts.items() if amount > 0 and name in palette.styles}
        return blend_of(palette, weights, strength, colour) if weights else None

    def _painted(self, visit: Visit, wish: Wish, shown: Image, blend: Blend) -> Image:
        if wish.portrait is not None:
            return self.brushes.whole(shown, blend, PORTRAIT_PX)
        if wish.style.get(SCOPE) != FACES_ALONE:
            return self.brushes.whole(shown, blend)
        view = visit.photograph.view
        across, down = shown.shape[1] / view.shape[1], shown.shape[0] / view.shape[0]
        people = sorted(visit.people, key=lambda one: one.width)
        quads = (quad_from_landmarks(scaled(one.face, across, down).landmarks) for one in people)
        return self.brushes.faces(shown, [crop_to_original(quad, 1) for quad in quads], blend)


def _placed(visit: Visit, wish: Wish, image: Image) -> tuple[Image, dict[int, Face]]:
    """What is to be edited, and where everybody is in it: ``image``, the photograph in some size, or the square of one face, large enough
    to be looked at however few pixels the photograph has of it."""
    view = visit.photograph.view
    across, down = image.shape[1] / view.shape[1], image.shape[0] / view.shape[0]
    places = {one.number: scaled(one.face, across, down) for one in visit.people}
    if wish.portrait is None:
        return image, places
    quad = quad_from_landmarks(places[wish.portrait].landmarks)
    largest = LARGEST_ON_GPU if wish.fine else LARGEST_ON_CPU
    side = next((side for side in SIDES if LEAST_PORTRAIT <= side <= largest and side >= quad.side), largest)
    M_c2o = crop_to_original(quad, side)
    M_o2c = invert(M_c2o)
    return align_image(image, M_c2o, side), {number: _moved(face, M_o2c) for number, face in places.items()}


def _moved(face: Face, matrix: Matrix) -> Face:
    """The face where an affine matrix takes it."""
    landmarks = np.asarray(transform(matrix, face.landmarks), np.float32)
    (x0, y0), (x1, y1) = landmarks.min(axis=0).tolist(), landmarks.max(axis=0).tolist()
    return replace(face, landmarks=landmarks, box=(x0, y0, x1, y1))


def enlarged(picture: Image, side: int) -> Image:
    """A square drawing at another size."""
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def numbers_of(visit: Visit) -> Sequence[int]:
    """Of the faces that can be edited."""
    return [one.number for one in visit.people if not one.why]
