"""Track: find the visitors' faces in each frame, know them again, and read their landmarks and expressions.

A face that is known is followed in a region of interest by the landmark model alone; the detector looks in turn at the
whole frame, at tiles of it and where a face was lost.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from installation.engines.face_models import FaceDetector, FaceLandmarker
from installation.faces import expression, region
from installation.faces.bounds import Bounds, bounds_of, whole_picture
from installation.faces.detection import Detection, SearchSquare, overlap, suppress
from installation.faces.ignoring import Ignoring
from installation.faces.looks import looks
from installation.faces.one_euro import OneEuro
from installation.faces.plausible import MOST_DOUBT, doubt
from installation.faces.presence import GOOD, Presence, PresenceSettings, Sighting, TrackedVisitor
from installation.faces.quality import Head, judge
from installation.faces.region import Region
from installation.faces.search import Search
from installation.messages import Expression, Face, Frame, Image, TrackedFrame
from installation.zones import Zone

FACE_LOGIT = 0.0  # of the landmark model, from which a known face is still there
NEW_FACE_LOGIT = 8.0  # from which a detection is a face: true ones give 10 to 30, a lock of hair gave 9
FOUND = 0.5  # overlap of a detection with a found face from which it says nothing new
HEAD = 0.5  # face sizes around a face that belong to the same head ...
SMALLER = 0.4  # ... where nothing this much smaller is another visitor
FOLLOWED = 2  # faces that are looked at in every frame
LONGEST_WAIT = 3  # frames after which each has had its turn where there are more
LONGEST_SECONDS = 0.12  # s after which a face must be looked at: where it should be by now is a guess
SMALLEST_REGION = 4.0  # px
SAME_FACE = 0.35  # face sizes; two faces nearer than this are one
LOST_VIEW = 5.0  # face sizes: side of the view where a lost face is looked for
LOST_SECONDS = 3.0  # for which it is
CUT_DIFFERENCE = 40.0  # grey levels between two frames from which they show different scenes
USUAL_SECONDS = 0.8  # over which it is learned how sure the landmark model is of a face
AHEAD_SECONDS = 0.3  # over which the way of a face that was lost is thought on: does it lead out of the frame?
FIRST_PASSES = 3  # of the landmark model over a newly detected face: the first one's region is rough, the last two must agree


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """What tracking needs of the configuration."""

    max_faces: int = 4
    min_size: float = 0.04  # smallest face looked for, as a share of the frame's width
    min_cutoff: float = 1.0  # Hz, One Euro
    beta: float = 10.0  # Hz of cutoff for each face size a second, One Euro
    occlusion_seconds: float = 1.0
    fade_in_seconds: float = 0.6
    fade_out_seconds: float = 0.8
    yaw_limit_degrees: float = 45.0
    yaw_fade_degrees: float = 15.0
    threads: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A face in this frame."""

    landmarks: NDArray[np.float32]  # [468, 3] px
    logit: float
    seen: Sighting
    visitor: TrackedVisitor | None = None  # whom was looked for, where it was somebody known

    @property
    def box(self) -> tuple[float, float, float, float]:
        return _box(self.landmarks)


@dataclass(slots=True, eq=False)
class _Memory:
    """What is kept of a visitor between frames."""

    landmarks: NDArray[np.float32]  # [468, 3] px, as found
    smooth: OneEuro
    smoothed: NDArray[np.float32]  # [468, 3] px
    expression: Expression
    logit: float  # the landmark model's, as is usual for this face
    time: float  # s


class Track:
    """Frame -> TrackedFrame. ignored: the zones in which faces do not count; room: the part of the picture in which visitors are looked
    for, None for all of it. Both are asked in every frame."""

    def __init__(
        self,
        settings: TrackSettings,
        ignored: Callable[[], Sequence[Zone]] = tuple,
        room: Callable[[], Zone | None] = whole_picture,
    ) -> None:
        self.settings, self._ignored, self._room = settings, ignored, room
        self._detector = FaceDetector(settings.threads)
        self._landmarker = FaceLandmarker(settings.threads)
        self.forget()

    def forget(self) -> None:
        """Nobody is known any more, and time may begin anew: the next frame is the first one of another source."""
        s = self.settings
        self._search = Search(s.min_size)
        self._presence = Presence(PresenceSettings(s.max_faces, s.occlusion_seconds, s.fade_in_seconds, s.fade_out_seconds))
        self._ignoring = Ignoring(self._ignored)
        self._memories: dict[int, _Memory] = {}
        self._thumbnail: NDArray[np.int16] | None = None
        self.cut = False  # whether the newest frame shows another scene than the one before, or is the first

    def track(self, frame: Frame) -> TrackedFrame:
        """The visitors of one frame. Frames come in the order of their times."""
        now = frame.time

        # Follow the faces seen a moment ago; after a cut to another scene there is nothing to follow.
        self.cut = self._is_cut(frame.image)
        due, later = ([], []) if self.cut else self._turns(now)
        found, waiting = _apart(self._follow(frame.image, due, now), [self._expected(visitor, now) for visitor in later])
        known = [*found, *waiting]

        # Look for others, and for those that were lost.
        for view in self._views(frame, self.cut):
            self._discover(frame.image, self._detector(frame.image, view), known, found)

        # See how well each can be seen, beside those whose turn it is not.
        found = self._judged(found, waiting, frame.image)

        # Know them again.
        unchecked = {face.visitor.id for face in waiting if face.visitor is not None}
        ids = self._presence.update([face.seen for face in found], now, unchecked)
        for face, id in zip(found, ids, strict=True):
            if id is not None:
                self._remember(id, face, now)
        self._let_go(frame.image)
        return self._tracked(frame, now, unchecked)

    def wait(self, frame: Frame, now: float) -> TrackedFrame:
        """The visitors at ``now``, to whom no frame has come since ``frame``: nobody is seen, and who was there fades and leaves."""
        self._presence.wait(now)
        return self._tracked(frame, now)

    def _tracked(self, frame: Frame, now: float, unchecked: Collection[int] = ()) -> TrackedFrame:
        """``unchecked``: ids of those whose turn it was not; they are where they should be by now."""
        visitors = self._presence.visitors
        self._memories = {visitor.id: self._memories[visitor.id] for visitor in visitors}
        self._ignoring.keep(self._memories)
        return TrackedFrame(frame, tuple(self._face(visitor, now if visitor.id in unchecked else None) for visitor in visitors))

    def _bounds(self, image: Image) -> Bounds:
        """Where in this picture visitors are looked for."""
        return bounds_of(self._room(), *_size(image))

    def _let_go(self, image: Image) -> None:
        """Who is not seen any more and was on the way out of the room has left it."""
        bounds = self._bounds(image)
        for visitor in self._presence.visitors:
            if not visitor.seen:
                x, y = visitor.predicted(visitor.time + AHEAD_SECONDS)
                visitor.edge = visitor.edge or not bounds.hold(x, y)

    def _is_cut(self, image: Image) -> bool:
        """Whether this frame shows another scene than the last one, or is the first."""
        rows, columns = max(1, image.shape[0] // 18), max(1, image.shape[1] // 32)
        thumbnail = image[rows // 2 :: rows, columns // 2 :: columns, 1].astype(np.int16)
        last, self._thumbnail = self._thumbnail, thumbnail
        return last is None or last.shape != thumbnail.shape or float(np.abs(thumbnail - last).mean()) > CUT_DIFFERENCE

    def _turns(self, now: float) -> tuple[list[TrackedVisitor], list[TrackedVisitor]]:
        """The visitors to look at in this frame and those whose turn comes later: with many, each has every third frame, and where
        frames come seldom everybody has each one."""
        there = sorted((v for v in self._presence.visitors if v.seen or v.leaving), key=lambda v: v.time)
        count = max(FOLLOWED, math.ceil(len(there) / LONGEST_WAIT), sum(now - v.time > LONGEST_SECONDS for v in there))
        return there[:count], there[count:]

    def _follow(self, image: Image, due: list[TrackedVisitor], now: float) -> list[_Found]:
        found: list[_Found] = []
        bounds = self._bounds(image)
        for visitor in due:
            x, y = visitor.predicted(now)
            where = region.from_landmarks(self._memories[visitor.id].landmarks[:, :2]).moved(x - visitor.x, y - visitor.y)
            face = self._look(image, where)
            if face is None or not bounds.hold(face.seen.x, face.seen.y):
                continue
            if not self._ignoring.stays(visitor.id, face.seen.x, face.seen.y, _size(image), now):
                _add(found, replace(face, visitor=visitor))
        return found

    def _expected(self, visitor: TrackedVisitor, now: float) -> _Found:
        """Where a visitor should be who is not looked at in this frame."""
        x, y = visitor.predicted(now)
        landmarks = self._memories[visitor.id].landmarks + np.array([x - visitor.x, y - visitor.y, 0], np.float32)
        return _Found(landmarks, math.inf, Sighting(x, y, visitor.size, visitor.looks), visitor)

    def _views(self, frame: Frame, cut: bool) -> list[SearchSquare]:
        bounds = self._bounds(frame.image)
        width, height = bounds.width, bounds.height
        if cut:
            return [bounds.view(one) for one in self._search.thorough(width, height)]
        visitors = self._presence.visitors
        room = len(visitors) < self.settings.max_faces
        view = self._search.next(width, height, frame.time, len(visitors), room)
        views = [bounds.view(view)] if view else []
        lost = [v for v in visitors if not v.seen and not v.leaving and frame.time - v.time < LOST_SECONDS]
        if lost and view is None:
            # One lost face a frame, in turn.
            visitor = lost[frame.index % len(lost)]
            x, y = visitor.predicted(frame.time)
            side = visitor.size * LOST_VIEW
            views.append(SearchSquare(x - side / 2, y - side / 2, side))
        return views

    def _discover(self, image: Image, detections: list[Detection], known: list[_Found], found: list[_Found]) -> None:
        """Add to ``found`` the detected faces that are not known yet, largest first."""
        for detection in sorted(suppress(detections), key=lambda d: -d.size):
            if any(_belongs(detection, face) for face in (*known, *found)):
                continue
            face = self._meet(image, detection) if self._begins(detection.box, image) else None
            if face is not None:
                _add(found, face)

    def _begins(self, box: tuple[float, float, float, float], image: Image) -> bool:
        """Whether a face found in this box may be a visitor's."""
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        return self._bounds(image).hold(x, y) and self._ignoring.begins(x, y, _size(image))

    def _meet(self, image: Image, detection: Detection) -> _Found | None:
        """The face of a detection, if it is one."""
        face: _Found | None = None
        before: _Found | None = None
        where = region.from_detection(detection)
        for _ in range(FIRST_PASSES):
            before, face = face, self._look(image, where, NEW_FACE_LOGIT)
            if face is None:
                return None
            where = region.from_landmarks(face.landmarks[:, :2])
        if face is None or before is None or doubt(detection, before.landmarks, face.landmarks, face.logit) > MOST_DOUBT:
            return None
        return face

    def _look(self, image: Image, where: Region, least: float = FACE_LOGIT) -> _Found | None:
        """The face in a region, if there is one."""
        height, width = image.shape[:2]
        if not (0 <= where.x < width and 0 <= where.y < height and SMALLEST_REGION <= where.side < 4 * max(width, height)):
            return None
        mesh = self._landmarker(image, where)
        if mesh.logit < least:
            return None
        x0, y0, x1, y1 = _box(mesh.landmarks)
        seen = Sighting((x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0), looks(mesh.crop))
        return _Found(mesh.landmarks, mesh.logit, seen)

    def _judged(self, found: list[_Found], waiting: list[_Found], image: Image) -> list[_Found]:
        """The faces found in ``image`` with their quality; those whose turn comes later may stand before them."""
        height, width = image.shape[:2]
        heads = [Head.of(face.landmarks[:, :2], face.logit, self._usual(face)) for face in (*found, *waiting)]
        return [
            replace(face, seen=replace(face.seen, quality=quality.overall, edge=quality.inside < GOOD))
            for face, quality in zip(found, judge(heads, width, height)[: len(found)], strict=True)
        ]

    def _usual(self, face: _Found) -> float:
        return face.logit if face.visitor is None else self._memories[face.visitor.id].logit

    def _remember(self, id: int, face: _Found, now: float) -> None:
        memory = self._memories.get(id)
        if memory is None:
            smooth = OneEuro(self.settings.min_cutoff, self.settings.beta)
            memory = self._memories[id] = _Memory(face.landmarks, smooth, face.landmarks, Expression(), face.logit, now)
        memory.logit += (1.0 - math.exp(-max(now - memory.time, 0.0) / USUAL_SECONDS)) * (face.logit - memory.logit)
        memory.time = now
        memory.landmarks = face.landmarks
        memory.smoothed = memory.smooth(face.landmarks, now, face.seen.size)
        memory.expression = expression.measure(memory.smoothed)

    def _face(self, visitor: TrackedVisitor, now: float | None) -> Face:
        """``now``: s, the moment of a frame in which nobody looked for this visitor; None: as last found."""
        memory = self._memories[visitor.id]
        landmarks = np.ascontiguousarray(memory.smoothed[:, :2])
        if now is not None:
            x, y = visitor.predicted(now)
            landmarks += np.array([x - visitor.x, y - visitor.y], np.float32)
        excess = abs(memory.expression.yaw) - self.settings.yaw_limit_degrees
        drawable = 1.0 if excess <= 0 else max(0.0, 1.0 - excess / max(self.settings.yaw_fade_degrees, 1e-6))
        return Face(
            id=visitor.id,
            landmarks=landmarks,
            box=_box(landmarks),
            expression=memory.expression,
            presence=visitor.presence,
            seen=visitor.seen,
            drawable=drawable,
            quality=visitor.quality,
            fresh=now is None,
        )


def _size(image: Image) -> tuple[int, int]:
    return image.shape[1], image.shape[0]


def _box(landmarks: NDArray[np.float32]) -> tuple[float, float, float, float]:
    (x0, y0), (x1, y1) = landmarks[:, :2].min(axis=0).tolist(), landmarks[:, :2].max(axis=0).tolist()
    return x0, y0, x1, y1


def _apart(found: list[_Found], waiting: list[_Found]) -> tuple[list[_Found], list[_Found]]:
    """Where a face that was looked at and one whose turn comes later are the same, the visitor who was hidden has lost theirs: the
    landmark model slipped over to whoever stands before them."""
    for one in list(found):
        for other in list(waiting):
            if _same(one, other):
                if other.visitor is not None and other.visitor.quality < GOOD:
                    waiting = [face for face in waiting if face is not other]
                elif one.visitor is not None and one.visitor.quality < GOOD:
                    found = [face for face in found if face is not one]
    return found, waiting


def _same(one: _Found, other: _Found) -> bool:
    """Whether two faces lie so near each other that they are one."""
    return math.hypot(one.seen.x - other.seen.x, one.seen.y - other.seen.y) < SAME_FACE * max(one.seen.size, other.seen.size)


def _belongs(detection: Detection, face: _Found) -> bool:
    """Whether a detection is a face found already, or a trick of its hair."""
    if overlap(detection.box, face.box) > FOUND:
        return True
    x, y = (detection.box[0] + detection.box[2]) / 2, (detection.box[1] + detection.box[3]) / 2
    near = max(abs(x - face.seen.x), abs(y - face.seen.y)) < (0.5 + HEAD) * face.seen.size
    return near and detection.size < SMALLER * face.seen.size


def _add(found: list[_Found], face: _Found) -> None:
    """Add a face unless it is there already; of two answers for one face the surer stays."""
    for i, other in enumerate(found):
        if _same(face, other):
            if face.logit > other.logit:
                found[i] = face
            return
    found.append(face)
