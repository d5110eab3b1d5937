"""Codes as the world keeps them: our ``.npz``, NVlabs' ``projected_w.npz``, ``.npy`` of one or many codes, ``.pt`` of pSp, e4e and
rosinality's projector. Files are read as data: no pickled objects, and every size is checked before a number is.

Ours holds ``ws`` [styles, w_dim], ``detail`` [C, r, r] where there is one, and ``card``, JSON of words by name; the studio's (``studio.
code_file``) holds the same under the same names, and more.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from installation.checkpoints.torch_file import read_contents
from installation.codes.code import Code
from installation.errors import WeightsError
from installation.output_file import whole_file
from installation.plain_file import check_plain

SUFFIXES = (".npz", ".npy", ".pt", ".pth")
MAX_BYTES = 256 << 20
MAX_STYLES, MAX_WIDTH = 64, 4096
MAX_CODES = 1024
MAX_DETAIL = 1 << 22  # numbers
MAX_CARD = 1 << 16  # bytes of the studio's
NAMES = ("ws", "w", "wplus", "w_plus", "latent", "latents", "code", "codes", "projected_w")  # as programs call them
DETAIL, CARD = "detail", "card"


def write_code(path: Path, code: Code) -> None:
    """Whole or not at all, in half precision where every number fits into it. Raises ConfigError where the place refuses."""
    arrays = {"ws": _compact(code.ws), CARD: np.array(json.dumps({"name": code.name, **code.card}, ensure_ascii=False))}
    if code.detail is not None:
        arrays[DETAIL] = _compact(code.detail)
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def _compact(value: Tensor) -> np.ndarray:
    """Half precision keeps three digits of a code, and codes reach into the hundreds only in broken files."""
    half = value.detach().cpu().half()
    return (half if bool(torch.isfinite(half).all()) else value.detach().cpu().float()).numpy()


def read_codes(path: Path) -> list[Code]:
    """Every code of a file, named after the file, with a number where there are several. Raises WeightsError."""
    try:
        if path.is_dir():
            raise WeightsError(f"{path}: this is a folder; name a file of codes")
        check_plain(path)
        if path.stat().st_size > MAX_BYTES:
            raise WeightsError(f"{path}: {path.stat().st_size >> 20} MiB is too large for codes")
        found = list(_read(path))
    except FileNotFoundError as err:
        raise WeightsError(f"{path}: no such file of codes") from err
    except WeightsError:
        raise
    except Exception as err:  # a torn pickle makes torch's reader raise nearly anything: UnpicklingError, IndexError, RuntimeError …
        reason = next(iter(str(err).splitlines()), "") or type(err).__name__
        raise WeightsError(f"{path}: not a readable file of codes ({reason})") from err
    if not found:
        raise WeightsError(f"{path}: holds no codes; {', '.join(NAMES[:4])} or a latent of styles x w_dim is looked for")
    return found


def _read(path: Path) -> Iterator[Code]:
    match path.suffix.lower():
        case ".npy":
            # Mapped, so that a header that claims more than the file holds is refused before memory is taken.
            yield from _of_tensor(_tensor(np.load(path, mmap_mode="r", allow_pickle=False)), path.stem)
        case ".npz":
            _check_archive(path)
            with np.load(path, allow_pickle=False) as archive:
                yield from _of_npz(archive, path.stem)
        case ".pt" | ".pth":
            if zipfile.is_zipfile(path):
                _check_archive(path)
            yield from _of_content(read_contents(path), path.stem)
        case _:
            raise WeightsError(f"{path}: not a file of codes; {', '.join(SUFFIXES)} are read")


def _check_archive(path: Path) -> None:
    """Refuse an archive that unpacks to more than a file of codes may hold."""
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(item.file_size for item in archive.infolist())
    if unpacked > MAX_BYTES:
        raise ValueError(f"it would unpack to {unpacked >> 20} MiB")


def _of_npz(archive: Mapping[str, np.ndarray], name: str) -> Iterator[Code]:
    keys = list(archive)
    key = next((key for key in NAMES if key in keys), keys[0] if len(keys) == 1 else None)
    if key is None:
        return
    detail = _detail(_tensor(archive[DETAIL])) if DETAIL in keys else None
    card = _card(archive[CARD]) if CARD in keys else {}
    found = list(_of_tensor(_tensor(archive[key]), card.pop("name", "") or name))
    for one in found:
        yield Code(one.name, one.ws, detail if len(found) == 1 else None, card)


def _of_content(content: object, name: str) -> Iterator[Code]:
    """A tensor, or tensors by name: of rosinality's projector each under its picture's name, with ``latent`` in it."""
    if isinstance(content, Tensor):
        yield from _of_tensor(content, name)
        return
    if not isinstance(content, Mapping):
        raise ValueError("neither a tensor nor tensors by name")
    direct = next((key for key in NAMES if isinstance(content.get(key), Tensor)), None)
    if direct is not None:
        yield from _of_tensor(content[direct], name)
        return
    for key, value in content.items():
        inner = value.get("latent") if isinstance(value, Mapping) else value
        if isinstance(inner, Tensor):
            yield from _of_tensor(inner, Path(str(key)).stem)


def _tensor(values: object) -> Tensor:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu" or values.size > MAX_CODES * MAX_STYLES * MAX_WIDTH:
        raise ValueError("not an array of numbers of a code's size")
    return torch.from_numpy(np.array(values, np.float32))


def _of_tensor(values: Tensor, name: str) -> Iterator[Code]:
    """[w_dim], [styles, w_dim], [1, w_dim] or [N, styles, w_dim]."""
    shape = tuple(values.shape)
    if values.ndim not in (1, 2, 3) or not values.numel() or values.numel() > MAX_CODES * MAX_STYLES * MAX_WIDTH:
        raise ValueError(f"{name!r} is {'x'.join(map(str, shape)) or 'a single number'}; a code is styles x w_dim")
    many = values.float().reshape(-1, shape[-2] if values.ndim > 1 else 1, shape[-1])
    count, styles, width = many.shape
    if count > MAX_CODES or styles > MAX_STYLES or width > MAX_WIDTH or width < 2:
        raise ValueError(f"{name!r} is {'x'.join(map(str, shape))}; a code is styles x w_dim")
    if not bool(torch.isfinite(many).all()):
        raise ValueError(f"{name!r} holds values that are not finite")
    for number, one in enumerate(many, 1):
        yield Code(name if count == 1 else f"{name}-{number}", one.contiguous())


def _detail(values: Tensor) -> Tensor:
    if values.ndim != 3 or values.numel() > MAX_DETAIL or values.shape[-1] != values.shape[-2] or not bool(torch.isfinite(values).all()):
        raise ValueError("its detail residual is not C x r x r finite numbers")
    return values.clamp(-1, 1)


def _card(values: np.ndarray) -> dict[str, str]:
    """Of a code; of a file that the studio saved only whose face it is, as the rest says how a photograph is edited."""
    if values.ndim == 1 and values.dtype == np.uint8 and values.size <= MAX_CARD:
        card = json.loads(values.tobytes().decode())
        return {"name": Path(str(card["name"])).stem} if isinstance(card, dict) and card.get("name") else {}
    if values.ndim or values.dtype.kind != "U":
        raise ValueError("its card is no text")
    card = json.loads(str(values))
    if not isinstance(card, dict):
        raise ValueError("its card holds no words by name")
    return {str(key): str(value) for key, value in card.items()}
