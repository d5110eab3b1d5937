"""Shader programs by name, remade while the show runs when their files change."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import moderngl

from installation.canvas.opengl.shader_source import SHADERS, ShaderError, expand

log = logging.getLogger(__name__)


class Programs:
    """Compiles pairs of shaders in a context. ``defines``: numbers that every shader knows."""

    def __init__(self, context: moderngl.Context, defines: Mapping[str, float | int]) -> None:
        self.fault = ""  # why the last reload kept a program as it was
        self._context, self._defines = context, dict(defines)
        self._programs: dict[tuple[str, str], moderngl.Program] = {}
        self._stamp = self._newest()

    def get(self, vertex: str, fragment: str) -> moderngl.Program:
        """The program of two files of ``shaders/``. Raises ShaderError at its first making."""
        key = (vertex, fragment)
        if key not in self._programs:
            self._programs[key] = self._compile(vertex, fragment)
        return self._programs[key]

    def reload(self) -> bool:
        """Remake all programs if a file changed; whether they are new. Where one does not compile all stay as they are, and
        ``fault`` says why."""
        stamp = self._newest()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            made = {key: self._compile(*key) for key in self._programs}
        except ShaderError as err:
            self.fault = str(err)
            log.warning("shaders stay as they were: %s", err)
            return False
        for program in self._programs.values():
            program.release()
        self._programs, self.fault = made, ""
        return True

    def _compile(self, vertex: str, fragment: str) -> moderngl.Program:
        sources = expand(vertex, self._defines), expand(fragment, self._defines)
        try:
            return self._context.program(vertex_shader=sources[0], fragment_shader=sources[1])
        except moderngl.Error as err:
            reason = " ".join(str(err).split())
            raise ShaderError(f"{vertex} with {fragment}: {reason}") from err

    def _newest(self) -> float:
        return max((file.stat().st_mtime for file in SHADERS.iterdir()), default=0.0)
