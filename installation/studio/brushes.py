"""Painters' styles over a still: the whole picture, or the faces alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from installation.canvas.look import portrait_mask
from installation.engines.style_models import StyleEngineSettings, fitting_size
from installation.messages import Image, Matrix
from installation.styles.blend import Blend
from installation.styles.crops import cut, laid
from installation.styles.easel import Easel
from installation.styles.painter import NetworkHand
from installation.styles.wear import SOFTNESS

LONG_SIDE, FACE_PX, SKETCH_PX = 640, 256, 160  # px of a painted picture, of a face's square, of a small picture of a style
KEPT = 4  # networks of different shapes


class Brushes:
    """The networks of each shape that is asked for, the newest few of them. Painting raises WeightsError where there are none."""

    def __init__(self, engine: StyleEngineSettings, long_side: int = 0) -> None:
        """long_side: px, 0: the usual."""
        self._engine, self._long_side = engine, long_side or LONG_SIDE
        self._hands: OrderedDict[tuple[int, int], NetworkHand] = OrderedDict()
        self._easel = Easel(steady=False)

    def whole(self, picture: Image, blend: Blend, long_side: int = 0) -> Image:
        """[H, W, 3] painted all over; strokes have the same width in every size of one picture. long_side: px that it is painted at; 0:
        the usual."""
        return self._painted(picture, blend, fitting_size(long_side or self._long_side, picture.shape[1], picture.shape[0]))

    def faces(self, picture: Image, squares: Sequence[Matrix], blend: Blend) -> Image:
        """[H, W, 3] with these faces painted, those given last over the others. squares: each crop as one pixel to the picture."""
        out = picture.copy()
        mask = np.asarray(np.rint(255.0 * portrait_mask(FACE_PX, SOFTNESS)), dtype=np.uint8)
        for square in squares:
            laid(out, square, self._painted(cut(out, square, FACE_PX), blend, (FACE_PX, FACE_PX)), mask)
        return out

    def sketch(self, square: Image, blend: Blend) -> Image:
        """A small picture of a style: the square [s, s, 3] of a face in it."""
        return self._painted(square, blend, (SKETCH_PX, SKETCH_PX))

    def _painted(self, picture: Image, blend: Blend, size: tuple[int, int]) -> Image:
        hand = self._hands.pop(size, None) or NetworkHand(size, self._engine)
        self._hands[size] = hand
        while len(self._hands) > KEPT:
            self._hands.popitem(last=False)
        return self._easel.paint(picture, blend, hand)
