"""Tells a model file's format by its first bytes; its name does not matter."""

from pathlib import Path
from typing import Literal

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.safetensors_file import looks_like_safetensors
from installation.checkpoints.torch_file import LEGACY_START, ZIP_START

Format = Literal["safetensors", "zip", "legacy", "pickle", "numpy"]
PICKLE_START = b"\x80"
HEAD = 512
TAR = slice(257, 262)  # of the head, where tar writes its own name
LOOKALIKES = (
    (b"<", "it is a web page; the download asked for something first, open its address in a browser"),
    (b"version https://git-lfs", "it is a pointer of Git LFS; run `git lfs pull` where it came from"),
    (b"\x1f\x8b", "it is packed with gzip; unpack it first"),
    (b"PK\x05\x06", "it is an empty zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "it is packed with 7-Zip; unpack it first"),
    (b"\x89HDF", "it is an HDF5 file, as Keras writes them; models are .safetensors, .pt or .pkl"),
    (b"GGUF", "it is a GGUF file, a language model's; models are .safetensors, .pt or .pkl"),
    (b"ftrt", "it is a TensorRT engine, built for one machine; name the model that it was built from"),
    (b"\x93NUMPY", "it is a NumPy array, as directions are; models are .safetensors, .pt or .pkl"),
)


def format_of(path: Path) -> Format:
    """The format of a model file. Raises CheckpointError where there is none to read."""
    try:
        if path.is_dir():
            raise CheckpointError(f"{path}: is a folder; name the model file in it")
        if path.exists() and not path.is_file():
            raise CheckpointError(f"{path}: is a device or a pipe and no model file")
        with path.open("rb") as file:
            head = file.read(HEAD)
    except FileNotFoundError as err:
        raise CheckpointError(f"{path}: no such model file") from err
    except OSError as err:
        raise CheckpointError(f"{path}: cannot be read ({err.strerror})") from err
    if not head:
        raise CheckpointError(f"{path}: is empty; fetch it again")
    if looks_like_safetensors(head):
        return "safetensors"
    if head.startswith(ZIP_START):
        return "numpy" if _first_member(head).endswith(b".npy") else "zip"
    if head.startswith(LEGACY_START):
        return "legacy"
    if head.startswith(PICKLE_START):
        return "pickle"
    reason = next((reason for start, reason in LOOKALIKES if head.lstrip().startswith(start)), None)
    reason = reason or _inner_kind(head) or "its first bytes are of no known format"
    raise CheckpointError(f"{path}: not a readable model file: {reason}")


def _first_member(head: bytes) -> bytes:
    """The name of the first file in a zip archive."""
    return head[30 : 30 + int.from_bytes(head[26:28], "little")]


def _inner_kind(head: bytes) -> str | None:
    """What a file is whose mark does not stand at its very start."""
    if head[TAR] == b"ustar":
        return "it is a tar archive; unpack it first"
    if (head[0] == 0x08 and head[2:3] in (b"\x12", b"\x3a", b"\x1a", b"\x22")) or b"pytorch" in head[:32]:
        return "it is an ONNX file, which can be drawn from and not trained or mixed; name the model that it was exported from"
    return None
