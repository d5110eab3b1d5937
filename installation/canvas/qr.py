"""An address as a QR code, for a phone in front of the canvas."""

from __future__ import annotations

import numpy as np
import segno

from installation.messages import Image

QUIET = 4  # modules of white around a code, as ISO/IEC 18004 asks


def qr_rgb(url: str, module_px: int = 6) -> Image:
    """``url`` as a QR code, [S, S, 3] uint8, black on white with its quiet zone. ``module_px``: px of a module's side."""
    code = segno.make_qr(url, error="m")
    rows = np.array([list(row) for row in code.matrix_iter(scale=1, border=QUIET)], bool)
    sharp = np.kron(np.where(rows, 0, 255).astype(np.uint8), np.ones((module_px, module_px), np.uint8))
    return np.ascontiguousarray(np.repeat(sharp[:, :, None], 3, axis=2))
