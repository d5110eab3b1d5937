"""The mirror's own stages, turned by hand for one photograph or clip: every face edited in its place, however long that takes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from torch import Tensor

from installation.assembly.networks import NetworkStages, build_networks, painter_settings
from installation.assembly.settings import track_settings
from installation.canvas.look import SALON
from installation.config import Config
from installation.control.state import Controls
from installation.errors import FaultError, WeightsError
from installation.faces.ffhq import crop_to_original, quad_from_landmarks
from installation.messages import AlignedFrame, EncodedFrame, Face, Frame, Image, Portraits
from installation.models.bundle import Models
from installation.models.guests import GuestBook, face_coder
from installation.stages.align import Align, align_image
from installation.stages.edit import Edit
from installation.stages.glass import LARGEST_ON_GPU, Glass, GlassSettings
from installation.stages.occlusion import Occlusion
from installation.stages.silhouette import Silhouette
from installation.stages.style import Style
from installation.stages.track import Track
from installation.styles.blend import Blender
from installation.styles.library import Palette
from installation.styles.painter import Painter
from installation.styles.wear import Wearing

LOOKS, LOOK_SECONDS = 4, 0.2  # at one picture, after which its landmarks lie still; so far apart that every face is looked at each time
SETTLED = 10.0  # s, after which whatever glides in an edit has arrived
WALL = 1 << 16  # px: on so large a canvas every portrait is as large as the picture has pixels of its face
STYLE_PX = 768  # longer side that a style is painted at, where the configuration leaves it open: strokes keep their width
MOST_FACES = 64
Who = Literal["all", "largest"] | int  # a number counts from the left, from 1 on


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One face's square. number: of the face, counted from the left."""

    number: int
    before: Image  # [S, S, 3]
    after: Image  # [S, S, 3]


@dataclass(frozen=True, slots=True, eq=False)
class Sitter:
    """Somebody whose face is edited. number: counted from the left. ws: [styles, w_dim], the code that it is drawn from, unedited."""

    number: int
    face: Face
    ws: Tensor


@dataclass(frozen=True, slots=True)
class Faces:
    """How many there are in a picture: found at all, asked for, and, of those, edited."""

    found: int = 0
    asked: int = 0
    edited: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture whose faces are edited."""

    picture: Image  # [H, W, 3]; as it was where portraits are wanted
    faces: Faces
    portraits: tuple[Cut, ...] = ()  # only where they are wanted; from the left
    sitters: tuple[Sitter, ...] = ()  # those who are edited; from the left


@dataclass(frozen=True, eq=False)
class Bench:
    """What takes long to make and serves one source after the other."""

    models: Models
    palette: Palette
    networks: NetworkStages
    track: Track
    align: Align
    silhouette: Silhouette
    guests: GuestBook
    painter: Painter

    def clear(self) -> None:
        """Nobody is known any more."""
        self.track.forget()
        self.networks.encode.cache.forget(set(), float("inf"))
        nobody = AlignedFrame(Frame(0, 0.0, np.zeros((1, 1, 3), np.uint8)), ())
        self.networks.occlusion.find(self.silhouette.outline(nobody))


def open_bench(config: Config, models: Models, palette: Palette) -> Bench:
    """Raises FacetsError where a network is missing or does not run here."""
    networks = build_networks(config, models, lockstep=True, finest=True)
    networks.generate.wait()
    track = Track(replace(track_settings(config), max_faces=MOST_FACES, fade_in_seconds=0.0))
    settings = painter_settings(config, lockstep=True, size=(STYLE_PX, STYLE_PX))
    painter = Painter(replace(settings, long_side=settings.long_side or STYLE_PX), _refuse)
    guests = GuestBook(models.latent_avg, face_coder(models), background=False)
    return Bench(models, palette, networks, track, Align(networks.encode.input_px), Silhouette(), guests, painter)


def _refuse(fault: str) -> None:
    raise FaultError(fault)


def outlined(aligned: AlignedFrame, silhouette: Silhouette, occlusion: Occlusion) -> AlignedFrame:
    """The same faces, each with its silhouette and what covers it, which come one by one."""
    for _ in aligned.faces:
        aligned = occlusion.find(silhouette.outline(aligned))
    return aligned


@dataclass
class Choice:
    """Whom the edits are for. Whoever is chosen stays it until they have left."""

    who: Who
    _id: int | None = None

    def of(self, faces: Sequence[Face]) -> set[int]:
        """Ids of those in a picture who are chosen; none where the number is higher than there are faces."""
        if self.who == "all":
            return {face.id for face in faces}
        if self._id not in {face.id for face in faces}:
            self._id = self._chosen([face for face in from_the_left(faces) if face.seen])
        return set() if self._id is None else {self._id}

    def _chosen(self, faces: Sequence[Face]) -> int | None:
        if isinstance(self.who, int):
            return faces[self.who - 1].id if self.who <= len(faces) else None
        return max(faces, key=lambda face: face.box[2] - face.box[0]).id if faces else None


def from_the_left(faces: Sequence[Face]) -> list[Face]:
    """By their middles."""
    return sorted(faces, key=lambda face: (face.box[0] + face.box[2], face.id))


@dataclass(eq=False)
class Sitting:
    """One source. still: everything that glides has arrived, as there is one picture only. codes: those [styles, w_dim] that take the
    place of the encoder's in a still, by the number of the face, counted from the left. Raises WeightsError where one is of another
    generator's shape."""

    bench: Bench
    controls: Controls
    who: Who = "all"
    still: bool = False
    codes: Mapping[int, Tensor] = field(default_factory=dict)
    _edit: Edit = field(init=False)
    _glass: Glass = field(init=False)
    _style: Style = field(init=False)
    _choice: Choice = field(init=False)  # of the scene
    _wearing: Wearing = field(default_factory=Wearing)
    _frames: int = 0
    _waited: float = 0.0  # s that perception looked at single pictures

    def __post_init__(self) -> None:
        bench, m = self.bench, self.bench.models
        for ws in self.codes.values():
            if ws.shape != m.latent_avg.shape:
                raise WeightsError(f"a code is of {_size(ws)}, {m.name} needs {_size(m.latent_avg)} (styles x w_dim); make it anew")
        bench.clear()
        children = [child.name for child in m.children]
        self._edit = Edit(m.directions, m.latent_avg, children, m.resolutions, guests=bench.guests)
        self._style = Style(bench.painter, Blender(bench.palette), lockstep=True)
        self._choice, self._glass = Choice(self.who), _new_glass()

    def look(self, image: Image, moment: float = 0.0) -> Seen:
        """The picture [H, W, 3] at a moment of the source, s, with the faces edited. Its memory is used again four pictures on."""
        # Find the faces and what covers them.
        aligned = self._perceived(image, moment)
        numbers = _numbered([one.face for one in aligned.faces])
        encoded = self.bench.networks.encode.encode(aligned, aligned.frame.time, self.controls.number("identity/hold"))
        encoded = self._with_codes(encoded, numbers)
        # Edit those that are asked for.
        chosen = self._choice.of([one.face for one in aligned.faces])
        portraits = self._reflected(encoded, chosen, moment)
        # Paint them in the styles that are asked for, if any are.
        painted = self._style.paint(portraits, self.controls, moment, time.perf_counter)
        worn = self._wearing.dress(portraits, painted)
        return self._seen(image, encoded, worn, chosen, numbers)

    def _perceived(self, image: Image, moment: float) -> AlignedFrame:
        bench, occlusion = self.bench, self.bench.networks.occlusion
        tracked = bench.track.track(self._frame(image, moment))
        if not bench.track.cut:
            return occlusion.find(bench.silhouette.outline(bench.align.align(tracked)))
        # A new scene: nobody in it is known, and as they were there before the picture was taken, nothing fades in.
        bench.clear()
        self._choice, self._glass = Choice(self.who), _new_glass()
        for _ in range(LOOKS):
            self._waited += LOOK_SECONDS
            tracked = bench.track.track(self._frame(image, moment))
        return outlined(bench.align.align(tracked), bench.silhouette, occlusion)

    def _frame(self, image: Image, moment: float) -> Frame:
        self._frames += 1
        return Frame(self._frames - 1, moment + self._waited, image)

    def _with_codes(self, encoded: EncodedFrame, numbers: Mapping[int, int]) -> EncodedFrame:
        """With those codes that were given in the places of the encoder's."""
        if not self.codes:
            return encoded
        faces = tuple(replace(one, ws=self.codes.get(numbers.get(one.face.id, 0), one.ws)) for one in encoded.faces)
        return replace(encoded, faces=faces)

    def _reflected(self, encoded: EncodedFrame, chosen: set[int], moment: float) -> Portraits:
        if self.still:
            self._edit.edit(encoded, self.controls, moment - SETTLED)
        edited = self._edit.edit(encoded, self.controls, moment)
        edited = replace(edited, faces=tuple(one for one in edited.faces if one.face.id in chosen))
        return self._glass.reflect(encoded, self.bench.networks.generate.draw(edited), self.controls, moment)

    def _seen(self, image: Image, encoded: EncodedFrame, worn: Portraits, chosen: set[int], numbers: Mapping[int, int]) -> Seen:
        shown = [one for one in worn.portraits if one.opacity > 0.0 and one.face.id in numbers]
        shown.sort(key=lambda one: numbers[one.face.id])
        cuts: tuple[Cut, ...] = ()
        if self.controls.text("look/layout") == SALON:
            cuts = tuple(Cut(numbers[one.face.id], square_of(image, one.face, one.image.shape[0]), one.image) for one in shown)
        codes = {one.face.id: one.ws for one in encoded.faces}
        sitters = tuple(Sitter(numbers[one.face.id], one.face, codes[one.face.id]) for one in shown)
        faces = Faces(len(numbers), len(chosen & set(numbers)), len(shown))
        return Seen(image if worn.picture is None else worn.picture, faces, cuts, sitters)


def _new_glass() -> Glass:
    return Glass(GlassSettings(WALL, WALL, lockstep=True, largest=LARGEST_ON_GPU), align_image)


def _numbered(faces: Sequence[Face]) -> dict[int, int]:
    """Numbers of those that are seen, from the left, from 1 on, by their ids."""
    return {face.id: number for number, face in enumerate(from_the_left([face for face in faces if face.seen]), 1)}


def _size(ws: Tensor) -> str:
    return "x".join(map(str, ws.shape))


def square_of(image: Image, face: Face, side: int) -> Image:
    """The face's square [side, side, 3] of the picture, aligned."""
    return align_image(image, crop_to_original(quad_from_landmarks(face.landmarks), side), side)
