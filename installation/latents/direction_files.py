"""Directions as the world keeps them: rolux and InterFaceGAN ``.npy``, e4e ``.pt``, GANSpace ``.pt`` and ``.npz``, our
``.safetensors``. Files are read as data: no pickled objects, and every size is checked before a number is.

Sources of the layouts: Shen et al. 2020 "InterFaceGAN" (a boundary's normal, [1, w_dim]); Härkönen et al. 2020 "GANSpace"
(principal components of w, their means and deviations); Tov et al. 2021 "e4e" (both, as torch tensors).
"""

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from installation.checkpoints.torch_file import read_contents
from installation.errors import WeightsError
from installation.latents.boundary_files import assumed_of, check_space, family_of
from installation.latents.maps import NO_MAPS, PARTS, Maps
from installation.plain_file import check_plain

KIND = "facets-directions"

MAX_BYTES = 256 << 20
MAX_STYLES = 64
MAX_WIDTH = 4096
MAX_DIRECTIONS = 512
COMPONENT_FILE = re.compile(r"[_-]?[xz]_?comp$", re.IGNORECASE)  # as Autolume names them
RIGHT_ANGLE = 1e-3  # largest cosine between rows that count as standing at one
BARE_COMPONENTS = 8  # a file of principal components that no list picks from gives this many


@dataclass(frozen=True, eq=False)
class StoredDirection:
    """A direction as its file holds it.

    vector: [1 or styles, w_dim] float32; one row is meant for every style. layers: first and one past the last style that it
    moves, None for all. family: of the generator that it belongs to, "" where the file does not say. component: number of a
    principal component, None for the others. assumed: what the file does not say and was taken for granted, in words. by_editor: an
    editor of faces draws it where there is one.
    """

    name: str
    vector: Tensor
    layers: tuple[int, int] | None = None
    family: str = ""
    maps: Maps = NO_MAPS
    component: int | None = None
    assumed: str = ""
    by_editor: bool = False


def read_directions(path: Path) -> list[StoredDirection]:
    """Every direction of a file, named after the file where it has no names inside; principal components in units of one
    standard deviation. Raises WeightsError."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise WeightsError(f"{path}: not a file of directions; {', '.join(READERS)} and .yaml lists are read")
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise WeightsError(f"{path}: this is a folder; name a file of directions")
        check_plain(path)
        if size > MAX_BYTES:
            raise WeightsError(f"{path}: {size >> 20} MiB is too large for directions")
        check_space(path)
        found = reader(path)
    except FileNotFoundError as err:
        raise WeightsError(f"{path}: no such directions file") from err
    except WeightsError:
        raise
    except (SafetensorError, UnpicklingError, zipfile.BadZipFile) as err:
        raise WeightsError(f"{path}: not a readable directions file ({_first_line(err)})") from err
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, EOFError, MemoryError) as err:
        raise WeightsError(f"{path}: not a readable directions file ({_first_line(err)})") from err
    if not found:
        raise WeightsError(f"{path}: holds no directions")
    return found


def plain_name(stem: str) -> str:
    """A control's name from a published file's: ``stylegan_ffhq_age_w_boundary`` -> ``age``, ``Mouth_Open`` -> ``mouth-open``."""
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    name = re.sub(r"^boundary-|^(stylegan\d?|pggan)-(ffhq|celebahq)-", "", name)
    name = re.sub(r"(-c-[a-z-]+)?(-[wz])?-boundary$", "", name)
    return name or "direction"


def _first_line(err: BaseException) -> str:
    return next(iter(str(err).splitlines()), "") or type(err).__name__


def _vector(values: Tensor, name: str) -> Tensor:
    """[1 or styles, w_dim] float32 from [w_dim], [1, w_dim], [styles, w_dim] or [1, styles, w_dim]. Raises ValueError."""
    shape = tuple(values.shape)
    rows = shape[1:] if len(shape) == 3 and shape[0] == 1 else shape if len(shape) == 2 else (1, *shape)
    if len(rows) != 2 or not (0 < rows[0] <= MAX_STYLES and 0 < rows[1] <= MAX_WIDTH):
        raise ValueError(f"{name!r} is {'x'.join(map(str, shape)) or 'a single number'}; a direction is styles x w_dim")
    vector = values.reshape(rows).float().contiguous()
    if not torch.isfinite(vector).all():
        raise ValueError(f"{name!r} holds values that are not finite")
    return vector


def _of_array(values: object, name: str) -> Tensor:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu" or values.size > MAX_STYLES * MAX_WIDTH * MAX_DIRECTIONS:
        raise ValueError(f"{name!r} is not an array of numbers of a direction's size")
    return torch.from_numpy(np.array(values, np.float64))


def _read_npy(path: Path) -> list[StoredDirection]:
    # Mapped, so that a header that claims more than the file holds is refused before memory is taken.
    values = np.load(path, mmap_mode="r", allow_pickle=False)
    name = plain_name(path.stem)
    if not isinstance(values, np.ndarray):
        raise ValueError("an archive of arrays where one array is expected")
    numbers = _of_array(values, name)
    if _are_components(numbers, path):
        return _components(numbers, None, plain_name(COMPONENT_FILE.sub("", path.stem)))
    return [StoredDirection(name, _vector(numbers, name), family=family_of(path), assumed=assumed_of(path))]


def _are_components(values: Tensor, path: Path) -> bool:
    """Whether rows are principal components rather than a direction's styles: by Autolume's file name, or because they stand at
    right angles to one another, as the rows of no direction do."""
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[0] > values.shape[1]:
        return values.ndim == 2 and COMPONENT_FILE.search(path.stem) is not None
    if COMPONENT_FILE.search(path.stem):
        return True
    lengths = values.norm(dim=1, keepdim=True)
    if not bool((lengths > 0).all()):
        return False
    angles = (values / lengths) @ (values / lengths).T - torch.eye(len(values), dtype=values.dtype)
    return float(angles.abs().max()) < RIGHT_ANGLE


def _read_npz(path: Path) -> list[StoredDirection]:
    _check_archive(path)
    with np.load(path, allow_pickle=False) as archive:
        wanted = [key for key in archive.files if key.startswith("lat_") or "direction" in key or len(archive.files) <= 4]
        return _of_mapping({key: _of_array(archive[key], key) for key in wanted}, path)


def _read_pt(path: Path) -> list[StoredDirection]:
    if zipfile.is_zipfile(path):
        _check_archive(path)
    content = read_contents(path)
    if isinstance(content, Tensor):
        name = plain_name(path.stem)
        return [StoredDirection(name, _vector(content, name))]
    if not isinstance(content, Mapping):
        raise ValueError("neither a tensor nor tensors by name")
    return _of_mapping({str(key): value for key, value in content.items() if isinstance(value, Tensor)}, path)


def _check_archive(path: Path) -> None:
    """Refuse an archive that unpacks to more than a file of directions may hold."""
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(item.file_size for item in archive.infolist())
    if unpacked > MAX_BYTES:
        raise ValueError(f"it would unpack to {unpacked >> 20} MiB")


def _of_mapping(tensors: Mapping[str, Tensor], path: Path) -> list[StoredDirection]:
    factors = tensors.get("eigvec")
    if factors is not None:
        return _factors(factors, plain_name(path.stem))
    components = tensors.get("comp", tensors.get("lat_comp"))
    if components is not None:
        deviations = next((tensors[key] for key in ("std", "lat_std", "lat_stdev") if key in tensors), None)
        return _components(components, deviations, plain_name(path.stem))
    if len(tensors) > MAX_DIRECTIONS:
        raise ValueError(f"{len(tensors)} tensors; this is a model rather than directions")
    return [StoredDirection(plain_name(name), _vector(values, name)) for name, values in tensors.items()]


def _factors(factors: Tensor, name: str) -> list[StoredDirection]:
    """Closed-form factors (Shen and Zhou 2021, "SeFa") [w_dim, directions]: a column of unit length each, for every style."""
    if factors.ndim != 2 or not 0 < factors.shape[1] <= factors.shape[0] <= MAX_WIDTH:
        raise ValueError(f"'eigvec' is {'x'.join(map(str, factors.shape))}; w_dim x directions is expected")
    return _components(factors.T, None, name)


def _components(components: Tensor, deviations: Tensor | None, name: str) -> list[StoredDirection]:
    """GANSpace: components [N, 1, w_dim] or [N, w_dim] of unit length, deviations [N] of w along them."""
    count = components.shape[0] if components.ndim else 0
    if components.ndim not in (2, 3) or not 0 < count <= MAX_WIDTH or components.numel() > count * MAX_WIDTH:
        raise ValueError(f"its components are {'x'.join(map(str, components.shape))}; N x 1 x w_dim is expected")
    if deviations is not None and deviations.numel() != count:
        raise ValueError(f"{count} components, and {deviations.numel()} deviations")
    scale = torch.ones(count) if deviations is None else deviations.reshape(-1).float()
    return [
        StoredDirection(f"{name}-{number}", _vector(row.reshape(1, -1) * scale[number], f"component {number}"), component=number)
        for number, row in enumerate(components)
    ]


def _read_safetensors(path: Path) -> list[StoredDirection]:
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        if "kind" not in metadata:  # of another program
            return _of_mapping({name: file.get_tensor(name) for name in file.keys()}, path)  # noqa: SIM118
        if metadata.get("kind") != KIND:
            raise WeightsError(f"{path}: not a file of directions (its kind is {metadata.get('kind', 'not given')!r})")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    layers = {str(name): (int(first), int(end)) for name, (first, end) in json.loads(metadata["layers"]).items()}
    found = [StoredDirection(name, _vector(tensors[name], name), layers[name], metadata.get("family", "")) for name in layers]
    left = json.loads(metadata.get("by_editor", "[]"))
    if not isinstance(left, list):
        raise ValueError("its card does not say which directions an editor draws")
    maps = [Maps(**{part: _map(tensors, one.name, part) for part in PARTS}) for one in found]
    return [replace(one, maps=own, by_editor=one.name in left) for one, own in zip(found, maps, strict=True)]


def _map(tensors: Mapping[str, Tensor], name: str, part: str) -> Tensor | None:
    values = tensors.get(f"{name}.{part}")
    if values is None:
        return None
    if values.ndim != 3 or not torch.isfinite(values).all():
        raise ValueError(f"the {part} of {name!r} is not C x r x r finite numbers")
    if part != "shift" and values.shape[0] != 2:
        raise ValueError(f"the {part} of {name!r} has {values.shape[0]} channels; it moves along x and y")
    return values.float()


READERS: Mapping[str, Callable[[Path], list[StoredDirection]]] = {
    ".npy": _read_npy, ".npz": _read_npz, ".pt": _read_pt, ".pth": _read_pt, ".safetensors": _read_safetensors,
}  # fmt: skip
