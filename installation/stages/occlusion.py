"""Occlusion: what covers each visitor's face, so that no edit is drawn on a hand, a microphone or a sheet before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from installation.engines.base import Network
from installation.engines.batched import BatchedEngine
from installation.engines.fingerprint import digest
from installation.engines.select import EngineSettings
from installation.faces.mask_memory import MaskMemory
from installation.messages import AlignedFrame, Image, Mask
from installation.networks.occlusion import INPUT_PX, OUTPUT_PX, CoveredShare, OcclusionNetwork

FROM, TO = 0.35, 0.65  # 0…1 of the network's answer, between which a place goes from free to covered
TAKEN = 0.6  # of a new answer in the one that is kept: a rim that is not sure must not tremble, a hand that moves must not trail
GROWN = 3  # cells across which a cover is widened: its shadow is not the sitter's either
REST_FRAMES = 1  # after a visitor's turn, before it comes again


def occlusion_engine(network: OcclusionNetwork, settings: EngineSettings) -> Callable[[Image], NDArray[np.float32]]:
    """One crop uint8 [128, 128, 3] -> [32, 32] 0…1."""
    key = digest(network)

    def make(batch: int) -> Network:
        example = torch.full((batch, INPUT_PX, INPUT_PX, 3), 127, dtype=torch.uint8)
        return Network(f"occlusion-{batch}", CoveredShare(network).eval(), (example,), key)

    engine = BatchedEngine(make, 1, settings)
    return lambda crop: np.asarray(engine([[crop]])[0][0], np.float32)


class Occlusion:
    """AlignedFrame -> AlignedFrame, each face with what covers it. One visitor a frame, the stalest first; whoever had no turn yet has
    nothing before them."""

    def __init__(self, network: Callable[[Image], NDArray[np.float32]]) -> None:
        """network: see ``occlusion_engine``."""
        self._network = network
        self._covers = MaskMemory(self._measured, as_mask, TAKEN, REST_FRAMES)

    def find(self, aligned: AlignedFrame) -> AlignedFrame:
        """The same faces with the covers that are known."""
        self._covers.step(aligned.faces)
        return replace(aligned, faces=tuple(replace(a, covered=self._covers.mask(a.face.id)) for a in aligned.faces))

    def alone(self, crop: Image) -> Mask:
        """[S, S, 3] of a still -> [32, 32], 255 where something is before its sitter's face. Nothing of it is kept."""
        return as_mask(self._measured(crop))

    def _measured(self, crop: Image) -> NDArray[np.float32]:
        if crop.shape[0] != INPUT_PX:
            crop = np.asarray(cv2.resize(crop, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return self._network(crop)


def as_mask(share: NDArray[np.float32]) -> Mask:
    """[32, 32] 0…1 -> uint8, widened and with a soft rim: 255 where something covers the face."""
    sure = np.clip((share - np.float32(FROM)) * np.float32(1 / (TO - FROM)), 0, 1)
    wide = cv2.dilate(sure, np.ones((GROWN, GROWN), np.uint8))
    soft = cv2.GaussianBlur(wide, (3, 3), 0)
    return np.asarray(np.rint(soft * 255), dtype=np.uint8).reshape(OUTPUT_PX, OUTPUT_PX)
