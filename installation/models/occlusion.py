"""The network that sees what covers a face, out of its file."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file

from installation.checkpoints.error import CheckpointError
from installation.networks.occlusion import OcclusionNetwork


def load_occlusion(path: Path) -> OcclusionNetwork:
    """Raises CheckpointError, which says what is wrong with the file."""
    network = OcclusionNetwork()
    try:
        state = load_file(path)
        network.load_state_dict({name: value.float() if value.is_floating_point() else value for name, value in state.items()})
    except (OSError, SafetensorError, RuntimeError) as err:
        reason = next(iter(str(err).strip().splitlines()), type(err).__name__)
        raise CheckpointError(f"{path}: not the network that sees what covers a face ({reason})") from err
    return network.eval()
