"""The look of the canvas as numbers and curves, shared by both renderers so that they draw the same picture.

Colours are graded where they arise (portrait, wall, camera), in the order tint, brightness, gamma; the vignette, the
trails, the grain and the blackout follow on the composed picture.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

NONE = "none"
MIRROR, FACETS, SALON = "mirror", "facets", "salon"  # layouts that others than the layout itself must know
AUTO, COVER, CONTAIN = "auto", "cover", "contain"
FITS = (AUTO, COVER, CONTAIN)
ROOM, CAMERA, BLACK, BLUR = "room", "camera", "black", "blur"
PICTURE = "picture:"  # and the name of a picture
BACKGROUNDS = (ROOM, CAMERA, BLACK, BLUR)
PARTICLES = ("snow", "confetti", "petals", "embers", "motes", "bokeh")
ORNAMENTS = ("gold", "holly", "stars", "lanterns", "bunting", "pumpkins")
LUMA = (0.2126, 0.7152, 0.0722)  # Rec. 709
LONGEST_TRAIL = 1.6  # s, time constant of the feedback at trails = 1
SHORTEST_TRAIL = 1e-3  # s, shorter is none
GRAIN_LEVELS = 20.0  # grey levels, standard deviation at grain = 1
MASK_WIDTH, MASK_HEIGHT, MASK_POWER = 0.86, 0.985, 2.5  # semi-axes of the superellipse in half sides; its exponent
RIM_LIGHT = 0.1  # how much light is left at the outermost rim of a portrait, as varnish darkens there
FEATHER_LEAST, FEATHER_MOST = 0.02, 0.75  # of the way from the rim to the middle, at softness 0 and 1
VIGNETTE_BEGINS, VIGNETTE_ENDS, VIGNETTE_DEPTH = 0.35, 1.25, 0.9  # distance from the middle in half diagonals; darkening at 1


class LookControls(Protocol):
    """The part of the control snapshot that the canvas reads."""

    def number(self, address: str) -> float: ...

    def flag(self, address: str) -> bool: ...

    def text(self, address: str) -> str: ...


def hides_room(background: str) -> bool:
    """Whether a background takes the place of the room that the mirror shows."""
    return background not in (ROOM, CAMERA)


def people_wanted(controls: LookControls) -> bool:
    """Whether the canvas needs to know where people are in the camera's frame."""
    return controls.text("look/layout") == MIRROR and hides_room(controls.text("look/background"))


CONTROL = "control"  # in a field's metadata: the control that it is read from, where that is not look/<name>


@dataclass(frozen=True, slots=True)
class Grade:
    """What is done to every colour. gamma > 1 brightens the mid-tones; hue 0…1 and amount 0…1 of the tint; saturation 0…2, 0 is
    black and white."""

    brightness: float = 1.0
    gamma: float = 1.0
    tint_hue: float = 0.0
    tint_amount: float = 0.0
    saturation: float = 1.0

    def curve(self) -> NDArray[np.uint8]:
        """[256] levels of out = (brightness · in)^(1/gamma)."""
        levels = np.linspace(0.0, 1.0, 256) * max(self.brightness, 0.0)
        return np.round(255.0 * np.clip(levels, 0.0, 1.0) ** (1.0 / max(self.gamma, 0.05))).astype(np.uint8)

    def tint(self) -> NDArray[np.float32]:
        """[3, 3] matrix that draws colours away from grey and towards the tint, keeping their luma."""
        colour = np.array(colorsys.hsv_to_rgb(self.tint_hue % 1.0, 0.6, 1.0))
        toned = np.outer(colour / np.dot(colour, LUMA), LUMA)
        own = self.saturation * np.eye(3) + (1.0 - self.saturation) * np.tile(LUMA, (3, 1))
        return ((1.0 - self.tint_amount) * own + self.tint_amount * toned).astype(np.float32)

    @property
    def colours_stay(self) -> bool:
        """Whether the matrix changes nothing."""
        return self.tint_amount == 0.0 and self.saturation == 1.0

    @property
    def neutral(self) -> bool:
        """Whether the curve changes nothing."""
        return self.brightness == 1.0 and self.gamma == 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """A snapshot of the canvas' controls: each field is read from the control ``look/<name>``, or the one that it names. A new
    control is a row in ``control.parameters`` and a field here, or in ``Grade`` where it is done to every colour."""

    layout: str = "grid"
    fit: str = AUTO
    sharpen: float = 0.0  # 0…1
    rows: int = field(default=3, metadata={CONTROL: "facets/rows"})
    columns: int = field(default=3, metadata={CONTROL: "facets/columns"})
    gap: float = field(default=0.02, metadata={CONTROL: "facets/gap"})  # between its cells, in parts of their side
    background: str = "room"
    mirror: bool = True
    blackout: bool = field(default=False, metadata={CONTROL: "transport/blackout"})
    trails: float = 0.0  # 0…1
    grain: float = 0.0  # 0…1
    vignette: float = 0.0  # 0…1
    softness: float = 0.5  # 0…1, how far the portraits' rims fade into the wall
    zoom: float = 1.0
    particles: str = NONE
    particles_amount: float = 0.6  # 0…1
    ornament: str = NONE
    ornament_amount: float = 1.0  # 0…1
    grade: Grade = Grade()

    @classmethod
    def of(cls, controls: LookControls) -> Look:
        """What the controls say."""
        return cls(**_read(cls, controls), grade=Grade(**_read(Grade, controls)))


def _read(look: type, controls: LookControls) -> dict[str, Any]:
    """Value by name of each field that is read from a control."""
    return {name: read(controls, address) for name, address, read in _readers(look)}


READERS: Mapping[str, Callable[[LookControls, str], Any]] = {
    "float": lambda controls, address: controls.number(address),
    "int": lambda controls, address: int(controls.number(address)),
    "bool": lambda controls, address: controls.flag(address),
    "str": lambda controls, address: controls.text(address),
}


@cache
def _readers(look: type) -> tuple[tuple[str, str, Callable[[LookControls, str], Any]], ...]:
    """Name of each field, address of its control, and how that is read."""
    rows = [(one.name, one.metadata.get(CONTROL, f"look/{one.name.replace('_', '-')}"), READERS.get(str(one.type))) for one in fields(look)]
    return tuple((name, address, read) for name, address, read in rows if read is not None)


def smoothstep(low: float, high: float, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """GLSL's smoothstep: 0 below ``low``, 1 above ``high``, 3t²-2t³ between."""
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)


def feather(softness: float) -> float:
    """Width of the mask's rim, in parts of the way from the rim to the middle."""
    return FEATHER_LEAST + (FEATHER_MOST - FEATHER_LEAST) * min(max(softness, 0.0), 1.0)


def portrait_mask(size: int, softness: float) -> NDArray[np.float32]:
    """[size, size] 0…1: an upright superellipse, 1 inside, fading to 0 at the rim."""
    axis = np.abs((np.arange(size, dtype=np.float32) + 0.5) * 2.0 / size - 1.0)
    across, down = (axis / MASK_WIDTH) ** MASK_POWER, (axis / MASK_HEIGHT) ** MASK_POWER
    distance = np.asarray((down[:, None] + across[None, :]) ** (1.0 / MASK_POWER), dtype=np.float32)
    return np.asarray(1.0 - smoothstep(1.0 - feather(softness), 1.0, distance), dtype=np.float32)


def rim(mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mask's share of a portrait's own colour: less than the mask towards the rim, so that bright backgrounds of
    portraits leave no halo on the wall."""
    return np.asarray(mask * (RIM_LIGHT + (1.0 - RIM_LIGHT) * mask * mask), dtype=np.float32)


def vignette(width: int, height: int, amount: float) -> NDArray[np.float32]:
    """[height, width] 0…1: how much light is left at each place."""
    x = (np.arange(width, dtype=np.float32) + 0.5) * 2.0 / width - 1.0
    y = (np.arange(height, dtype=np.float32) + 0.5) * 2.0 / height - 1.0
    radius = np.hypot(x[None, :], y[:, None]).astype(np.float32) * np.float32(0.5**0.5)
    return np.asarray(1.0 - VIGNETTE_DEPTH * amount * smoothstep(VIGNETTE_BEGINS, VIGNETTE_ENDS, radius), dtype=np.float32)


def trail_share(trails: float, dt: float) -> float:
    """Share of the last picture that stays in the next, ``dt`` seconds later: the same decay at any frame rate."""
    constant = LONGEST_TRAIL * min(max(trails, 0.0), 1.0) ** 2
    return math.exp(-max(dt, 0.0) / constant) if constant > SHORTEST_TRAIL else 0.0
