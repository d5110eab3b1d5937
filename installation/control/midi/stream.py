"""MIDI as bytes on a wire: system exclusive messages, which mean nothing here and may have no end, are left out before anything
gathers them."""

from __future__ import annotations

EXCLUSIVE, END = 0xF0, 0xF7
REAL_TIME = 0xF8  # from here on, single bytes that may stand within any message


class WithoutExclusive:
    """Takes a stream in pieces and keeps one flag of it."""

    def __init__(self) -> None:
        self._inside = False

    def __call__(self, data: bytes) -> bytes:
        """What of the next piece is no system exclusive message. One ends with its own end or with any other status."""
        kept = bytearray()
        for byte in data:
            if byte >= REAL_TIME:
                kept.append(byte)
            elif byte == EXCLUSIVE:
                self._inside = True
            elif byte >= 0x80:
                self._inside = False
                if byte != END:
                    kept.append(byte)
            elif not self._inside:
                kept.append(byte)
        return bytes(kept)
