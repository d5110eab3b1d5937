"""One picture of the canvas as a value: what compose hands to a renderer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from installation.canvas.layout import Box
from installation.canvas.look import Look
from installation.canvas.particles import Swarm
from installation.messages import Image, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One portrait on the canvas."""

    image: Image  # [S, S, 3]
    box: Box
    opacity: float  # 0…1
    rests: bool  # stands still on whole pixels
    square: bool = False  # shown to its edges, without the soft oval


@dataclass(frozen=True, slots=True)
class Light:
    """A pool of light on the wall. x, y: px of the canvas; radius: px, standard deviation; strength 0…1; shadow 0…1: of what hangs
    in its light."""

    x: float
    y: float
    radius: float
    strength: float
    shadow: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """A picture laid over the canvas. Coverage and colour are premultiplied."""

    x: int  # px, left
    y: int  # px, top
    colour: Image  # [h, w, 3], already times its opacity
    clear: Image  # [h, w, 3], 255 - opacity: what is left of the canvas


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """A picture behind everybody."""

    image: Image  # [height, width, 3] of the canvas' size
    share: float  # 0…1, how much of it is seen


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything a renderer needs for one picture."""

    now: float  # s
    dt: float  # s since the last picture
    look: Look
    tiles: tuple[Tile, ...] = ()
    lights: tuple[Light, ...] = ()
    room: float = 1.0  # 0…1, how much of the wall is seen
    camera: float = 0.0  # 0…1, how much of the dimmed camera frame is seen
    blur: float = 0.0  # 0…1, how much of the camera frame out of focus is seen
    backdrops: tuple[Backdrop, ...] = ()
    frame: Image | None = None  # [H, W, 3] the camera frame
    people: Mask | None = None  # [h, w] where people are in it; in the mirror they stay before everything behind the portraits
    hidden: float = 0.0  # 0…1, how much of the mirror's own room gives way to what is behind
    picture: Image | None = None  # [H, W, 3] the camera frame with the faces changed in their places
    mirror: float = 0.0  # 0…1, how much of that picture is seen, over everything behind the portraits
    swarms: tuple[Swarm, ...] = ()  # particles, those behind the portraits and those before them
    ornaments: tuple[Overlay, ...] = ()  # beneath trails and grain, unlike the overlays
    glows: tuple[Swarm, ...] = ()  # the ornaments' lights
    blackout: float = 0.0  # 0…1
    overlays: tuple[Overlay, ...] = field(default=())
    keeps: bool = False  # whether the picture beneath the overlays is to be kept, for ``Renderer.beneath``


class Renderer(Protocol):
    """Draws scenes of one size."""

    name: str
    width: int
    height: int

    def draw(self, scene: Scene) -> None:
        """Draw the scene into the renderer's own canvas."""
        ...

    def sample(self) -> Image:
        """A few pixels of the canvas, of ``flashes.sample_size``, evenly spread."""
        ...

    def hold(self, share: float) -> None:
        """Show only ``share`` 0…1 of what changed since the picture before this one."""
        ...

    def read(self) -> Image:
        """The canvas as [height, width, 3]. Valid until the next draw: copy what shall live longer."""
        ...

    def beneath(self) -> Image:
        """The picture without its overlays, [height, width, 3], of the newest scene that asked for it to be kept. Valid until the next
        such scene."""
        ...

    def show(self, window: tuple[int, int]) -> None:
        """Copy the canvas to a window of that width and height in px, where the renderer is bound to one."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...
