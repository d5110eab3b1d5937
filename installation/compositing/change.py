"""What an edit changes, as two small pictures: how much brighter and how much darker each place becomes.

    portrait = warp(camera · keep + brighter - darker)        brighter - darker = M · (edited - glass · plain)

The camera gives every pixel, the generator only the difference between two drawings of its own, so whatever it draws softly
or in the wrong colour cancels out. Image-space residuals and pasting back are how published editors keep a likeness (Zoss et
al. 2022, "Production-Ready Face Re-Aging for Visual Effects"; Wang et al. 2022, "High-Fidelity GAN Inversion for Image
Attribute Editing"). Two pictures of bytes and not one of signed numbers: bytes are enlarged and added several times as fast,
and enlarging is linear, so nothing is lost by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.compositing.sitters_own import SittersOwn
from installation.faces.head import HAIR
from installation.latents.warps import STILL, origins, without_folds
from installation.messages import Drawing, Image, Mask

Flow = NDArray[np.float32]
Plane = NDArray[np.float32]
TONE = 0.9  # of a slow change of the face's colour is taken back
TONE_REACH = 0.09  # of the side: standard deviation of what is slow; folds, shadows and beards are not
TONE_PX = 32  # at which it is worked out
LEAST_SKIN = 0.02  # share of the surroundings, under which nothing is said of their tone


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One edit over one crop. Sides are powers of two; r: side of the flow."""

    brighter: Image  # [p, p, 3]
    darker: Image  # [p, p, 3]
    keep: Image | None = None  # [p, p, 3] 0…255, how much of the camera stays; None: all of it
    origin: Flow | None = None  # [2, r, r] where each place takes its pixel from, as seen from there, fractions of the side
    whole: bool = False  # nothing of the camera is left anywhere

    def at(self, strength: float) -> Change:
        """The same change, 0…1 as strong."""
        if strength >= 1.0:
            return self
        keep = None
        if self.keep is not None:
            keep = np.asarray(cv2.convertScaleAbs(self.keep, alpha=strength, beta=255.0 * (1.0 - strength)), dtype=np.uint8)
        brighter, darker = (np.asarray(cv2.convertScaleAbs(p, alpha=strength), dtype=np.uint8) for p in (self.brighter, self.darker))
        return Change(brighter, darker, keep, None if self.origin is None else self.origin * np.float32(strength))


def difference(edited: Image, plain: Image | None, mask: Mask, glass: float, own: SittersOwn | None = None) -> Change:
    """edited, plain: uint8 [p, p, 3]; mask [p, p]: where the edit may be seen; glass 0…1: how much of the camera's pixels stays
    inside it. At 1 the camera gives all and the drawings only what is between them; at 0 the edited drawing covers the camera. own:
    what stays the sitter's own, where there is a plain drawing."""
    share = cv2.cvtColor(mask, cv2.COLOR_GRAY2RGB)
    change = edited.astype(np.float32)
    if plain is not None:
        change -= np.float32(glass) * plain
        skin = skin_share(mask)
        change -= np.float32(glass * TONE) * tone(edited, plain, skin) * skin[..., None]
        if own is not None:
            own.keep(change, plain)
    change *= share.astype(np.float32) * np.float32(1 / 255)
    keep = None if glass >= 1.0 else np.asarray(cv2.bitwise_not(cv2.convertScaleAbs(share, alpha=1.0 - glass)), dtype=np.uint8)
    brighter, darker = np.clip(change, 0, 255), np.clip(-change, 0, 255)
    return Change(np.rint(brighter).astype(np.uint8), np.rint(darker).astype(np.uint8), keep)


def over_camera(drawing: Drawing, mask: Mask, square: bool = False, own: SittersOwn | None = None) -> Change | None:
    """What a drawing changes inside a visitor's mask [p, p]; None where nothing was drawn. square: the drawn background is wanted,
    too, where the camera gives way; own: as of ``difference``."""
    if drawing.edited is None:
        return None
    if square and drawing.glass < 1.0:
        mask = np.asarray(cv2.convertScaleAbs(mask, alpha=drawing.glass, beta=255.0 * (1.0 - drawing.glass)), dtype=np.uint8)
    whole = square and drawing.glass <= 0.0
    return replace(difference(drawing.edited, drawing.plain, mask, drawing.glass, own), origin=moved(drawing.warp, mask), whole=whole)


def tone(edited: Image, plain: Image, skin: Plane) -> NDArray[np.float32]:
    """[p, p, 3] grey levels by which the skin around each place changes as a whole; skin [p, p]: 0…1, where it is. What a direction
    of a population does to skin colour goes with the population and not with the attribute: nobody turns darker by growing older."""
    size = (TONE_PX, TONE_PX)
    change = cv2.subtract(edited, plain, dtype=cv2.CV_32F)
    levels = cv2.GaussianBlur(cv2.resize(change * skin[..., None], size, interpolation=cv2.INTER_AREA), (0, 0), TONE_REACH * TONE_PX)
    share = cv2.GaussianBlur(cv2.resize(skin, size, interpolation=cv2.INTER_AREA), (0, 0), TONE_REACH * TONE_PX)
    slow = levels / np.maximum(share, np.float32(LEAST_SKIN))[..., None]
    return np.asarray(cv2.resize(slow, skin.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def skin_share(mask: Mask) -> NDArray[np.float32]:
    """[p, p] 0…1: how much of a place is face, not hair or neck, which the mask shows less of an edit on."""
    return np.asarray(np.clip((mask * np.float32(1 / 255) - np.float32(HAIR)) * np.float32(1 / (1 - HAIR)), 0, 1), np.float32)


def moved(flow: Flow | None, mask: Mask) -> Flow | None:
    """The way back along a warp's flow [2, r, r], ending where the mask does; None where nothing moves."""
    if flow is None or float(np.abs(flow).max()) < STILL:
        return None
    small = cv2.resize(mask, flow.shape[:0:-1], interpolation=cv2.INTER_AREA).astype(np.float32) * np.float32(1 / 255)
    return np.asarray(origins(without_folds(flow)) * small, np.float32)
