"""What a decoder gives, as sRGB: the right matrix and range, and wide or bright pictures (BT.2020, HLG, PQ) mapped onto a screen.

Formulas: ITU-R BT.2100-2 (HLG, PQ), BT.2020-2, BT.709-6, and BT.2408-7 for white, which both place at 203 cd/m².
"""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from installation.messages import Image
from installation.sources.base import MAX_SIDE
from installation.sources.square import square

MAX_MAPPED_SIDE = 1280  # px; mapping costs more than reading, and this is what a camera is asked for
ITU601, BT2020 = 5, 9  # PyAV's numbers of YUV matrices
UNSPECIFIED = 2
KNOWN_MATRICES = {0, 1, UNSPECIFIED, 4, 5, 6, 7, 9}  # of a frame; FFmpeg refuses to convert any other
PQ, HLG = 16, 18  # transfer functions
WIDE = 9  # primaries of BT.2020

WHITE = 203.0  # cd/m² of a white wall in HLG and PQ
BRIGHTEST = 1000.0  # cd/m² that are still told apart
KNEE = 0.75  # of white, light above which is pressed together so that the brightest is still white
CODES = 1 << 16
LUMINANCE = np.array([[0.2627, 0.6780, 0.0593]], np.float32)  # of BT.2020
LUMINANCE_BT709 = np.array([[0.2126, 0.7152, 0.0722]], np.float32)
TO_BT709 = np.array([[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]], np.float32)


class ColourReader:
    """Converts a decoder's pictures; keeps what it needs from one to the next."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._map: ToneMap | None = None

    def read(self, picture: av.VideoFrame, shape: Fraction | None) -> Image:
        """uint8 sRGB [H, W, 3] with square pixels, at most ``MAX_SIDE`` px on a side; may be a view of FFmpeg's memory.

        shape: width ÷ height of a pixel; None: square.
        """
        mapped = self._mapping(picture)
        width, height = square(picture.width, picture.height, shape, MAX_MAPPED_SIDE if mapped else MAX_SIDE)
        if mapped is None:
            return self._pixels(picture, width, height, "rgb24", matrix_of(picture))
        matrix = BT2020 if picture.colorspace == UNSPECIFIED else matrix_of(picture)
        wide = self._pixels(picture, width, height, "rgb48le", matrix).view("<u2")
        return mapped(wide.reshape(height, width, 3))

    def _mapping(self, picture: av.VideoFrame) -> ToneMap | None:
        """How the picture is brought to sRGB; None where it is already there."""
        transfer, wide = picture.color_trc, picture.color_primaries == WIDE
        if transfer not in (PQ, HLG) and not wide:
            return None
        wide = wide or picture.color_primaries == UNSPECIFIED  # of HLG and PQ
        if self._map is None or (self._map.transfer, self._map.wide) != (transfer, wide):
            self._map = ToneMap(transfer, wide)
        return self._map

    def _pixels(self, picture: av.VideoFrame, width: int, height: int, kind: str, matrix: int | None) -> Image:
        """[height, width, bytes of a pixel] of the picture as the packed pixel format ``kind``."""
        rgb = self._reformatter.reformat(picture, width=width, height=height, format=kind, src_colorspace=matrix)
        plane = rgb.planes[0]
        pixel = rgb.format.padded_bits_per_pixel // 8
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:height, : width * pixel]
        return np.ascontiguousarray(rows).reshape(height, width, pixel)


class ToneMap:
    """From codes of HLG, PQ or BT.2020 video to sRGB: two tables with a matrix between, in memory that is used again."""

    def __init__(self, transfer: int, wide: bool) -> None:
        self.transfer, self.wide = transfer, wide
        brightest = BRIGHTEST / WHITE if transfer in (PQ, HLG) else 1.0
        self._light = light_of(transfer)
        self._luminance = LUMINANCE if wide else LUMINANCE_BT709
        self._matrix = (TO_BT709 if wide else np.eye(3, dtype=np.float32)) * np.float32((CODES - 1) / brightest)
        self._srgb = srgb_of(np.linspace(0.0, brightest, CODES), brightest)
        self._room((0, 0, 3))

    def _room(self, shape: tuple[int, ...]) -> None:
        self._linear, self._other = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self._gain, self._codes = np.empty(shape[:2], np.float32), np.empty(shape, np.uint16)

    def __call__(self, codes: NDArray[np.uint16]) -> Image:
        """codes: RGB [H, W, 3]."""
        if self._linear.shape != codes.shape:
            self._room(codes.shape)
        linear, other = self._linear, self._other
        cv2.LUT(codes, self._light, dst=linear)
        if self.transfer == HLG:
            # A display shows a scene with more contrast than it had: its light times its luminance to the power of 0.2.
            cv2.transform(linear, self._luminance, dst=self._gain)
            cv2.pow(self._gain, 0.2, dst=self._gain)
            cv2.merge((self._gain, self._gain, self._gain), dst=other)
            cv2.multiply(linear, other, dst=linear)
        cv2.transform(linear, self._matrix, dst=other)
        np.clip(other, 0.0, CODES - 1.0, out=other)
        np.copyto(self._codes, other, casting="unsafe")
        return np.asarray(cv2.LUT(self._codes, self._srgb), dtype=np.uint8)


def light_of(transfer: int) -> NDArray[np.float32]:
    """Light for every 16-bit code, 1 for white; of HLG the scene's, scaled so that the display's follows by luminance alone."""
    code = np.linspace(0.0, 1.0, CODES)
    if transfer == PQ:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
        root = code ** (1 / m2)
        return np.asarray(10_000 / WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1), np.float32)
    if transfer == HLG:
        a = 0.17883277
        b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        return np.asarray(scene * (BRIGHTEST / WHITE) ** (1 / 1.2), np.float32)
    return np.asarray(np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4), np.float32)


def srgb_of(light: NDArray[np.float64], brightest: float) -> NDArray[np.uint8]:
    """sRGB codes of light, 1 for white, as it is up to ``KNEE``; above, everything up to ``brightest`` finds room."""
    if brightest > 1:
        over, most = np.maximum(light - KNEE, 0) / (1 - KNEE), (brightest - KNEE) / (1 - KNEE)
        light = np.where(light > KNEE, KNEE + (1 - KNEE) * over * (1 + over / most**2) / (1 + over), light)
    light = np.clip(light, 0, 1)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(code * 255), np.uint8)


def matrix_of(picture: av.VideoFrame) -> int | None:
    """Which YUV matrix to read the picture with; None: the one it names, and Rec. 601 where it names none."""
    matrix = picture.colorspace
    if matrix in KNOWN_MATRICES:
        return None
    return BT2020 if matrix == 10 else ITU601  # 10: BT.2020 with constant luminance, which is close
