"""What was not chosen stays where it was: an edit's side effects are measured on this very face and steered against.

A direction does to the average face what its name says and little else; to one face it may do more. So the face is measured
before and after (``faces.geometry``), and every attribute that drifted, and is no kin of one that was chosen, is moved back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from installation.darkroom.sitting import LOOK_SECONDS, MOST_FACES, Who, from_the_left
from installation.engines.face_models import FaceLandmarker
from installation.faces.geometry import GEOMETRY_NAMES, KIN, measure_geometry
from installation.faces.region import from_landmarks
from installation.messages import Face, Frame, Image
from installation.stages.track import Track, TrackSettings

# One standard deviation of each measure over 250 of the computer-generated faces; of roll, which alignment takes away, two degrees.
DEVIATIONS: Mapping[str, float] = MappingProxyType(dict(zip(GEOMETRY_NAMES, (
    0.0428, 0.0578, 0.0257, 0.0126, 0.0212, 0.0386, 0.0560, 0.0263, 0.0525, 0.0083, 10.4, 4.89, 2.0,
), strict=True)))  # fmt: skip
EFFECT = 1.6  # deviations that amount 1 of a direction moves its own measure by, about
GAIN, ROUNDS = 0.7, 2
DRIFT = 0.2  # deviations that are no drift: landmarks are no surer than that
MOST = 1.0  # amount that steers against
LEAST_GAIN = 0.05  # deviations in all by which a round must help

LOOKS = 2  # at one picture: the second follows what the first has found

Amounts = Mapping[str, float]
Measures = NDArray[np.float64]  # [13] in deviations


class Ruler:
    """Measures one face of a picture."""

    def __init__(self) -> None:
        self._track, self._landmarker = Track(TrackSettings(max_faces=MOST_FACES, fade_in_seconds=0.0)), FaceLandmarker()

    def measure(self, picture: Image, who: Who = "largest") -> Measures | None:
        """who: ``all`` where there is but one. None where there is no such face."""
        self._track.forget()
        faces: list[Face] = []
        for k in range(LOOKS):
            faces = [face for face in self._track.track(Frame(k, k * LOOK_SECONDS, picture)).faces if face.seen]
        if not faces or (isinstance(who, int) and who > len(faces)):
            return None
        largest = max(faces, key=lambda one: one.box[2] - one.box[0])
        face = from_the_left(faces)[who - 1] if isinstance(who, int) else largest
        mesh = self._landmarker(picture, from_landmarks(face.landmarks))
        return np.asarray(measure_geometry(mesh.landmarks).values() / np.array(list(DEVIATIONS.values())), np.float64)


def held_names(chosen: Collection[str], there: Collection[str]) -> tuple[str, ...]:
    """The measured attributes that can be held: a control is there for them, and they are no kin of what was chosen."""
    kin = {name for pair in KIN if pair & set(chosen) for name in pair}
    return tuple(name for name in GEOMETRY_NAMES if name in there and name not in kin | set(chosen))


def hold(amounts: Amounts, there: Collection[str], measure: Callable[[Amounts], Measures | None]) -> dict[str, float]:
    """The amounts, with those added that hold the rest. measure: a face drawn with some amounts, measured; None where it cannot be."""
    names = held_names(amounts, there)
    places = [GEOMETRY_NAMES.index(name) for name in names]
    start = measure({})
    now = None if start is None or not names else measure(amounts)
    if start is None or now is None:
        return dict(amounts)
    drift = (now - start)[places]
    against = np.zeros(len(names))
    for _ in range(ROUNDS):
        moved = np.where(np.abs(drift) > DRIFT, drift, 0.0)
        if not moved.any():
            break
        tried = np.clip(against - GAIN * moved / EFFECT, -MOST, MOST)
        seen = measure({**amounts, **_named(names, tried)})
        if seen is None or np.abs((seen - start)[places]).sum() > np.abs(drift).sum() - LEAST_GAIN:
            break
        against, drift = tried, (seen - start)[places]
    return {**amounts, **_named(names, against)}


def _named(names: Collection[str], against: NDArray[np.float64]) -> dict[str, float]:
    return {name: float(amount) for name, amount in zip(names, against, strict=True) if amount}
