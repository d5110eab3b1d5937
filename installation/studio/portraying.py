"""From a photograph and a wish to the picture with its faces edited: the mirror's edit, generate and glass, turned by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from installation.control.parameters import ParameterTable
from installation.darkroom.sitting import WALL
from installation.engines.fingerprint import digest
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
from installation.studio.networks import StudioNetworks
from installation.studio.people import scaled
from installation.studio.visits import Drawn, Visit
from installation.studio.wish import Wish, controls_of
from installation.styles.library import Palette

LEAST_PORTRAIT = 256  # px of a portrait that is seen alone


@dataclass(frozen=True, eq=False)
class Offer:
    """What there is to edit with, as it is now: files of directions and styles come and go while a show runs."""

    models: Models
    table: Callable[[], ParameterTable]
    directions: Callable[[], DirectionSet]
    palette: Callable[[], Palette]

    @cached_property
    def generator(self) -> str:
        """Digest of the generator's weights: what codes belong to."""
        return digest(self.models.base)


@dataclass(eq=False)
class Portrayer:
    """Encodes faces and draws them edited; knows nothing of styles. Belongs to the studio's jobs."""

    offer: Offer
    networks: StudioNetworks

    def meet(self, visit: Visit, number: int, code: int = 0) -> EncodedFace:
        """The code of somebody in the photograph, made when they are chosen first. code: a found one instead of the encoder's. Raises
        StudioError where they cannot be edited, or have no such code."""
        known = visit.met.get(number)
        if known is None:
            person, photograph = visit.person(number), visit.photograph
            others = [one.aligned for one in visit.people if one is not person]
            known = visit.met[number] = self.networks.encoded(person.aligned, others, photograph.width, photograph.height)
        return visit.encoded(number, code) if code else known

    def picture(self, visit: Visit, wish: Wish, image: Image | None = None) -> Image:
        """The photograph [h, w, 3] with its faces as they are wished, or one face's square. image: the photograph in the size that it is
        wanted in; None takes one to look at."""
        photograph = visit.photograph
        small = not wish.fine and wish.portrait is None
        image = image if image is not None else photograph.draft if small else photograph.view
        reflected = self._reflected(visit, wish, image)
        if wish.portrait is not None:
            return next(one.image for one in reflected.portraits if one.face.id == visit.person(wish.portrait).face.id)
        return image if reflected.picture is None else reflected.picture

    def reconstructed(self, own: EncodedFace) -> Image:
        """The generator's own drawing of a code [p, p, 3]."""
        face = EditedFace(own.face, own.ws, own.ws, own.detail, 1.0, None, own, glass=0.0)
        drawing = self.networks.drawn(EditedFrame(Frame(0, 0.0, np.zeros((1, 1, 3), np.uint8)), (face,)), finest=True)
        assert drawing.edited is not None
        return drawing.edited

    def _reflected(self, visit: Visit, wish: Wish, image: Image) -> Portraits:
        """Every edited face in its place in ``image``, or one square."""
        alone = wish.portrait is not None
        image, places = _placed(visit, wish, image)
        frame = Frame(0, 0.0, image)
        numbers = [wish.portrait] if wish.portrait is not None else [number for number, values in wish.faces.items() if values]
        nobody = EncodedFace(next(iter(places.values())), self.offer.models.latent_avg, None)
        met = {n: self.meet(visit, n, wish.codes.get(n, 0)) if n in numbers else visit.met.get(n, nobody) for n in places}
        sitters = {n: replace(one, face=places[n]) for n, one in met.items()}
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
        key = json.dumps([sorted(values.items()), wish.codes.get(number, 0), finest, side if not finest else 0, id(directions)])
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
