"""Portraits as glass makes them, of a sitter's own crop at -1 and +1 of every direction, and what is measured on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from installation.compositing.apply import Pane
from installation.compositing.change import over_camera
from installation.compositing.lips import lip_move
from installation.compositing.sitters_own import sitters_own
from installation.engines.silhouette_model import SilhouetteModel
from installation.faces.head import HAIR, HEAD_PX, face_outline, head_mask
from installation.latents.directions import Move
from installation.messages import Drawing, Image, Mask, Matrix, OwnChanges
from installation.models.bundle import Models
from installation.models.editor import own_changes
from installation.networks.encoder_parts import as_network_input
from installation.networks.mixed_generator import MixedGenerator
from installation.portraits.fitting import SMALL_PX
from installation.training.directions.effects import Measure
from installation.training.score.faces import fitted
from installation.training.score.glass import GlassNumbers, glass_numbers
from installation.training.score.networks import IdentityJudge, five_point_matrix

Array = NDArray[np.float64]
SIGNS = (-1.0, 1.0)
NUMBERS = tuple(field.name for field in fields(GlassNumbers))
DRAWN_AT_ONCE = 6
STRANGERS = 0.999  # of all pairs of different sitters are less alike than who counts as the same person
FEWEST_PAIRS = 1000  # from which that can be told


@dataclass(frozen=True, eq=False)
class GlassScores:
    """Of N faces and D directions. numbers: each of ``NUMBERS`` [N, D, 2], at -1 and +1. identity [N, D, 2]: cosine of the portraits
    to the sitter's own picture; None without a network. effects [N, D, 2, measures]: what each portrait measures, less what the
    sitter's own picture does; own [N, measures]: what that does; None where nothing was measured. same: cosine above which two pictures
    show the same person; None where too few sitters tell it."""

    names: tuple[str, ...]
    numbers: dict[str, Array]
    identity: Array | None
    effects: Array | None = None
    own: Array | None = None
    same: float | None = None

    def of(self, faces: NDArray[np.int64]) -> "GlassScores":
        """Of some of the faces."""
        numbers = {name: values[faces] for name, values in self.numbers.items()}
        identity, effects, own = (None if part is None else part[faces] for part in (self.identity, self.effects, self.own))
        return GlassScores(self.names, numbers, identity, effects, own, self.same)


def why_no_glazing(models: Models) -> str | None:
    """Why edits cannot be put over the camera's pixels with these models; None where they can."""
    if not models.directions.names:
        return "no directions fit this model"
    if models.detail is None:
        return "this encoder gives no detail residual; edits are laid over the camera's pixels with one"
    return None


class Glazing:
    """Draws what the mirror draws, by the same modules, in float32. glass 0…1: how much of the camera's own pixels
    stays. Raises ValueError where these models cannot."""

    def __init__(self, models: Models, glass: float = 1.0) -> None:
        if (why := why_no_glazing(models)) is not None:
            raise ValueError(why)
        base = models.base.layered
        assert models.detail is not None and base is not None  # without layers there is no detail
        self.glass, self.names = glass, tuple(models.directions.names)
        self._models, self._encoder, self._pane, self._silhouette = models, models.detail, Pane(), SilhouetteModel()
        # Where the camera stays a change is drawn small, as on a machine of few cores; a portrait without it is drawn whole.
        size = min(base.size, SMALL_PX) if glass >= 1.0 else base.size
        self._generator = MixedGenerator(base, (), models.detail.expand.weight, size).eval()
        count = len(self.names)
        self._moves = [models.directions.parted([sign * (j == k) for j in range(count)]) for k in range(count) for sign in SIGNS]

    def mask(self, crop: Image, landmarks: NDArray[np.floating], hair: float = HAIR) -> Mask:
        """[128, 128]: where the edits of a sitter may be seen, whose landmarks [468, 2 or 3] are px of the crop [S, S, 3]."""
        outline = face_outline(np.asarray(landmarks[:, :2], np.float32), _to_mask(crop))
        silhouette = np.asarray(cv2.resize(self._silhouette(crop), (HEAD_PX, HEAD_PX), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return head_mask(outline, silhouette, hair)

    @torch.inference_mode()
    def portraits(self, crop: Image, landmarks: NDArray[np.floating]) -> Iterator[Image]:
        """[S, S, 3] each, at -1 and +1 of every direction in turn."""
        crops = torch.from_numpy(fitted(crop, self._models.input_px))[None]
        features, seen, detail = self._encoder.pyramid(as_network_input(crops))
        ws, own = self._encoder.heads(features), own_changes(self._models.editor, features, seen, detail)
        small = self.mask(crop, landmarks, HAIR + (1.0 - HAIR) * (1.0 - self.glass))
        size = self._generator.size
        mask = np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
        places = np.asarray(landmarks[:, :2], np.float32)
        for start in range(0, len(self._moves), DRAWN_AT_ONCE):
            moves = self._moves[start : start + DRAWN_AT_ONCE]
            for move, edited, plain in zip(moves, *self._drawn(ws, detail, moves, own), strict=True):
                warp = None if move is None else move.warp(own)
                moved = None if warp is None else warp.numpy()
                drawing = Drawing(edited, plain if self.glass > 0.0 else None, moved, self.glass)
                kept = None if move is None else sitters_own(places, _to_mask(crop), size, self.glass * move.by_editor)
                change = over_camera(drawing, mask, square=True, own=kept)
                portrait, lips = crop.copy(), None if move is None else lip_move(places, move.lips)
                if change is not None:
                    self._pane.on_crop(portrait, change, lips)
                elif lips is not None:
                    lips.move(portrait)
                yield portrait

    def _drawn(self, ws: torch.Tensor, detail: torch.Tensor, moves: Sequence[Move | None], own: OwnChanges | None) -> tuple[Image, Image]:
        """[M, p, p, 3] edited and unedited."""
        many = len(moves)
        edited = torch.cat([ws if move is None else ws + move.offset for move in moves])
        carried = torch.cat([detail if move is None else move.carry(detail[0], own)[None] for move in moves])
        drawn = self._generator.pair(ws.expand(many, -1, -1), edited, detail.expand(many, -1, -1, -1), carried, torch.ones(many))
        return drawn[0].numpy(), drawn[1].numpy()


def _to_mask(crop: Image) -> Matrix:
    """Pixels of a crop [S, S, 3] to those of its mask."""
    scale = HEAD_PX / crop.shape[0]
    return np.array([[scale, 0.0, 0.5 * scale - 0.5], [0.0, scale, 0.5 * scale - 0.5]])


def score_glazing(
    glazing: Glazing,
    sitters: Sequence[tuple[Image, NDArray[np.floating]]],
    identity: IdentityJudge | None,
    measure: Measure | None = None,
) -> GlassScores:
    """sitters: crop [S, S, 3] and landmarks [468, 2 or 3] px of it, each. measure: what each edit's effect is told by."""
    shape = (len(sitters), len(glazing.names), len(SIGNS))
    measured, alike, told, plain, faces = [], [], [], [], []
    for crop, landmarks in sitters:
        portraits = list(glazing.portraits(crop, landmarks))
        mask = glazing.mask(crop, landmarks, 1.0)
        measured += [glass_numbers(portrait, crop, mask, landmarks) for portrait in portraits]
        if identity is not None:
            matrix = five_point_matrix(landmarks)
            embedded = identity.embed([crop, *portraits], [matrix] * (1 + len(portraits)))
            alike.append(embedded[1:] @ embedded[0])
            faces.append(embedded[0])
        if measure is not None:
            found = measure([crop, *portraits])
            told.append(found[1:] - found[0])
            plain.append(found[0])
    numbers = {name: np.array([getattr(row, name) for row in measured], np.float64).reshape(shape) for name in NUMBERS}
    effects = np.array(told, np.float64).reshape(*shape, -1) if told else None
    identities = np.array(alike, np.float64).reshape(shape) if alike else None
    return GlassScores(glazing.names, numbers, identities, effects, np.array(plain, np.float64) if plain else None, _same_from(faces))


def _same_from(faces: Sequence[NDArray[np.floating]]) -> float | None:
    """The cosine that hardly any two of these embeddings [E], of different people, reach."""
    count = len(faces)
    if count * (count - 1) < 2 * FEWEST_PAIRS:
        return None
    alike = np.stack(faces) @ np.stack(faces).T
    return float(np.quantile(alike[np.triu_indices(count, 1)], STRANGERS))


def joined(parts: Sequence[GlassScores]) -> GlassScores | None:
    """The faces of all parts together, of the same directions; None where there are no faces."""
    parts = [part for part in parts if len(part.numbers["leak"])]
    if not parts:
        return None
    known = [part.identity for part in parts if part.identity is not None]
    numbers = {name: np.concatenate([part.numbers[name] for part in parts]) for name in NUMBERS}
    told, own = ([part for part in found if part is not None] for found in ([p.effects for p in parts], [p.own for p in parts]))
    identity, effects, plain = (np.concatenate(found) if found else None for found in (known, told, own))
    return GlassScores(parts[0].names, numbers, identity, effects, plain)
