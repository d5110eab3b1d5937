"""The canvas in OpenGL 3.3 (moderngl): the same picture as the plain path, from the same numbers."""

from __future__ import annotations

import statistics
import time

import moderngl
import numpy as np

from installation.canvas.flashes import sample_size
from installation.canvas.grain import Grain
from installation.canvas.layout import Box
from installation.canvas.look import Look, trail_share
from installation.canvas.opengl.painter import Painter
from installation.canvas.opengl.targets import Feedback, Finals
from installation.canvas.plain.renderer import TRAIL_FLOOR
from installation.canvas.scene import Scene, Tile
from installation.canvas.window import fit
from installation.messages import Image


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
        self._painter, self._grain = Painter(context, width, height, seed), Grain(width, height, seed)
        self._scene_colour = context.texture((width, height), 4, dtype="f2")
        self._scene = context.framebuffer([self._scene_colour])
        self._finals = Finals(context, width, height)
        self._feedback, self._held = Feedback(context, width, height), Feedback(context, width, height)
        self._holds = False
        small = sample_size(width, height)
        self._glimpse, self._samples = context.framebuffer([context.texture(small, 4)]), np.zeros((small[1], small[0], 3), np.uint8)
        self._grains = self._painter.table(self._grain.table)
        self._pixels: Image | None = None
        self._buffer = np.zeros((height, width, 3), np.uint8)
        self._beneath = np.zeros((0, 0, 3), np.uint8)  # the picture without its overlays, where somebody keeps it

    def draw(self, scene: Scene) -> None:
        """Wall, portraits among particles, ornament, trails, grain, blackout, overlays, in this order."""
        self._pixels = None
        self._finals.swap()
        if not self._holds:
            self._held.forget()
        self._holds = False
        self._painter.reload(scene.now)
        self._painter.prepare(scene.look)
        self._scene.use()
        self._gl.disable(moderngl.BLEND)
        self._painter.wall(scene)
        self._gl.enable(moderngl.BLEND)
        self._gl.blend_func = (moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA)
        self._painter.mirror(scene)
        self._painter.swarms(tuple(swarm for swarm in scene.swarms if not swarm.front))
        for i, tile in enumerate(scene.tiles):
            self._painter.tile(f"portrait {i}", tile, scene.look)
        self._painter.swarms(tuple(swarm for swarm in scene.swarms if swarm.front))
        for i, ornament in enumerate(scene.ornaments):
            self._painter.lay(f"ornament {i}", ornament)
        self._painter.swarms(scene.glows)
        self._gl.disable(moderngl.BLEND)
        self._finish(scene, self._trail(scene))
        if scene.keeps:
            self._keep()
        self._gl.enable(moderngl.BLEND)
        for i, overlay in enumerate(scene.overlays):
            self._painter.lay(f"overlay {i}", overlay)
        self._gl.disable(moderngl.BLEND)

    def _keep(self) -> None:
        if not self._beneath.size:
            self._beneath = np.empty_like(self._buffer)
        self._finals.target.read_into(self._beneath, components=3, alignment=1)

    def beneath(self) -> Image:
        """The picture without its overlays, [height, width, 3], of the newest scene that asked for it."""
        return self._beneath

    def sample(self) -> Image:
        """A few pixels of the canvas, evenly spread. Small enough that reading it back at once costs next to nothing."""
        self._glimpse.use()
        self._finals.colour.use(0)
        self._painter.quad("rect.vert", "overlay.frag", picture=0)
        self._glimpse.read_into(self._samples, components=3, alignment=1)
        return self._samples.copy()

    def hold(self, share: float) -> None:
        """Show only ``share`` 0…1 of what changed since the picture before. In half floats: rounding would stop a slow change."""
        before = self._held.before or self._finals.before
        self._held.use()
        self._finals.colour.use(0)
        before.use(1)
        self._painter.quad("rect.vert", "trails.frag", scene=0, before=1, share=1.0 - share)
        mixed = self._held.swap()
        self._finals.target.use()
        mixed.use(0)
        self._painter.quad("rect.vert", "overlay.frag", picture=0)
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
        self._painter.quad("show.vert", "overlay.frag", picture=0)

    def finish(self) -> None:
        """Wait until everything is drawn."""
        self._gl.finish()

    def close(self) -> None:
        """Free the context and all in it."""
        self._gl.release()

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
        self._painter.quad("rect.vert", "trails.frag", scene=0, before=1, share=share)
        return self._feedback.swap()

    def _finish(self, scene: Scene, texture: moderngl.Texture) -> None:
        self._finals.target.use()
        texture.use(0)
        self._grains.use(1)
        shift = self._grain.shift(scene.now)
        amount = scene.look.grain
        self._painter.quad("rect.vert", "final.frag", scene=0, grain=1, shift=shift, grain_amount=amount, blackout=scene.blackout)


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
