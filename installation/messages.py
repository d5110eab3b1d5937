"""The small frozen values that travel between stages.

Pictures are uint8 RGB [H, W, 3], sRGB, unless said otherwise. Times are seconds of a monotonic clock. Transforms are 2x3
float64 affine matrices over pixel centres, named by direction: ``M_c2o`` carries points of the crop to the original
frame, ``M_o2c`` back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Image = NDArray[np.uint8]
Mask = NDArray[np.uint8]  # [H, W], 0 outside to 255 inside
Points = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of the source. Capture -> track."""

    index: int  # counts from 0, frames read from the source
    time: float  # s, when it was taken
    image: Image  # [H, W, 3]


@dataclass(frozen=True, slots=True)
class Expression:
    """What a face does. smile, mouth_open, eyes_open: 0…1; yaw, pitch, roll: degrees, positive to the picture's right,
    up, and clockwise."""

    smile: float = 0.0
    mouth_open: float = 0.0
    eyes_open: float = 1.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One visitor in one frame."""

    id: int  # stable while the visitor stays, through occlusions of a second and crossings
    landmarks: Points  # [468, 2] px of the frame, smoothed; MediaPipe FaceMesh's numbering
    box: tuple[float, float, float, float]  # x0, y0, x1, y1 px of the frame, around the landmarks
    expression: Expression
    presence: float  # 0…1, fades in as a visitor stays and out after they left
    seen: bool  # found when last looked at, at most three frames ago; otherwise the last known values are held
    drawable: float  # 0…1, 1 inside the yaw that the encoder can draw, fading to 0 beyond it
    quality: float = 1.0  # 0…1, how much of it lies in the frame and before all others; from 0.5 on it is fit to be encoded
    fresh: bool = True  # looked at in this very frame; otherwise where it should be by now
    hand_raised: bool = False  # an open hand has been held up beside the head for a moment; False where nobody looks for hands


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame:
    """Track -> align."""

    frame: Frame
    faces: tuple[Face, ...]  # sorted by id


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFace:
    """One visitor's FFHQ crop."""

    face: Face
    crop: Image  # [S, S, 3]
    M_c2o: Matrix
    M_o2c: Matrix
    silhouette: Mask | None = None  # [128, 128] where the visitor is in the crop, 0…255
    covered: Mask | None = None  # [32, 32] where something is before their face, 0…255


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFrame:
    """Align -> encode."""

    frame: Frame
    faces: tuple[AlignedFace, ...]
    people: Mask | None = None  # [h, w] where anybody is in the frame, in its shape; None where nobody asked, or it is not known


@dataclass(frozen=True, slots=True, eq=False)
class OwnChanges:
    """What the editor would write on one face: for each of its knobs what amount 1 adds, and what amount -1 adds."""

    residual: Tensor  # [knobs, 2, C, r, r] float32, to the detail residual
    flow: Tensor  # [knobs, 2, 2, R, R] float32, movement of what is drawn, x and y in fractions of the side


@dataclass(frozen=True, slots=True)
class LipAmounts:
    """How the lips of a face move in its own pixels. opening: above 0 they part, under 0 they come together; smile: their corners go up,
    or under 0 down."""

    opening: float = 0.0
    smile: float = 0.0

    @property
    def any(self) -> bool:
        """Whether they move at all."""
        return self.opening != 0 or self.smile != 0

    def times(self, share: float) -> LipAmounts:
        """So much of both."""
        return LipAmounts(share * self.opening, share * self.smile)

    def on_another(self, share: float) -> LipAmounts:
        """On a face that is another's by that share 0…1: a mouth can be opened in it, but what the visitor's own lips do is not its."""
        own = self.times(1 - share)
        return LipAmounts(max(self.opening, own.opening), own.smile)


STILL_LIPS = LipAmounts()


@dataclass(frozen=True, slots=True, eq=False)
class EncodedFace:
    """One visitor's latent code."""

    face: Face
    ws: Tensor  # [styles, w_dim] float32, the smoothed W+ code
    detail: Tensor | None  # [32, 32, 32] float32, the detail residual of this very frame, where the model has one
    silhouette: Mask | None = None  # [128, 128] where the visitor is in their crop, 0…255; None where it is not known
    covered: Mask | None = None  # [32, 32] where something is before their face, 0…255; None where it is not known
    changes: OwnChanges | None = None  # of the last frame that showed them well; None where there is no editor


@dataclass(frozen=True, slots=True, eq=False)
class EncodedFrame:
    """Encode -> edit (the slot between perception and synthesis)."""

    frame: Frame
    faces: tuple[EncodedFace, ...]
    people: Mask | None = None  # [h, w] where anybody is in the frame; None where it is not known
    waiting: int = 0  # visitors who are seen and have not agreed to be shown yet, where they are asked
    unclear: int = 0  # those who are seen and not encoded: turned away, half outside the frame


Mix = tuple[tuple[str, tuple[float, ...]], ...]
"""A child generator's name and its share 0…1 in each layer; the base takes the rest."""


@dataclass(frozen=True, slots=True, eq=False)
class EditedFace:
    """What the generator draws for one visitor."""

    face: Face
    ws: Tensor  # [styles, w_dim] the code before the edits: the detail residual belongs to it
    ws_edited: Tensor  # [styles, w_dim]
    detail: Tensor | None  # [32, 32, 32], carried along by the edits
    detail_gain: float  # 0…1
    warp: NDArray[np.float32] | None = None  # [2, r, r] how the edits move what is drawn, fractions of the side
    own: EncodedFace | None = None  # the sitter's code and residual as encoded; None: nothing is known of them
    glass: float = 0.0  # 0…1 how much of the camera's own pixels stays
    edited: bool = True  # False: this is the sitter's own face, as it is
    cell: int = 0  # which of the sitter's variants this is
    mix: Mix | None = None  # of this variant alone; None: the frame's
    pixels: int = 0  # side of the square that it fills where it is seen; 0: as large as it can be
    lips: LipAmounts = STILL_LIPS  # how the lips move, over all that is drawn
    own_share: float = 0.0  # 0…1 how far the sitter's own eyes and hue of skin stay as they are
    likeness: float = 1.0  # 0…1 how far this is the sitter, and nobody whom they go over into


@dataclass(frozen=True, slots=True, eq=False)
class EditedFrame:
    """Edit -> generate."""

    frame: Frame
    faces: tuple[EditedFace, ...]
    mix: Mix = ()


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """What the generator made of one edited face."""

    edited: Image | None  # [p, p, 3]; None: nothing is edited, so nothing was drawn
    plain: Image | None  # [p, p, 3] the same face without the edits; None where the camera's pixels do not count
    warp: NDArray[np.float32] | None  # [2, r, r] how the drawing is still to be moved, fractions of the side
    glass: float  # 0…1 how much of the camera's own pixels stays
    hue: float = 0.0  # 0…1 how far drawn skin is to have the hue of the sitter's


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFrame:
    """Generate -> glass: the drawings of those whose turn it was, by visitor and cell."""

    edited: EditedFrame
    drawings: tuple[Drawing, ...]  # in the order of ``edited.faces``


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """One visitor's portrait."""

    face: Face
    image: Image  # [S, S, 3], S a power of two; empty where only the mirror's picture is wanted
    opacity: float  # 0…1, presence times drawable, smoothed
    cell: int = 0  # which of the sitter's variants this is
    square: Matrix | None = None  # 2x3, unit square of the crop to px of the frame: where the portrait was cut out
    in_view: float = 1.0  # 0…1, smoothed: how well the face can be seen in the mirror's picture, and so how far it is changed there


@dataclass(frozen=True, slots=True, eq=False)
class Styled:
    """Style -> display: what was painted, for as long as nothing newer is."""

    frame: Frame  # that it was painted from
    picture: Image | None = None  # [H, W, 3] the whole picture, painted
    people: Mask | None = None  # [h, w] where anybody is in it
    faces: Mapping[int, Image] = field(default_factory=dict)  # by visitor: [s, s, 3] the crop of their face in the picture, painted
    portraits: Mapping[tuple[int, int], Image] = field(default_factory=dict)  # by visitor and cell: [S, S, 3] the portrait, painted


@dataclass(frozen=True, slots=True, eq=False)
class Portraits:
    """Glass -> compose (the slot between synthesis and display)."""

    frame: Frame
    portraits: tuple[Portrait, ...] = field(default=())  # sorted by id and cell
    picture: Image | None = None  # [H, W, 3] the frame with every face changed in its place; None where no layout wants it
    people: Mask | None = None  # [h, w] where anybody is in that frame; None where it is not known
    alone: bool = False  # there is nobody to show: the wall takes the mirror's place, and whoever hangs there is nobody
    invitation: str = ""  # name of the text that is said to visitors; "" for none
