"""Textures that pictures are put into, and the pairs of targets that are drawn in turn."""

from __future__ import annotations

from collections.abc import Callable

import moderngl
import numpy as np
from numpy.typing import NDArray

from installation.canvas.opengl.programs import Programs
from installation.messages import Image


class Pictures:
    """Textures by name, made anew only when a picture's size changes."""

    def __init__(self, context: moderngl.Context) -> None:
        self._gl = context
        self._textures: dict[str, moderngl.Texture] = {}
        self._sources: dict[str, object] = {}

    def put(self, name: str, picture: Image) -> None:
        """Upload [H, W, C] uint8. The same array as last time is taken to hold the same picture."""
        self.put_once(name, picture, lambda: picture)

    def put_once(self, name: str, source: object, make: Callable[[], Image]) -> None:
        """Upload what ``make`` gives, unless ``source`` is the object of last time."""
        if self._sources.get(name) is source:
            return
        picture = np.ascontiguousarray(make())
        size, channels = (picture.shape[1], picture.shape[0]), picture.shape[2]
        texture = self._textures.get(name)
        if texture is None or texture.size != size or texture.components != channels:
            if texture is not None:
                texture.release()
            texture = self._gl.texture(size, channels, alignment=1)
            texture.repeat_x = texture.repeat_y = False
            self._textures[name] = texture
        texture.write(picture.tobytes(), alignment=1)
        self._sources[name] = source

    def use(self, name: str, unit: int) -> None:
        """Bind a texture to a unit."""
        self._textures[name].use(unit)


class Feedback:
    """Two half-float targets [height, width]: one is drawn while the other is read."""

    def __init__(self, context: moderngl.Context, width: int, height: int) -> None:
        self._textures = [context.texture((width, height), 4, dtype="f2") for _ in range(2)]
        self._targets = [context.framebuffer([texture]) for texture in self._textures]
        self._known = False

    @property
    def before(self) -> moderngl.Texture | None:
        """What was drawn last, None at the beginning."""
        return self._textures[1] if self._known else None

    def use(self) -> None:
        """Draw into the other target from here on."""
        self._targets[0].use()

    def swap(self) -> moderngl.Texture:
        """Make what was just drawn the picture before; returns it."""
        self._targets.reverse()
        self._textures.reverse()
        self._known = True
        return self._textures[1]

    def forget(self) -> None:
        """Begin anew."""
        self._known = False


class Finals:
    """Two 8-bit targets [height, width] in turn: the picture before this one stays whole."""

    def __init__(self, context: moderngl.Context, width: int, height: int) -> None:
        self._textures = [context.texture((width, height), 4) for _ in range(2)]
        self._targets = [context.framebuffer([texture]) for texture in self._textures]

    @property
    def colour(self) -> moderngl.Texture:
        """What is being drawn."""
        return self._textures[0]

    @property
    def target(self) -> moderngl.Framebuffer:
        """Where it is drawn."""
        return self._targets[0]

    @property
    def before(self) -> moderngl.Texture:
        """The picture before it."""
        return self._textures[1]

    def swap(self) -> None:
        """Begin the next picture."""
        self._textures.reverse()
        self._targets.reverse()


class Flock:
    """Many particles in one call. A row of them: middle, half axes, cosine, sine, softness, colour, what is hidden."""

    COLUMNS = 11

    def __init__(self, context: moderngl.Context, corners: moderngl.Buffer) -> None:
        self._gl, self._corners = context, corners
        self._rows = context.buffer(reserve=4 * self.COLUMNS * 256, dynamic=True)
        self._array: moderngl.VertexArray | None = None
        self._count = 0

    def write(self, rows: NDArray[np.float32]) -> None:
        """Take [n, 11] rows."""
        if rows.nbytes > self._rows.size:
            self._rows.release()
            self._rows = self._gl.buffer(reserve=2 * rows.nbytes, dynamic=True)
            self.forget()
        self._rows.write(np.ascontiguousarray(rows).tobytes())
        self._count = len(rows)

    def draw(self, programs: Programs, canvas: tuple[int, int], power: float) -> None:
        """Draw what was written into the target in use."""
        program = programs.get("particle.vert", "particle.frag")
        if self._array is None:
            parts = [(self._corners, "2f", "corner"), (self._rows, "4f 3f 4f/i", "at", "turned", "paint")]
            self._array = self._gl.vertex_array(program, parts)
        program["canvas"], program["power"] = canvas, power
        self._array.render(moderngl.TRIANGLE_STRIP, instances=self._count)

    def forget(self) -> None:
        """The program was made anew."""
        self._array = None
