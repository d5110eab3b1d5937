"""NVlabs' network pickles (StyleGAN2-ADA in PyTorch, StyleGAN3): the averaged generator ``G_ema``, read as data.

The files carry the source text of their networks and ask to have it run. Here it stays text: the parameters and the sizes that
the modules recorded go into our own networks. The other networks of a file (G, D, the augmentation) are passed over, their
numbers never read.
"""

from pathlib import Path

from installation.networks.checkpoint_error import CheckpointError
from installation.networks.nvlabs_network import network_of
from installation.networks.nvlabs_stylegan2 import is_stylegan2, stylegan2_of
from installation.networks.nvlabs_stylegan3 import is_stylegan3, stylegan3_of
from installation.networks.pickle_machine import TensorFlowPickleError
from installation.networks.pickle_records import Persistent, RefusedPickleError
from installation.networks.restricted_unpickler import unpickle
from installation.networks.stylegan2 import Generator
from installation.networks.stylegan3 import StyleGAN3Generator

CONVERTER = (
    "convert it once with legacy.py of NVlabs/stylegan3 or NVlabs/stylegan2-ada-pytorch (python legacy.py --source old.pkl --dest new.pkl)"
)


def read_pickle(path: Path, label: int | None = None) -> Generator | StyleGAN3Generator:
    """The generator of an NVlabs ``.pkl`` in float32, ready to draw; its ``latent_avg`` is [styles, style_dim].

    label: the class that a conditional generator draws, 0…; None for the zero label vector. Raises CheckpointError.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            _check_start(file.read(4))
            content = unpickle(file, size)
            root = content.get("G_ema") if isinstance(content, dict) else None
            if not isinstance(root, Persistent):
                raise RefusedPickleError("holds no averaged generator 'G_ema'")
            network = network_of(root, size)
            if is_stylegan2(network):
                return stylegan2_of(network, label)
            if is_stylegan3(network):
                return stylegan3_of(network, label)
            raise RefusedPickleError(f"its G_ema, a {root.class_name!r}, is neither StyleGAN2 nor StyleGAN3")
    except FileNotFoundError as err:
        raise CheckpointError(f"{path}: no such model file") from err
    except OSError as err:
        raise CheckpointError(f"{path}: cannot be read ({err.strerror})") from err
    except TensorFlowPickleError as err:
        raise CheckpointError(f"{path}: a TensorFlow pickle ({err}), which is not read here; {CONVERTER}") from err
    except RefusedPickleError as err:
        # Names out of a file may hold what a terminal would obey.
        reason = "".join(letter if letter.isprintable() else "?" for letter in str(err))
        raise CheckpointError(f"{path}: {reason}") from err


def _check_start(start: bytes) -> None:
    if start.startswith(b"PK"):
        raise RefusedPickleError("a torch.save archive under the name of a pickle; rename it to .pt")
    if not start:
        raise RefusedPickleError("an empty file")
