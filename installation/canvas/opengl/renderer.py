"""The canvas in OpenGL 3.3 (moderngl): the same picture as the plain path, from the same numbers."""

from __future__ import annotations

import statistics
import time

import moderngl
import numpy as np
from numpy.typing import NDArray

from installation.canvas import look as looks
from installation.canvas.flashes import sample_size
from installation.canvas.grain import Grain
from installation.canvas.layout import Box
from installation.canvas.look import Grade, Look, feather, trail_share
from installation.canvas.mirror import SHARPEN_MOST, View, reduced
from installation.canvas.opengl.programs import Programs
from installation.canvas.opengl.targets import Feedback, Finals, Flock, Pictures
from installation.canvas.particles import Swarm
from installation.canvas.plain.renderer import TRAIL_FLOOR
from installation.canvas.room import CameraRoom, Wall, dither, palette
from installation.canvas.scene import Overlay, Scene, Tile
from installation.canvas.window import fit
from installation.messages import Image

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


def open_context(standalone: bool) -> moderngl.Context:
    """The window's context, or one of its own with no window. Raises whatever the driver raises."""
    if not standalone:
        return moderngl.create_context(require=330)
    try:
        return moderngl.create_context(standalone=True, require=330, backend="egl")  # type: ignore[arg-type]
    except Exception:  # no EGL, as on Windows and macOS
        return moderngl.create_context(standalone=True, require=330)


class GLRenderer:
    """Draws scenes into a target [height, width] of the context passed in."""

    name = "gl"

    def __init__(self, context: moderngl.Context, width: int, height: int, seed: int = 0) -> None:
        self.width, self.height = width, height
        self.device = str(context.info["GL_RENDERER"])
        self._gl = context
        self._programs = Programs(context, {name: getattr(looks, name) for name in SHARED_NUMBERS})
        self._corners = context.buffer(np.array([0, 0, 1, 0, 0, 1, 1, 1], np.float32).tobytes())
        self._quads: dict[tuple[str, str], moderngl.VertexArray] = {}
        self._wall, self._camera_room, self._grain = Wall(width, height), CameraRoom(width, height), Grain(width, height, seed)
        self._pictures, self._flock = Pictures(context), Flock(context, self._corners)
        self._scene_colour = context.texture((width, height), 4, dtype="f2")
        self._scene = context.framebuffer([self._scene_colour])
        self._finals = Finals(context, width, height)
        self._feedback, self._held = Feedback(context, width, height), Feedback(context, width, height)
        self._holds = False
        small = sample_size(width, height)
        self._glimpse, self._samples = context.framebuffer([context.texture(small, 4)]), np.zeros((small[1], small[0], 3), np.uint8)
        self._noise = self._table(dither(width, height, seed))
        self._grains = self._table(self._grain.table)
        self._grade: Grade | None = None
        self._pixels: Image | None = None
        self._buffer = np.zeros((height, width, 3), np.uint8)
        self._next_reload = 0.0

    def draw(self, scene: Scene) -> None:
        """Wall, portraits among particles, ornament, trails, grain, blackout, overlays, in this order."""
        self._pixels = None
        self._finals.swap()
        if not self._holds:
            self._held.forget()
        self._holds = False
        self._reload(scene.now)
        self._prepare(scene.look)
        self._scene.use()
        self._gl.disable(moderngl.BLEND)
        self._draw_wall(scene)
        self._gl.enable(moderngl.BLEND)
        self._gl.blend_func = (moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA)
        self._draw_mirror(scene)
        self._draw_swarms(tuple(swarm for swarm in scene.swarms if not swarm.front))
        for i, tile in enumerate(scene.tiles):
            self._draw_tile(f"portrait {i}", tile, scene.look)
        self._draw_swarms(tuple(swarm for swarm in scene.swarms if swarm.front))
        for i, ornament in enumerate(scene.ornaments):
            self._lay(f"ornament {i}", ornament)
        self._draw_swarms(scene.glows)
        self._gl.disable(moderngl.BLEND)
        self._finish(scene, self._trail(scene))
        self._gl.enable(moderngl.BLEND)
        for i, overlay in enumerate(scene.overlays):
            self._lay(f"overlay {i}", overlay)
        self._gl.disable(moderngl.BLEND)

    def sample(self) -> Image:
        """A few pixels of the canvas, evenly spread. Small enough that reading it back at once costs next to nothing."""
        self._glimpse.use()
        self._finals.colour.use(0)
        self._quad("rect.vert", "overlay.frag", picture=0)
        self._glimpse.read_into(self._samples, components=3, alignment=1)
        return self._samples.copy()

    def hold(self, share: float) -> None:
        """Show only ``share`` 0…1 of what changed since the picture before. In half floats: rounding would stop a slow change."""
        before = self._held.before or self._finals.before
        self._held.use()
        self._finals.colour.use(0)
        before.use(1)
        self._quad("rect.vert", "trails.frag", scene=0, before=1, share=1.0 - share)
        mixed = self._held.swap()
        self._finals.target.use()
        mixed.use(0)
        self._quad("rect.vert", "overlay.frag", picture=0)
        self._pixels, self._holds = None, True

    def read(self) -> Image:
        """The canvas, [height, width, 3]; the next draw overwrites it."""
        if self._pixels is None:
            self._finals.target.read_into(self._buffer, components=3, alignment=1)
            self._pixels = self._buffer
        return self._pixels

    def show(self, window: tuple[int, int]) -> None:
        """Copy the canvas to the context's window, as large as it fits."""
        screen = self._gl.screen
        screen.use()
        self._gl.viewport = self._gl.scissor = (0, 0, *window)  # moderngl would keep to the window's first size
        self._gl.clear()
        x, y, width, height = fit((self.width, self.height), window)
        self._gl.viewport = (x, y, width, height)
        self._finals.colour.use(0)
        self._quad("show.vert", "overlay.frag", picture=0)

    def finish(self) -> None:
        """Wait until everything is drawn."""
        self._gl.finish()

    def close(self) -> None:
        """Free the context and all in it."""
        self._gl.release()

    def _table(self, values: NDArray[np.uint8] | NDArray[np.float32]) -> moderngl.Texture:
        """A [height, width] array that a shader reads entry by entry."""
        kind = "f4" if values.dtype == np.float32 else "f1"
        table = self._gl.texture((values.shape[1], values.shape[0]), 1, np.ascontiguousarray(values).tobytes(), alignment=1, dtype=kind)
        table.filter = (moderngl.NEAREST, moderngl.NEAREST)
        return table

    def _reload(self, now: float) -> None:
        if now >= self._next_reload:
            self._next_reload = now + RELOAD_SECONDS
            if self._programs.reload():
                self._quads.clear()
                self._flock.forget()

    def _quad(self, vertex: str, fragment: str, rect: Box | tuple[float, float, float, float] | None = None, **uniforms: object) -> None:
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

    def _prepare(self, look: Look) -> None:
        if look.grade != self._grade:
            self._grade = look.grade
            self._pictures.put("palette", palette(look.grade)[None])
            self._pictures.put("curve", np.repeat(look.grade.curve()[None, :, None], 3, axis=2))

    def _draw_wall(self, scene: Scene) -> None:
        look = scene.look
        self._pictures.put("light", self._wall.light(scene.lights, look.vignette)[:, :, None])
        camera = self._camera_room.behind(scene, look.grade, look.vignette)
        if camera is not None:
            self._pictures.put("camera", camera)
            self._pictures.use("camera", 3)
        self._pictures.use("light", 0)
        self._noise.use(1)
        self._pictures.use("palette", 2)
        self._quad("rect.vert", "wall.frag", light=0, noise=1, palette=2, camera=3, room=scene.room, with_camera=camera is not None)
        self._gl.enable(moderngl.BLEND)
        self._gl.blend_func = (moderngl.ONE, moderngl.ONE)
        for i, backdrop in enumerate(scene.backdrops):
            self._pictures.put(f"backdrop {i}", backdrop.image)
            self._pictures.use(f"backdrop {i}", 0)
            self._draw_picture(None, look, (0.0, 0.0, 1.0, 1.0), share=backdrop.share)

    def _draw_mirror(self, scene: Scene) -> None:
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
        self._draw_picture(place, look, seen, share=scene.mirror, sharpen=sharpen, mirror=look.mirror, people=2, hidden=hidden)

    def _draw_picture(self, place: tuple[int, int, int, int] | None, look: Look, seen: tuple[float, ...], **uniforms: object) -> None:
        """Draw the picture of unit 0, graded. seen: the part of it that fills the place; what is not said is as in a plain picture."""
        self._pictures.use("curve", 1)
        plain: dict[str, object] = {"sharpen": 0.0, "mirror": False, "people": 2, "hidden": 0.0}
        tint = tuple(look.grade.tint().T.ravel().tolist())
        shared = {"picture": 0, "curve": 1, "tint": tint, "seen": seen, "vignette_amount": look.vignette}
        self._quad("rect.vert", "mirror.frag", place, **{**shared, **plain, **uniforms})

    def _draw_tile(self, name: str, tile: Tile, look: Look) -> None:
        self._pictures.put(name, tile.image)
        self._pictures.use(name, 0)
        self._pictures.use("curve", 1)
        box = tile.box
        if tile.rests:  # on whole pixels, as the plain path draws it
            side = round(box.size)
            left, top = round(box.x - box.size / 2), round(box.y - box.size / 2)
            box = Box(left + side / 2, top + side / 2, side)
        self._quad(
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

    def _draw_swarms(self, swarms: tuple[Swarm, ...]) -> None:
        for swarm in swarms:
            if len(swarm.codes):
                rows = np.concatenate([swarm.places, swarm.shapes, swarm.colours / 255.0, swarm.hides[:, None]], axis=1)
                self._flock.write(rows.astype(np.float32))
                self._flock.draw(self._programs, (self.width, self.height), swarm.power)

    def _trail(self, scene: Scene) -> moderngl.Texture:
        """The texture to finish: the scene, or the scene mixed with what was there before."""
        now = self._scene_colour
        share = trail_share(scene.look.trails, scene.dt)
        if share < TRAIL_FLOOR:
            self._feedback.forget()
            return now
        before = self._feedback.before or now
        self._feedback.use()
        now.use(0)
        before.use(1)
        self._quad("rect.vert", "trails.frag", scene=0, before=1, share=share)
        return self._feedback.swap()

    def _finish(self, scene: Scene, texture: moderngl.Texture) -> None:
        self._finals.target.use()
        texture.use(0)
        self._grains.use(1)
        shift = self._grain.shift(scene.now)
        amount = scene.look.grain
        self._quad("rect.vert", "final.frag", scene=0, grain=1, shift=shift, grain_amount=amount, blackout=scene.blackout)

    def _lay(self, name: str, overlay: Overlay) -> None:
        height, width = overlay.colour.shape[:2]
        self._pictures.put_once(name, overlay, lambda: np.dstack([overlay.colour, 255 - overlay.clear[:, :, :1]]))
        self._pictures.use(name, 0)
        self._quad("rect.vert", "overlay.frag", (overlay.x, overlay.y, width, height), picture=0)


def measure(renderer: GLRenderer, enough: float = 0.03, turns: int = 4) -> float:
    """Seconds that one picture of the canvas takes, the median of a few after a first; ends as soon as one took ``enough``."""
    rng = np.random.default_rng(0)
    face = rng.integers(0, 255, (256, 256, 3), np.uint8)
    side = 0.8 * min(renderer.width, renderer.height)
    tile = Tile(face, Box(renderer.width / 2, renderer.height / 2, side), 1.0, True)
    seconds = []
    for turn in range(turns + 1):
        begun = time.perf_counter()
        renderer.draw(Scene(now=turn / 30, dt=1 / 30, look=Look(), tiles=(tile,)))
        renderer.finish()
        seconds.append(time.perf_counter() - begun)
        if turn > 0 and seconds[-1] > enough:
            break
    return statistics.median(seconds[1:])
