"""A face's code and edits as a file: ``.npz``, plain arrays and a card in JSON, no picture of anybody. Nothing in it is unpickled, and
nothing is read before its size was checked.

``card`` is JSON in UTF-8: ``format``, ``version``, ``generator`` (digest of the weights that the code belongs to), ``model``, ``picture``
(digest of the photograph's file), ``face`` (its number there), ``name``, ``values`` and ``style`` (controls that were moved), ``paintings``
(name and title of each own style), ``searched`` (whether a longer look has found the code). The arrays are listed in ``ARRAYS``.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from installation.control.web.studio_desk import StudioError
from installation.faces.ffhq import invert, quad_from_landmarks, transform
from installation.faces.landmarks import LANDMARK_COUNT
from installation.messages import AlignedFace, EncodedFace, Expression, Face, OwnChanges
from installation.models.bundle import Models
from installation.networks.facets_encoder import DETAIL_CHANNELS, DETAIL_PX
from installation.studio.wish import Values
from installation.styles.folder import VECTOR
from installation.styles.library import Style

FORMAT, VERSION = "facets-studio", 1
ARRAYS: Final = (  # beside the card; all but ws and landmarks may be missing
    "ws",  # [styles, w_dim] float32, the code
    "landmarks",  # [468, 2] float32, fractions of the aligned square
    "detail",  # [32, 32, 32] float32, the detail residual
    "residual",  # [knobs, 2, 32, 32, 32] float32, what the editor would write
    "flow",  # [knobs, 2, 2, r, r] float32, how it would move
    "silhouette",  # [128, 128] uint8
    "covered",  # [32, 32] uint8
    "paintings",  # [n, 100] float32, vectors of own styles
)
MOST_MEMBERS, MOST_ARRAY, MOST_CARD = 16, 8 << 20, 1 << 16  # bytes, unpacked
HEADERS: Final = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
MOST_PAINTINGS: Final = 8  # of one visit
MASKS: Final = {"silhouette": (128, 128), "covered": (32, 32)}
TOLERANCE: Final = 0.01  # of the square, by which landmarks may miss it
DRAWN_PX: Final = 512  # side of the picture that stands in for a photograph
Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """What such a file holds. face: in a square of ``DRAWN_PX``; paintings: own styles by name; picture: digest of the photograph."""

    encoded: EncodedFace
    picture: str
    face: int
    name: str
    values: Mapping[str, object]
    style: Mapping[str, object]
    paintings: Mapping[str, Style]
    searched: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """What is said of a code: of which photograph, how it is edited, and whether a longer look has found it."""

    picture: str
    face: int
    name: str
    values: Values
    style: Values
    searched: bool = False


def write_code(encoded: EncodedFace, aligned: AlignedFace, card: Card, own: Mapping[str, Style], models: Models, generator: str) -> bytes:
    """The file. own: styles that the visitor brought; generator: digest of its weights."""
    side = aligned.crop.shape[0]
    landmarks = (transform(invert(aligned.M_c2o), aligned.face.landmarks) + 0.5) / side
    arrays: dict[str, Any] = {"ws": encoded.ws.numpy(), "landmarks": landmarks.astype(np.float32)}
    if encoded.detail is not None:
        arrays["detail"] = encoded.detail.numpy()
    if encoded.changes is not None:
        arrays |= {"residual": encoded.changes.residual.numpy(), "flow": encoded.changes.flow.numpy()}
    for name, mask in (("silhouette", encoded.silhouette), ("covered", encoded.covered)):
        if mask is not None:
            arrays[name] = mask
    paintings = {name: style.vector for name, style in own.items() if style.vector is not None}
    if paintings:
        arrays["paintings"] = np.stack(list(paintings.values())).astype(np.float32)
    told = {
        "format": FORMAT, "version": VERSION, "generator": generator, "model": models.name,
        "picture": card.picture, "face": card.face, "name": card.name,
        "values": dict(card.values), "style": dict(card.style), "paintings": [[name, own[name].description] for name in paintings],
        "searched": card.searched,
    }  # fmt: skip
    out = BytesIO()
    np.savez_compressed(out, card=np.frombuffer(json.dumps(told, ensure_ascii=False).encode(), np.uint8), **arrays)
    return out.getvalue()


def read_code(data: bytes, name: str, models: Models, generator: str) -> Code:
    """What a file holds. Raises StudioError, with one sentence, for one that is no such file, is broken, or belongs to other models."""
    arrays = _read_arrays(data, name)
    card = _read_card(arrays.pop("card", None), name)
    if card["generator"] != generator:
        raise StudioError(422, f"{name}: belongs to another generator ({str(card['model'])[:60]}); this one is {models.name}.")
    _check(arrays, name, models)
    silhouette, covered = arrays.get("silhouette"), arrays.get("covered")
    face = _face(np.asarray(arrays["landmarks"], np.float32) * DRAWN_PX - 0.5)
    changes = None
    if "residual" in arrays and "flow" in arrays:
        changes = OwnChanges(_tensor(arrays["residual"]), _tensor(arrays["flow"]))
    detail = _tensor(arrays["detail"]) if "detail" in arrays else None
    encoded = EncodedFace(face, _tensor(arrays["ws"]), detail, silhouette, covered, changes)
    paintings = _paintings(card["paintings"], arrays.get("paintings"), name)
    searched = card.get("searched") is True  # files from before there were longer looks say nothing of it
    picture, title = str(card["picture"])[:64], str(card["name"])[:80]
    return Code(encoded, picture, int(card["face"]), title, card["values"], card["style"], paintings, searched)


def _read_arrays(data: bytes, name: str) -> dict[str, Array]:
    """The arrays that this version knows; what else is in there is left alone."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > MOST_MEMBERS:
                raise ValueError(f"it has {len(infos)} members")
            known = {info.filename.removesuffix(".npy"): info for info in infos}
            return {key: _array(archive, known[key]) for key in ("card", *ARRAYS) if key in known}
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, SyntaxError) as err:
        raise StudioError(422, f"{name}: is no file of code and edits that can be read ({err}); is it cut off or another file?") from err


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    """Raises ValueError for what claims more than it holds."""
    if info.file_size > MOST_ARRAY:
        raise ValueError(f"{info.filename} claims {info.file_size:,} bytes")
    with archive.open(info) as file:
        raw = file.read(MOST_ARRAY + 1)
    stream = BytesIO(raw)
    version = np.lib.format.read_magic(stream)
    if version not in HEADERS:
        raise ValueError(f"{info.filename} is of the unknown version {version}")
    shape, _, dtype = HEADERS[version](stream)
    if dtype.kind == "U":
        raise ValueError("it is a code alone, as grid and invert write it, and says nothing of where its face lies")
    if dtype.kind not in "fu" or math.prod(shape) * dtype.itemsize != len(raw) - stream.tell():
        raise ValueError(f"{info.filename} does not hold the numbers that it claims")
    stream.seek(0)
    return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


def _read_card(raw: Array | None, name: str) -> dict[str, Any]:
    """Raises StudioError."""
    try:
        if raw is None or raw.dtype != np.uint8 or raw.size > MOST_CARD:
            raise ValueError
        card = json.loads(raw.tobytes().decode())
        if not isinstance(card, dict) or card.get("format") != FORMAT or not isinstance(card.get("version"), int):
            raise ValueError
    except (ValueError, RecursionError):
        raise StudioError(422, f"{name}: is no file of code and edits; this page writes those it can read.") from None
    if card["version"] > VERSION:
        raise StudioError(422, f"{name}: was written by a newer program (version {card['version']}); this one reads up to {VERSION}.")
    kinds = {"generator": str, "model": str, "picture": str, "face": int, "name": str, "values": dict, "style": dict, "paintings": list}
    if not all(isinstance(card.get(key), kind) for key, kind in kinds.items()):
        raise StudioError(422, f"{name}: its card is damaged.")
    return card


def _check(arrays: Mapping[str, Array], name: str, models: Models) -> None:
    """Raises StudioError where an array is missing, of another size, or no number."""
    knobs = 0 if models.editor is None else len(models.editor.knobs)
    wanted: dict[str, tuple[int, ...]] = {
        "ws": (models.styles, int(models.latent_avg.shape[-1])),
        "landmarks": (LANDMARK_COUNT, 2),
        "detail": (DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX),
        "residual": (knobs, 2, DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX),
        **MASKS,
    }
    for key, shape in wanted.items():
        if key not in arrays and key in ("ws", "landmarks"):
            raise StudioError(422, f"{name}: has no {key}.")
        kind = np.uint8 if key in MASKS else np.float32
        if key in arrays and (arrays[key].shape != shape or arrays[key].dtype != kind):
            raise StudioError(422, f"{name}: {key} is of another size or kind than these models have.")
    if "flow" in arrays and (arrays["flow"].ndim != 5 or arrays["flow"].shape[:3] != (knobs, 2, 2)):
        raise StudioError(422, f"{name}: flow is of another size than these models have.")
    if not all(np.isfinite(array).all() and np.abs(array).max(initial=0) < 1e4 for array in arrays.values() if array.dtype.kind == "f"):
        raise StudioError(422, f"{name}: holds numbers that no code has.")
    if not _fills_its_square(np.asarray(arrays["landmarks"], np.float32)):
        raise StudioError(422, f"{name}: its landmarks are those of no face.")
    if models.detail is None and "detail" in arrays:
        raise StudioError(422, f"{name}: has a detail residual, which these models do not draw.")


def _fills_its_square(landmarks: Array) -> bool:
    """Whether the square around a face [468, 2], fractions of it, is the whole of it."""
    try:
        quad = quad_from_landmarks(landmarks)
    except ValueError:
        return False
    return abs(quad.side - 1.0) < TOLERANCE and float(np.abs(quad.centre - 0.5).max()) < TOLERANCE


def _face(landmarks: Array) -> Face:
    """As if it had been found in the square that is drawn."""
    (x0, y0), (x1, y1) = landmarks.min(axis=0).tolist(), landmarks.max(axis=0).tolist()
    return Face(1, landmarks, (x0, y0, x1, y1), Expression(), presence=1.0, seen=True, drawable=1.0)


def _paintings(names: Sequence[object], vectors: Array | None, name: str) -> dict[str, Style]:
    if not names:
        return {}
    told = [one for one in names if isinstance(one, list) and len(one) == 2 and all(isinstance(word, str) for word in one)]
    fits = vectors is not None and vectors.shape == (len(names), VECTOR) and vectors.dtype == np.float32
    if vectors is None or not fits or not len(told) == len(names) <= MOST_PAINTINGS:
        raise StudioError(422, f"{name}: its paintings are damaged.")
    pairs = zip(told, vectors, strict=True)
    return {word[:40]: Style(word[:40], what[:80], vector=vector) for (word, what), vector in pairs if word.startswith("own-")}


def _tensor(array: Array) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32))
