"""Paints the parts of a scene with the shaders, into whichever target is in use."""

from __future__ import annotations

import moderngl
import numpy as np
from numpy.typing import NDArray

from installation.canvas import look as looks
from installation.canvas.layout import Box
from installation.canvas.look import Grade, Look, feather
from installation.canvas.mirror import SHARPEN_MOST, View, reduced
from installation.canvas.opengl.programs import Programs
from installation.canvas.opengl.targets import Flock, Pictures
from installation.canvas.particles import Swarm
from installation.canvas.room import CameraRoom, Wall, dither, palette
from installation.canvas.scene import Overlay, Scene, Tile

SHARED_NUMBERS = (
    "MASK_WIDTH",
    "MASK_HEIGHT",
    "MASK_POWER",
    "RIM_LIGHT",
    "VIGNETTE_BEGINS",
    "VIGNETTE_ENDS",
    "VIGNETTE_DEPTH",
    "GRAIN_LEVELS",
)
RELOAD_SECONDS = 1.0  # between two looks at the shaders' files


class Painter:
    """width, height: of the canvas in px; seed: of the wall's noise."""

    def __init__(self, context: moderngl.Context, width: int, height: int, seed: int) -> None:
        self.width, self.height = width, height
        self._gl = context
        self._programs = Programs(context, {name: getattr(looks, name) for name in SHARED_NUMBERS})
        self._corners = context.buffer(np.array([0, 0, 1, 0, 0, 1, 1, 1], np.float32).tobytes())
        self._quads: dict[tuple[str, str], moderngl.VertexArray] = {}
        self._wall, self._camera_room = Wall(width, height), CameraRoom(width, height)
        self._pictures, self._flock = Pictures(context), Flock(context, self._corners)
        self._noise = self.table(dither(width, height, seed))
        self._grade: Grade | None = None
        self._next_reload = 0.0

    def reload(self, now: float) -> None:
        """Once a second, ``now`` in s: take shaders whose files have changed."""
        if now >= self._next_reload:
            self._next_reload = now + RELOAD_SECONDS
            if self._programs.reload():
                self._quads.clear()
                self._flock.forget()

    def prepare(self, look: Look) -> None:
        """The colours of a look, before anything of a scene is painted with it."""
        if look.grade != self._grade:
            self._grade = look.grade
            self._pictures.put("palette", palette(look.grade)[None])
            self._pictures.put("curve", np.repeat(look.grade.curve()[None, :, None], 3, axis=2))

    def wall(self, scene: Scene) -> None:
        """What is behind everything: the lit room, the camera's picture, pictures that were chosen. Leaves blending on."""
        look = scene.look
        self._pictures.put("light", self._wall.light(scene.lights, look.vignette)[:, :, None])
        camera = self._camera_room.behind(scene, look.grade, look.vignette)
        if camera is not None:
            self._pictures.put("camera", camera)
            self._pictures.use("camera", 3)
        self._pictures.use("light", 0)
        self._noise.use(1)
        self._pictures.use("palette", 2)
        self.quad("rect.vert", "wall.frag", light=0, noise=1, palette=2, camera=3, room=scene.room, with_camera=camera is not None)
        self._gl.enable(moderngl.BLEND)
        self._gl.blend_func = (moderngl.ONE, moderngl.ONE)
        for i, backdrop in enumerate(scene.backdrops):
            self._pictures.put(f"backdrop {i}", backdrop.image)
            self._pictures.use(f"backdrop {i}", 0)
            self._picture(None, look, (0.0, 0.0, 1.0, 1.0), share=backdrop.share)

    def mirror(self, scene: Scene) -> None:
        """The camera's picture as a mirror, where the scene has it."""
        picture, look = scene.picture, scene.look
        if picture is None or scene.mirror <= 0.0:
            return
        view = View.of((picture.shape[1], picture.shape[0]), (self.width, self.height), look.fit, look.mirror)
        x0, y0, x1, y1 = view.place(self.width, self.height)
        seen = view.seen(x1 - x0, y1 - y0)
        self._pictures.put_once("mirror", picture, lambda: reduced(picture, view.scale))
        self._pictures.use("mirror", 0)
        hidden, people = scene.hidden, scene.people
        if people is not None and hidden > 0.0:
            self._pictures.put_once("people", people, lambda: people[:, :, None])
            self._pictures.use("people", 2)
        else:
            hidden = 0.0
        place, sharpen = (x0, y0, x1 - x0, y1 - y0), SHARPEN_MOST * look.sharpen
        self._picture(place, look, seen, share=scene.mirror, sharpen=sharpen, mirror=look.mirror, people=2, hidden=hidden)

    def tile(self, name: str, tile: Tile, look: Look) -> None:
        """A portrait. name: keeps its texture from picture to picture."""
        self._pictures.put(name, tile.image)
        self._pictures.use(name, 0)
        self._pictures.use("curve", 1)
        box = tile.box
        if tile.rests:  # on whole pixels, as the plain path draws it
            side = round(box.size)
            left, top = round(box.x - box.size / 2), round(box.y - box.size / 2)
            box = Box(left + side / 2, top + side / 2, side)
        self.quad(
            "rect.vert",
            "portrait.frag",
            box,
            picture=0,
            curve=1,
            tint=tuple(look.grade.tint().T.ravel().tolist()),
            vignette_amount=look.vignette,
            feather=feather(look.softness),
            opacity=tile.opacity,
            mirror=look.mirror,
            square=tile.square,
        )

    def swarms(self, swarms: tuple[Swarm, ...]) -> None:
        """Particles."""
        for swarm in swarms:
            if len(swarm.codes):
                rows = np.concatenate([swarm.places, swarm.shapes, swarm.colours / 255.0, swarm.hides[:, None]], axis=1)
                self._flock.write(rows.astype(np.float32))
                self._flock.draw(self._programs, (self.width, self.height), swarm.power)

    def lay(self, name: str, overlay: Overlay) -> None:
        """A picture with a transparent part, sent to the GPU when it is another than the last of this name."""
        height, width = overlay.colour.shape[:2]
        self._pictures.put_once(name, overlay, lambda: np.dstack([overlay.colour, 255 - overlay.clear[:, :, :1]]))
        self._pictures.use(name, 0)
        self.quad("rect.vert", "overlay.frag", (overlay.x, overlay.y, width, height), picture=0)

    def quad(self, vertex: str, fragment: str, rect: Box | tuple[float, float, float, float] | None = None, **uniforms: object) -> None:
        """Draw a rectangle (px; None: all of the canvas) through a pair of shaders."""
        key = (vertex, fragment)
        if key not in self._quads:
            self._quads[key] = self._gl.vertex_array(self._programs.get(*key), self._corners, "corner")
        quad = self._quads[key]
        place = (rect.x - rect.size / 2, rect.y - rect.size / 2, rect.size, rect.size) if isinstance(rect, Box) else rect
        given = {"rect": place or (0.0, 0.0, float(self.width), float(self.height)), "canvas": (self.width, self.height), **uniforms}
        for name, value in given.items():
            if name in quad.program:  # the compiler leaves out what a shader does not use
                quad.program[name] = value
        quad.render(moderngl.TRIANGLE_STRIP)

    def table(self, values: NDArray[np.uint8] | NDArray[np.float32]) -> moderngl.Texture:
        """A [height, width] array that a shader reads entry by entry."""
        kind = "f4" if values.dtype == np.float32 else "f1"
        table = self._gl.texture((values.shape[1], values.shape[0]), 1, np.ascontiguousarray(values).tobytes(), alignment=1, dtype=kind)
        table.filter = (moderngl.NEAREST, moderngl.NEAREST)
        return table

    def _picture(self, place: tuple[int, int, int, int] | None, look: Look, seen: tuple[float, ...], **uniforms: object) -> None:
        """Draw the picture of unit 0, graded. seen: the part of it that fills the place; what is not said is as in a plain picture."""
        self._pictures.use("curve", 1)
        plain: dict[str, object] = {"sharpen": 0.0, "mirror": False, "people": 2, "hidden": 0.0}
        tint = tuple(look.grade.tint().T.ravel().tolist())
        shared = {"picture": 0, "curve": 1, "tint": tint, "seen": seen, "vignette_amount": look.vignette}
        self.quad("rect.vert", "mirror.frag", place, **{**shared, **plain, **uniforms})
