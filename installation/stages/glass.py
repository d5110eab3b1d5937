"""Glass: the camera's own pixels, and over them what each visitor's edits change; in place, and as portraits of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from installation.canvas.layout import Cells, portrait_side
from installation.canvas.look import FACETS, MIRROR
from installation.compositing.apply import Pane
from installation.compositing.change import Change, over_camera
from installation.compositing.lips import lip_move
from installation.compositing.sitters_hue import SEEN_PX, SittersHue
from installation.compositing.sitters_own import sitters_own
from installation.control.state import Controls
from installation.faces import head
from installation.faces.ffhq import Quad, crop_to_original, invert, quad_from_landmarks, transform
from installation.faces.landmarks import CHEEKS, LIPS_REFINED
from installation.latents.cache import can_be_encoded
from installation.latents.turns import Key, Queue, Turns
from installation.messages import (
    STILL_LIPS,
    Drawing,
    DrawnFrame,
    EditedFace,
    EncodedFace,
    EncodedFrame,
    Face,
    Frame,
    Image,
    LipAmounts,
    Mask,
    Matrix,
    Points,
    Portrait,
    Portraits,
)

SIDES = (128, 256, 384, 512, 768, 1024)  # px, of a portrait
LARGEST_ON_CPU, LARGEST_ON_GPU = 512, 1024
STAY = 1.15  # a portrait's side changes only where another fits so much better: it must not flicker between two
APPEAR_SECONDS, VANISH_SECONDS = 0.4, 0.25  # of a change, as its face comes into view and is lost
CLEAR_FROM, CLEAR_TO = 0.3, 0.6  # quality of a face, from which its edits begin to be seen and are seen whole
TURN_MILLISECONDS = 22.0  # of drawing before the newest frame gets its turn: with tracking and laying over it keeps thirty a second
SETTLE_SECONDS = 1.2  # after a change of layout, in which both kinds of picture are wanted
KEPT = 4  # pictures whose memory stays as it was
EMPTY: Image = np.zeros((0, 0, 3), np.uint8)


@dataclass(slots=True, eq=False)
class _Seen:
    """What is kept of a visitor. strength 0…1: how much of the edits is to be seen; side: px of their portraits."""

    strength: float = 0.0
    side: int = 0


@dataclass(frozen=True, slots=True)
class GlassSettings:
    """width, height: px of the canvas. lockstep: everybody is drawn for each frame. largest: side of a portrait, px."""

    width: int
    height: int
    lockstep: bool = False
    largest: int = LARGEST_ON_CPU


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Who is to be seen, in how many variants each; keys: of all of them, in order."""

    faces: Sequence[EncodedFace]
    cells: int

    @property
    def keys(self) -> list[Key]:
        return [(face.face.id, cell) for face in self.faces for cell in range(self.cells)]


@dataclass(eq=False)
class Cast:
    """Says who is to be seen in a layout, how large, and whose turn it is to be drawn."""

    settings: GlassSettings
    cost: Callable[[int], float]  # ms of one face's drawings, where the face fills a square of so many px
    _queue: Queue = field(default_factory=Queue)
    _filled: dict[int, int] = field(default_factory=dict)  # px of the square that a visitor's changes are seen in, by their id

    def parts(self, encoded: EncodedFrame, controls: Controls) -> Parts:
        """Everybody once, or, in the layout facets, one or two visitors many times."""
        if controls.text("look/layout") != FACETS or not encoded.faces:
            return Parts(encoded.faces, 1)
        rows, columns = int(controls.number("facets/rows")), int(controls.number("facets/columns"))
        cells = rows * columns
        nearest = sorted(encoded.faces, key=lambda one: (-_size(one.face), one.face.id))
        match controls.text("facets/who"):
            case "two":
                return Parts(nearest[:2], rows * (columns // 2)) if len(nearest) > 1 and columns > 1 else Parts(nearest[:1], cells)
            case "turns":
                ordered = sorted(encoded.faces, key=lambda one: one.face.id)
                return Parts([ordered[int(encoded.frame.time / controls.number("facets/turn")) % len(ordered)]], cells)
            case _:
                return Parts(nearest[:1], cells)

    def turns(self, encoded: EncodedFrame, controls: Controls) -> Turns:
        """Whose turn it is, as many as fit into the time between two pictures."""
        parts = self.parts(encoded, controls)
        keys = parts.keys
        self._filled = {face.face.id: self._fills(face.face, controls, len(keys)) for face in parts.faces}
        if self.settings.lockstep:  # nothing is left to a measurement
            chosen = self._queue.next(keys)
        else:
            chosen = self._queue.next(keys, lambda key: self.cost(self._filled[key[0]]), TURN_MILLISECONDS)
        pixels = tuple(self._filled[id] for id, _ in chosen)
        return Turns(chosen, pixels, parts.cells, controls.number("facets/spread"), controls.number("facets/generators"))

    def side(self, layout: str, controls: Controls, count: int) -> int:
        """Px of the canvas that the largest of so many portraits fills."""
        cells = Cells(int(controls.number("facets/rows")), int(controls.number("facets/columns")), controls.number("facets/gap"))
        largest = portrait_side(layout, count, self.settings.width, self.settings.height, cells)
        return math.ceil(largest * controls.number("look/zoom"))

    def _fills(self, face: Face, controls: Controls, count: int) -> int:
        """Px of the square that a change of this face is seen in: no more than the camera has of it, nor than its place shows."""
        source, layout = math.ceil(quad_from_landmarks(face.landmarks).side), controls.text("look/layout")
        here = source if layout == MIRROR else min(source, self.side(layout, controls, count))
        old = self._filled.get(face.id, 0)
        return old if old / STAY < here < old * STAY else here


@dataclass(eq=False)
class Glass:
    """EncodedFrame, DrawnFrame -> Portraits. Keeps what was drawn last of everybody, and puts it over the newest frame: however few
    a machine draws, every portrait moves with its sitter."""

    settings: GlassSettings
    cut: Callable[[Image, Matrix, int, Image], object]  # frame, crop to frame, side, [side, side, 3] to cut into
    cost: Callable[[int], float] = lambda pixels: 0.0  # ms of one face's drawings, where the face fills a square of so many px
    drawn: int = 0  # changes that the generator drew
    spared: int = 0  # those that had no edit, so that nothing was drawn
    _cast: Cast = field(init=False)
    _pane: Pane = field(default_factory=Pane)
    _hues: SittersHue = field(default_factory=SittersHue)
    _changes: dict[Key, Change | None] = field(default_factory=dict)  # None: nothing is drawn
    _lips: dict[Key, LipAmounts] = field(default_factory=dict)  # how they are to be moved
    _seen: dict[int, _Seen] = field(default_factory=dict)
    _now: float | None = None
    _layout: str = ""
    _before: str = ""  # layout that is being left
    _left: float = -math.inf  # s, when
    _pictures: list[Image] = field(default_factory=list)
    _tiles: dict[Key, list[Image]] = field(default_factory=dict)
    _turn: int = 0

    def __post_init__(self) -> None:
        self._cast = Cast(self.settings, self.cost)

    def turns(self, encoded: EncodedFrame, controls: Controls) -> Turns:
        """Whose turn it is, as many as fit into the time between two pictures."""
        return self._cast.turns(encoded, controls)

    def reflect(self, encoded: EncodedFrame, drawn: DrawnFrame, controls: Controls, now: float) -> Portraits:
        """The portraits of the newest frame, and in the layouts that want it the frame itself with all faces changed in place."""
        seconds = 0.0 if self._now is None else max(0.0, now - self._now)
        self._now, self._turn = now, self._turn + 1
        sitters = {face.face.id: face for face in encoded.faces}
        layouts = self._layouts(controls.text("look/layout"), now)
        self._follow(sitters, seconds)
        self._keep(drawn, sitters, square=layouts != {MIRROR})
        self._hues.forget_but(set(sitters))
        keys = self._cast.parts(encoded, controls).keys
        self._changes = {key: change for key, change in self._changes.items() if key[0] in sitters}
        self._lips = {key: amounts for key, amounts in self._lips.items() if key[0] in sitters}
        self._tiles = {key: buffers for key, buffers in self._tiles.items() if key in keys}
        picture = self._picture(encoded) if MIRROR in layouts else None
        layout = self._before if self._layout == MIRROR else self._layout
        side = self._cast.side(layout, controls, len(keys)) if layouts != {MIRROR} else 0
        drawn_keys = [key for key in keys if key in self._changes]
        portraits = tuple(self._portrait(sitters[key[0]], key, side, encoded.frame.image) for key in drawn_keys)
        return Portraits(encoded.frame, portraits, picture, encoded.people)

    def _layouts(self, layout: str, now: float) -> set[str]:
        """Those that are on the canvas: a change from one to another takes its time."""
        if layout != self._layout:
            if self._layout:
                self._before, self._left = self._layout, now
            self._layout = layout
        return {layout, self._before} if now - self._left < SETTLE_SECONDS else {layout}

    def _follow(self, sitters: dict[int, EncodedFace], seconds: float) -> None:
        """Let the edits appear on who can be seen well, and vanish from who cannot."""
        self._seen = {id: self._seen.get(id, _Seen()) for id in sitters}
        for id, seen in self._seen.items():
            face = sitters[id].face
            goal = face.presence * face.drawable * _clear(face) if face.seen else 0.0
            step = seconds / (APPEAR_SECONDS if goal > seen.strength else VANISH_SECONDS)
            seen.strength = goal if self.settings.lockstep and not seconds else seen.strength + min(max(goal - seen.strength, -step), step)

    def _keep(self, drawn: DrawnFrame, sitters: dict[int, EncodedFace], square: bool) -> None:
        """Keep what was drawn now. square: the drawn background is wanted, too, where the camera gives way."""
        for edited, drawing in zip(drawn.edited.faces, drawn.drawings, strict=True):
            self.drawn += drawing.edited is not None
            self.spared += drawing.edited is None
            key = (edited.face.id, edited.cell)
            self._lips[key] = edited.lips
            self._changes[key] = None
            if drawing.edited is not None:
                own = sitters_own(edited.face.landmarks, _to_mask(edited.face), drawing.edited.shape[0], edited.own_share)
                coloured = self._in_own_hue(drawn.edited.frame, edited, drawing)
                self._changes[key] = over_camera(coloured, self._mask(edited, sitters, drawing), square, own)

    def _in_own_hue(self, frame: Frame, edited: EditedFace, drawing: Drawing) -> Drawing:
        """The drawing, with skin in the hue that the camera saw on the sitter's cheeks, where its generators ask for that."""
        if drawing.edited is None or drawing.hue <= 0.0:
            return drawing
        face, quad = edited.face, quad_from_landmarks(edited.face.landmarks)
        here = _in_crop(face, quad, SEEN_PX)
        silhouette, covered = (None, None) if edited.own is None else (edited.own.silhouette, edited.own.covered)
        if can_be_encoded(face) and _cheeks_within(face, frame.image) and not self._hues.looked(face.id, frame.time):
            crop = np.empty((SEEN_PX, SEEN_PX, 3), np.uint8)
            self.cut(frame.image, crop_to_original(quad, SEEN_PX), SEEN_PX, crop)
            self._hues.look(face.id, crop, here, covered, frame.time)
        whole = head.head_mask(head.face_outline(face.landmarks, _to_mask(face)), silhouette, hair=1.0)
        return replace(drawing, edited=self._hues.given(face.id, drawing.edited, here, whole, drawing.hue))

    def _mask(self, edited: EditedFace, sitters: dict[int, EncodedFace], drawing: Drawing) -> Mask:
        """[p, p], as the drawings: where edits of this visitor may be seen."""
        face, M_o2c = edited.face, _to_mask(edited.face)
        silhouette, covered = (None, None) if edited.own is None else (edited.own.silhouette, edited.own.covered)
        # A face that is drawn anew has its own hair; to one that is the camera's belongs the camera's.
        hair = head.HAIR + (1.0 - head.HAIR) * (1.0 - drawing.glass)
        mask = head.head_mask(head.face_outline(face.landmarks, M_o2c), silhouette, hair)
        if covered is not None:
            head.uncovered(mask, covered)
        for other in sitters.values():
            if other.face.id != face.id and other.face.seen and _size(other.face) > _size(face) and _touch(face, other.face):
                head.without(mask, head.face_outline(other.face.landmarks, M_o2c))
        side = head.HEAD_PX if drawing.edited is None else drawing.edited.shape[0]
        return mask if side == head.HEAD_PX else np.asarray(cv2.resize(mask, (side, side), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)

    def _picture(self, encoded: EncodedFrame) -> Image:
        """The frame with the faces changed in their places, those farther away first. The frame itself where nothing changes."""
        frame = encoded.frame.image
        changes = []
        for sitter in sorted(encoded.faces, key=lambda one: _size(one.face)):
            key, strength = (sitter.face.id, 0), self._seen[sitter.face.id].strength
            change, lips = self._changes.get(key), lip_move(sitter.face.landmarks, self._lip_amounts(sitter, key))
            if strength > 0.0 and (change is not None or lips is not None):
                changes.append((sitter.face, None if change is None else change.at(strength), lips))
        if not changes:
            return frame
        picture = self._memory(frame)
        np.copyto(picture, frame)
        for face, change, lips in changes:
            if change is not None:
                quad = quad_from_landmarks(face.landmarks)
                self._pane.in_place(picture, change, crop_to_original(quad, change.brighter.shape[0]), lips)
            elif lips is not None:
                lips.move(picture)
        return picture

    def _lip_amounts(self, sitter: EncodedFace, key: Key) -> LipAmounts:
        """How the lips of this variant are to be moved now."""
        amounts = self._lips.get(key, STILL_LIPS).times(self._seen[sitter.face.id].strength)
        return amounts.times(_free(sitter)) if amounts.any else amounts

    def _memory(self, like: Image) -> Image:
        """A picture of that size that nobody looks at any more."""
        if not self._pictures or self._pictures[0].shape != like.shape:
            self._pictures = [np.empty_like(like) for _ in range(KEPT)]
        return self._pictures[self._turn % KEPT]

    def _portrait(self, sitter: EncodedFace, key: Key, wanted: int, frame: Image) -> Portrait:
        """wanted: px of the canvas that the portrait fills; 0 where only its place in the frame is asked for."""
        face, quad = sitter.face, quad_from_landmarks(sitter.face.landmarks)
        image = EMPTY
        if wanted:
            change = self._changes[key]
            if change is not None and change.whole:  # drawn all over, at the generator's own size
                image = self._tile(key, change.brighter.shape[0])
            else:
                seen = self._seen[face.id]
                seen.side = side = self._side(seen.side, quad.side, wanted)
                image = self._tile(key, side)
                self.cut(frame, crop_to_original(quad, side), side, image)
            amounts = self._lip_amounts(sitter, key)
            lips = lip_move(_in_crop(face, quad, image.shape[0]), amounts) if amounts.any else None
            if change is not None:
                self._pane.on_crop(image, change, lips)
            elif lips is not None:
                lips.move(image)
        square = crop_to_original(quad, 1)
        return Portrait(face, image, face.presence * face.drawable, key[1], square, self._seen[face.id].strength)

    def _side(self, old: int, source: float, wanted: int) -> int:
        """Side of a portrait: enough for its place on the canvas, and no more than the camera has of the face."""
        sides = [side for side in SIDES if side <= self.settings.largest]
        most = next((side for side in sides if side >= wanted), sides[-1])
        best = max((side for side in sides if side <= most and side <= source), default=sides[0])
        return old if old and old <= most and best != old and source < STAY * max(best, old) and source > max(best, old) / STAY else best

    def _tile(self, key: Key, side: int) -> Image:
        buffers = self._tiles.get(key)
        if buffers is None or buffers[0].shape[0] != side:
            buffers = self._tiles[key] = [np.empty((side, side, 3), np.uint8) for _ in range(KEPT)]
        return buffers[self._turn % KEPT]


def _cheeks_within(face: Face, image: Image) -> bool:
    """Whether the camera sees both: beyond its edge a crop shows what is none."""
    points = face.landmarks[[point for cheek in CHEEKS for point in cheek]]
    return bool((points >= 0).all() and (points < (image.shape[1], image.shape[0])).all())


def _in_crop(face: Face, quad: Quad, side: int) -> Points:
    """The landmarks, px of the face's crop of that side."""
    return np.asarray(transform(invert(crop_to_original(quad, side)), face.landmarks), np.float32)


def _to_mask(face: Face) -> Matrix:
    """The frame to a face's crop of ``head.HEAD_PX``."""
    return invert(crop_to_original(quad_from_landmarks(face.landmarks), head.HEAD_PX))


def _free(sitter: EncodedFace) -> float:
    """0…1: how much of a visitor's mouth is not covered by a hand or a cup."""
    if sitter.covered is None or not sitter.covered.any():
        return 1.0
    side = sitter.covered.shape[0]
    landmarks = sitter.face.landmarks
    lips = transform(invert(crop_to_original(quad_from_landmarks(landmarks), side)), landmarks[list(LIPS_REFINED)])
    x, y = np.clip(np.rint(lips[:, :2]), 0, side - 1).astype(int).T
    return max(0.0, 1.0 - 2.0 * float(sitter.covered[y, x].mean()) / 255)


def _size(face: Face) -> float:
    return face.box[2] - face.box[0]


def _clear(face: Face) -> float:
    """0…1: how sure it is that this face can be seen; whoever is half hidden or half outside is left as they are."""
    return min(1.0, max(0.0, (face.quality - CLEAR_FROM) / (CLEAR_TO - CLEAR_FROM)))


def _touch(a: Face, b: Face) -> bool:
    """Whether two faces are so near that the head of one may reach into the other."""
    reach = 0.5 * max(_size(a), _size(b))
    return all(a.box[i] - reach < b.box[i + 2] and b.box[i] - reach < a.box[i + 2] for i in (0, 1))
