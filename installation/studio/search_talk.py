"""What the studio and the process that looks longer at a face say to one another, over its standard input and output.

To it: one ``Request``, and then lines; ``ENOUGH`` ends it with what it has found so far, the end of the input ends it at once. From it:
messages, each a few words in JSON and a picture or a code.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from installation.messages import Image

LENGTH: Final = struct.Struct(">I")
HEAD: Final = struct.Struct(">II")
ENOUGH: Final = b"enough\n"
Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One face, and how long it may be looked at.

    generator: its file; key: digest of its weights, as the mirror has them; encoder: the embedded encoder's file, None for the one that
    ships; nets: a folder that may hold networks for further terms. square: [S, S, 3], aligned; start: [styles, w_dim] float32; detail:
    [32, 32, 32] float32, the detail residual that the code is drawn with.
    """

    generator: Path
    key: str
    encoder: Path | None
    nets: Path
    seconds: float
    square: Image
    start: NDArray[np.float32]
    detail: NDArray[np.float32] | None

    def packed(self) -> bytes:
        """As it is sent."""
        told = {
            "generator": str(self.generator), "key": self.key, "encoder": None if self.encoder is None else str(self.encoder),
            "nets": str(self.nets), "seconds": self.seconds,
        }  # fmt: skip
        arrays: dict[str, Any] = {"square": self.square, "start": self.start}
        if self.detail is not None:
            arrays["detail"] = self.detail
        out = BytesIO()
        np.savez(out, told=np.frombuffer(json.dumps(told).encode(), np.uint8), **arrays)
        return LENGTH.pack(out.tell()) + out.getvalue()


def read_request(file: BinaryIO) -> Request:
    """The one that comes. Raises EOFError where none does."""
    raw = _exactly(file, LENGTH.unpack(_exactly(file, LENGTH.size))[0])
    with np.load(BytesIO(raw), allow_pickle=False) as arrays:
        told = json.loads(arrays["told"].tobytes())
        detail = arrays.get("detail")
        encoder = None if told["encoder"] is None else Path(told["encoder"])
        return Request(
            Path(told["generator"]), told["key"], encoder, Path(told["nets"]), told["seconds"], arrays["square"], arrays["start"], detail
        )


def message(words: Words, data: bytes = b"") -> bytes:
    """As it is sent."""
    head = json.dumps(words).encode()
    return HEAD.pack(len(head), len(data)) + head + data


class Messages:
    """Messages out of the parts that they come in."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def take(self, part: bytes) -> Iterator[tuple[Words, bytes]]:
        """Those that are whole now."""
        self._rest += part
        while len(self._rest) >= HEAD.size:
            words, data = HEAD.unpack(self._rest[: HEAD.size])
            end = HEAD.size + words + data
            if len(self._rest) < end:
                return
            told = json.loads(self._rest[HEAD.size : HEAD.size + words])
            yield told, bytes(self._rest[HEAD.size + words : end])
            del self._rest[:end]


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise EOFError
    return data
