"""The editor of faces, out of its file."""

import hashlib
import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from installation.checkpoints.error import CheckpointError
from installation.messages import OwnChanges
from installation.networks.editor import KNOBS, Editor
from installation.networks.facets_encoder import FacetsEncoder, Features

KIND = "facets-editor"
MOST_KNOBS = 32
MARK_LETTERS = 16


def belongs_to(encoder: FacetsEncoder) -> str:
    """What an editor's file says of the encoder whose maps it reads: another encoder's mean something else. Told by the layer
    that makes the residual, which no two trainings share."""
    return hashlib.sha256(encoder.squeeze.weight.detach().cpu().contiguous().numpy().tobytes()).hexdigest()[:MARK_LETTERS]


def load_editor(path: Path, encoder: FacetsEncoder) -> Editor:
    """Raises CheckpointError, which says what is wrong with the file or that it was trained with another encoder."""
    try:
        with safe_open(path, "pt") as file:
            card = file.metadata() or {}
            if card.get("kind") != KIND:
                raise CheckpointError(f"{path}: not an editor of faces; `python -m installation train-editor` trains one")
            if card.get("encoder") != belongs_to(encoder):
                raise CheckpointError(f"{path}: was trained with another encoder (name its own by models.encoder, or train it anew)")
            knobs = _knobs(card.get("knobs"))
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        editor = Editor(knobs)
        editor.load_state_dict(state)
    except CheckpointError:
        raise
    except (OSError, SafetensorError, RuntimeError, ValueError, TypeError) as err:
        reason = next(iter(str(err).strip().splitlines()), type(err).__name__)
        raise CheckpointError(f"{path}: not a readable editor of faces ({reason})") from err
    return editor.eval().requires_grad_(False)


def own_changes(editor: Editor | None, features: Features, seen: Tensor, detail: Tensor) -> OwnChanges | None:
    """What the editor would write on the one face of ``FacetsEncoder.pyramid``; None without an editor."""
    if editor is None:
        return None
    changes, flows = editor(features, seen, detail)
    return OwnChanges(changes[0].clone(), flows[0].clone())


def _knobs(told: str | None) -> tuple[str, ...]:
    """Names out of the card. Raises ValueError."""
    if told is None:
        return KNOBS
    names = json.loads(told)
    if not isinstance(names, list) or not 0 < len(names) <= MOST_KNOBS or not all(isinstance(name, str) for name in names):
        raise ValueError("its card names no knobs")
    return tuple(names)
