"""Generate: draw each visitor's edited code with the generators as they are mixed now."""

import threading

import numpy as np
import torch
from numpy.typing import NDArray

from installation.engines.base import Array
from installation.engines.batched import BatchedEngine
from installation.engines.select import EngineSettings
from installation.errors import FacetsError
from installation.latents.warps import Warper, larger_eyes
from installation.messages import Drawing, DrawnFrame, EditedFace, EditedFrame, Image, Mix, Portrait, Portraits
from installation.models.bundle import Models
from installation.portraits.engines import GenerateSettings, Pairs, PortraitEngines
from installation.portraits.fitting import SMALL_PX, fitting_pairs, fitting_portraits

Flow = NDArray[np.float32]
COLOURS_FROM = 64  # px of the layers that give a portrait its colours
ENOUGH = 2.0  # times its own size may a change be enlarged: it is smooth, and what is sharp is the camera's


class Generate:
    """Two engines: one of the base alone, and, where there are children, one that mixes. That one is built while the show already
    runs, unless it has to be converted and measured first: that holds up every other thread of the program for many seconds.

    A skip generator has a picture at every resolution, so a smaller portrait is a shorter network; any other generator
    draws its own size.
    """

    def __init__(self, models: Models, engine: EngineSettings, settings: GenerateSettings, thorough: bool = False) -> None:
        self._models = models
        self._engines = PortraitEngines(models, engine, settings, thorough)
        self.portrait_px, self._plain = fitting_portraits(self._engines)
        self._twice: float | None = None  # ms of two portraits, where a change has no engine of its own; None: not measured yet
        self._pairs = fitting_pairs(self._engines, self.portrait_px)  # the smaller first
        self._mixing: BatchedEngine | None = None
        self._builder: threading.Thread | None = None
        self._warper = Warper()
        self._eyes = {c.name: c.eyes for c in models.children if c.eyes}
        self._hues = {c.name: c.own_hue for c in models.children if c.own_hue}
        self.fault: str | None = None  # why the mixing engine could not be built
        if models.children:
            ready = self._engines.can_mix_at_once(self.portrait_px)
            self._builder = threading.Thread(target=self._build_mixing, args=(not ready,), name="build-mixing", daemon=True)
            self._builder.start()
            if not ready:
                self.wait()

    @property
    def choice(self) -> str:
        """Backend, precision and threads of the engine in use."""
        return str(self._plain.choice)

    @property
    def backend(self) -> str:
        return self._plain.choice.backend

    @property
    def precision(self) -> str:
        return self._plain.choice.precision

    def milliseconds(self) -> float:
        """Time of one portrait on the engine alone."""
        return self._engines.milliseconds(self._plain)

    def wait(self) -> None:
        """Until the mixing engine stands: lockstep runs must not depend on when it does."""
        if self._builder is not None:
            self._builder.join()

    def relieve(self) -> str:
        """Draw with less memory from now on: one face at a time, smaller changes, no mixing, smaller portraits, one of them a call.
        What was given up, in a few words; "" where nothing is left to give up. Raises whatever building a smaller engine raises."""
        given_up = self._given_up()
        if given_up and torch.cuda.is_available():
            torch.cuda.empty_cache()
        return given_up

    def _given_up(self) -> str:
        self._engines.one_by_one = True
        shrunk = self._plain.shrink()
        if shrunk or (self._mixing is not None and self._mixing.shrink()):
            return "faces are drawn one by one"
        if len(self._pairs) > 1:
            self._pairs = self._pairs[:1]
            return f"changes are drawn at {self._pairs[0].size} px"
        if self._mixing is not None:
            self._mixing = None
            return "generators are not mixed any more"
        if self._models.base.layered is not None and self.portrait_px > SMALL_PX:
            size = self.portrait_px // 2
            self._plain = self._engines.portraits(size, mixing=False)
            self.portrait_px, self._twice = size, None
            return f"portraits are drawn at {size} px"
        return ""

    def portraits(self, edited: EditedFrame) -> Portraits:
        """Whole portraits uint8 [S, S, 3], sorted by id, with nothing of the camera in them: of a face that is nobody's."""
        faces = [self._engines.inputs(f.ws, f.ws_edited, f.detail, f.detail_gain) for f in edited.faces]
        results = self._mixing(faces, [self._layers(edited.mix)]) if edited.mix and self._mixing is not None else self._plain(faces)
        mixed = edited.mix if self._mixing is not None else ()
        portraits = [self._portrait(face, result[0], mixed) for face, result in zip(edited.faces, results, strict=True)]
        return Portraits(edited.frame, tuple(portraits))

    def draw(self, edited: EditedFrame, finest: bool = False) -> DrawnFrame:
        """What each face's edits change: drawn twice where the camera's pixels stay, once where they do not, and not at all where
        nothing is edited. finest: as large as portraits are, whatever time that takes."""
        drawings = (self._drawing(face, edited.mix if face.mix is None else face.mix, finest) for face in edited.faces)
        return DrawnFrame(edited, tuple(drawings))

    @property
    def change_px(self) -> int:
        """Side of the largest drawings of a change."""
        return self._pairs[-1].size if self._pairs else self.portrait_px

    def turn_milliseconds(self, pixels: int = 0) -> float:
        """Time of one face's drawings where the camera's pixels stay and the face fills a square of so many px; 0: a large one."""
        pairs = self._pairs_for(pixels)
        if pairs is not None:
            return pairs.milliseconds
        if self._twice is None:
            self._twice = 2 * self.milliseconds()
        return self._twice

    def _pairs_for(self, pixels: int) -> Pairs | None:
        """The smallest that will do."""
        enough = (pairs for pairs in self._pairs if 0 < pixels <= ENOUGH * pairs.size)
        return next(enough, self._pairs[-1] if self._pairs else None)

    def _drawing(self, face: EditedFace, mix: Mix, finest: bool) -> Drawing:
        own = face.own
        if not face.edited or own is None:
            return Drawing(None, None, None, face.glass)
        if self._mixing is None:
            mix = ()
        pairs = self._pairs_for(0 if finest else face.pixels)
        if finest and pairs is not None and pairs.size < self.portrait_px:
            pairs = None
        if not mix and face.glass >= 1.0 and pairs is not None:
            inputs = self._engines.pair_inputs(face.ws, face.ws_edited, own.detail, face.detail, face.detail_gain)
            pair = pairs.engine([inputs])[0]
            return Drawing(_picture(pair[0]), _picture(pair[1]), face.warp, face.glass)
        alone = self._engines.inputs(face.ws, face.ws_edited, face.detail, face.detail_gain)
        drawn = self._mixing([alone], [self._layers(mix)]) if mix and self._mixing is not None else self._plain([alone])
        plain = self._plain([self._engines.inputs(own.ws, own.ws, own.detail, 1.0)])[0][0] if face.glass > 0.0 else None
        warp = self._warp(face.warp, mix)
        hue = face.likeness * self._hue(mix)
        return Drawing(_picture(drawn[0][0]), None if plain is None else _picture(plain), warp, face.glass, hue)

    def _hue(self, mix: Mix) -> float:
        """How far skin is to have the sitter's own hue, by the children that take part in the layers which give the colours."""
        colours = sum(resolution < COLOURS_FROM for resolution in self._models.resolutions[:-1])
        return min(1.0, sum(max(shares[colours:]) * self._hues[name] for name, shares in mix if name in self._hues))

    def _warp(self, warp: Flow | None, mix: Mix) -> Flow | None:
        """A portrait's warp, with the larger eyes of the children that take part."""
        for name, shares in mix:
            if name in self._eyes:
                eyes = larger_eyes(self._eyes[name]) if warp is None else larger_eyes(self._eyes[name], warp.shape[-1])
                warp = max(shares) * eyes if warp is None else warp + max(shares) * eyes
        return warp

    def _portrait(self, edited: EditedFace, drawn: Array, mix: Mix) -> Portrait:
        image, warp = _picture(drawn), self._warp(edited.warp, mix)
        if warp is not None:
            image = self._warper(image, warp)
        return Portrait(edited.face, image, edited.face.presence * edited.face.drawable)

    def _layers(self, mix: Mix) -> NDArray[np.float32]:
        """[children, resolutions]: the share of each child, of all there are, in each layer."""
        levels = len([r for r in self._models.resolutions if r <= self.portrait_px])
        rows = {name: shares[:levels] for name, shares in mix}
        nothing = (0.0,) * levels
        return np.array([rows.get(child.name, nothing) for child in self._models.children], dtype=np.float32)

    def _build_mixing(self, again: bool) -> None:
        try:
            self._mixing = self._engines.portraits(self.portrait_px, mixing=True, again=again)
        except (FacetsError, RuntimeError, OSError, MemoryError) as err:  # the base goes on alone
            self.fault = f"generators cannot be mixed on this machine: {err}"


def _picture(drawn: Array) -> Image:
    return np.asarray(drawn, dtype=np.uint8)
