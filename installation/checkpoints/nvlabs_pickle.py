"""NVlabs' network pickles (StyleGAN2-ADA in PyTorch, StyleGAN3): the averaged generator ``G_ema``, read as data.

The files carry the source text of their networks and ask to have it run. Here it stays text: the parameters and the sizes that
the modules recorded go into our own networks. The other networks of a file (G, D, the augmentation) are passed over, their
numbers never read.
"""

import pickletools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.foreign_kinds import STYLEGAN_XL
from installation.checkpoints.nvlabs_network import RecordedNetwork, network_of
from installation.checkpoints.nvlabs_stylegan2 import is_stylegan2, stylegan2_of
from installation.checkpoints.nvlabs_stylegan3 import is_stylegan3, stylegan3_of
from installation.checkpoints.pickle_machine import TensorFlowPickleError
from installation.checkpoints.pickle_records import Array, Persistent, RefusedPickleError, StoredTensor
from installation.checkpoints.pickled_tensors import PickledFile
from installation.checkpoints.restricted_unpickler import unpickle
from installation.networks.stylegan2 import Generator
from installation.networks.stylegan3 import StyleGAN3Generator

CONVERTER = (
    "convert it once with legacy.py of NVlabs/stylegan3 or NVlabs/stylegan2-ada-pytorch (python legacy.py --source old.pkl --dest new.pkl)"
)

CONVERTED_FROM = 4  # version of TensorFlow's networks that legacy.py knows: StyleGAN2's
VERSION_STEPS = 400  # of the pickle, until the first network's version


def read_pickle(path: Path, label: int | None = None) -> Generator | StyleGAN3Generator:
    """The generator of an NVlabs ``.pkl`` in float32, ready to draw; its ``latent_avg`` is [styles, style_dim].

    label: the class that a conditional generator draws, 0…; None for the zero label vector. Raises CheckpointError.
    """
    network = pickled_network(path, label)
    if network is None:
        raise CheckpointError(f"{path}: holds no averaged generator 'G_ema'")
    return network


def pickled_network(path: Path, label: int | None = None) -> Generator | StyleGAN3Generator | None:
    """As ``read_pickle``; None for a pickle of plain tensors by name."""
    with _refusals(path), path.open("rb") as file:
        size = path.stat().st_size
        _check_start(file.read(4))
        content = unpickle(file, size)
        root, notices = _averaged(content, path)
        if root is None and _has_tensors(content):
            return None
        if not isinstance(root, Persistent):
            raise RefusedPickleError("holds no averaged generator 'G_ema'")
        generator = _generator_of(root, network_of(root, size), label)
        generator.notices = notices
        return generator


def pickled_tensors(path: Path) -> PickledFile | None:
    """What a pickle of plain tensors by name holds; None for one that holds none. Raises CheckpointError."""
    with _refusals(path), path.open("rb") as file:
        content = unpickle(file, path.stat().st_size)
    return PickledFile(path, content) if _averaged(content, path)[0] is None and _has_tensors(content) else None


def _averaged(content: object, path: Path) -> tuple[Persistent | None, tuple[str, ...]]:
    """The averaged generator among the networks of a file, or the only one that there is, which is said."""
    if isinstance(content, Persistent):
        return content, ()
    networks = content if isinstance(content, dict) else {}
    if isinstance(found := networks.get("G_ema"), Persistent):
        return found, ()
    if isinstance(found := networks.get("G"), Persistent):
        return found, (f"{path}: holds no averaged generator 'G_ema'; 'G', as it was trained, is used",)
    return None, ()


def _generator_of(root: Persistent, network: RecordedNetwork, label: int | None) -> Generator | StyleGAN3Generator:
    if "mapping.embed_proj.weight" in network.tensors:
        raise RefusedPickleError(f"is {STYLEGAN_XL}")
    if is_stylegan2(network):
        return stylegan2_of(network, label)
    if is_stylegan3(network):
        return stylegan3_of(network, label)
    raise RefusedPickleError(f"its G_ema, a {root.class_name!r}, is neither StyleGAN2 nor StyleGAN3")


def _has_tensors(content: object, depth: int = 2) -> bool:
    if isinstance(content, dict):
        return any(isinstance(value, StoredTensor | Array) or (depth > 0 and _has_tensors(value, depth - 1)) for value in content.values())
    return False


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Turns what the readers of pickles raise into CheckpointError with the file's name."""
    try:
        yield
    except FileNotFoundError as err:
        raise CheckpointError(f"{path}: no such model file") from err
    except OSError as err:
        raise CheckpointError(f"{path}: cannot be read ({err.strerror})") from err
    except TensorFlowPickleError as err:
        raise CheckpointError(f"{path}: {_tensorflow(path, err)}") from err
    except RefusedPickleError as err:
        # Names out of a file may hold what a terminal would obey.
        reason = "".join(letter if letter.isprintable() else "?" for letter in str(err))
        raise CheckpointError(f"{path}: {reason}") from err


def _tensorflow(path: Path, err: TensorFlowPickleError) -> str:
    version = _tensorflow_version(path)
    if version is not None and version < CONVERTED_FROM:
        what = f"StyleGAN1 or older in TensorFlow (a Network of version {version})"
        return f"is {what}, which is not read here and has no converter; a StyleGAN2 or StyleGAN3 is needed"
    return f"a TensorFlow pickle ({err}), which is not read here; {CONVERTER}"


def _tensorflow_version(path: Path) -> int | None:
    """The version that TensorFlow's networks keep as the first word of their state; None where it is not found."""
    with suppress(ValueError, OSError), path.open("rb") as file:
        told = False
        for step, (code, argument, _) in enumerate(pickletools.genops(file)):
            if told and isinstance(argument, int) and code.name.startswith(("BININT", "LONG", "INT")):
                return argument
            if isinstance(argument, str) and not code.name.endswith("GET"):
                told = argument == "version"
            if step > VERSION_STEPS:
                break
    return None


def _check_start(start: bytes) -> None:
    if start.startswith(b"PK"):
        raise RefusedPickleError("a torch.save archive under the name of a pickle; rename it to .pt")
    if not start:
        raise RefusedPickleError("an empty file")
