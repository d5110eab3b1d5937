"""A takeaway on paper: laid out with a frame and a line beneath it, and handed to CUPS by ``lp``, which keeps a copy for its queue."""

from __future__ import annotations

import io
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from installation.canvas.typefaces import typeface
from installation.takeaways.kept import STILL, Kept
from installation.takeaways.shelf import Shelf

DPI = 300
PAPER, INK, LINE = (252, 249, 242), (58, 50, 42), (186, 146, 88)
MARGIN = 0.055  # of the paper's shorter side
SMALLEST = 12  # px of the caption
LP_SECONDS = 20.0  # that the queue may take to answer


@dataclass(frozen=True, slots=True)
class Sheet:
    """Upright. width, height: mm; media: what CUPS calls it."""

    width: float
    height: float
    media: str


SHEETS: Mapping[str, Sheet] = MappingProxyType({
    "4x6": Sheet(101.6, 152.4, "na_index-4x6_4x6in"), "a6": Sheet(105, 148, "iso_a6_105x148mm"), "a5": Sheet(148, 210, "iso_a5_148x210mm"),
    "a4": Sheet(210, 297, "iso_a4_210x297mm"), "letter": Sheet(215.9, 279.4, "na_letter_8.5x11in"),
})  # fmt: skip


class PrintError(Exception):
    """Why nothing was printed, in a sentence for the operator."""


def layout(picture: Pillow.Image, sheet: Sheet, caption: str) -> Pillow.Image:
    """A page of 300 dots an inch, lying where the picture lies and standing where it stands: the picture whole in a fine double frame, and
    the caption beneath."""
    across, down = (round(side / 25.4 * DPI) for side in (sheet.width, sheet.height))
    size = (down, across) if picture.width > picture.height else (across, down)
    margin = round(MARGIN * min(size))
    band = round(1.9 * margin) if caption else margin
    room = size[0] - 2 * margin, size[1] - margin - band
    scale = min(room[0] / picture.width, room[1] / picture.height)
    shown = picture.resize((round(picture.width * scale), round(picture.height * scale)), Pillow.Resampling.LANCZOS)
    page = Pillow.new("RGB", size, PAPER)
    x, y = (size[0] - shown.width) // 2, margin + (room[1] - shown.height) // 2
    page.paste(shown, (x, y))
    draw, fine = ImageDraw.Draw(page), max(2, round(DPI / 120))
    for gap, width in ((0.16, 2 * fine), (0.30, fine)):
        out = round(gap * margin)
        draw.rectangle((x - out, y - out, x + shown.width - 1 + out, y + shown.height - 1 + out), outline=LINE, width=width)
    if caption:
        font = _font(caption, round(0.62 * margin), room[0])
        draw.text((size[0] / 2, size[1] - band / 2 - 0.08 * margin), caption, fill=INK, font=font, anchor="mm")
    return page


def _font(text: str, size: int, room: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """As large as asked for, or as fits; one that has the letters, where one is here."""
    path = typeface(text)
    while True:
        font = ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)
        if size <= SMALLEST or font.getlength(text) <= room:
            return font
        size = round(0.9 * size)


class Printer:
    """Any thread may print. queue: of CUPS; sheet: its paper; caption: beneath the picture; most: prints of one takeaway; on_fault:
    told of what the queue refused."""

    def __init__(self, shelf: Shelf, queue: str, sheet: Sheet, caption: str, most: int, on_fault: Callable[[str], None]) -> None:
        self._shelf, self._queue, self._sheet, self._caption, self._most = shelf, queue, sheet, caption, most
        self._on_fault = on_fault
        self._lock = threading.Lock()

    def may(self, kept: Kept) -> bool:
        """Whether it may be printed once more."""
        return kept.prints < self._most

    def print(self, kept: Kept) -> bool:
        """Print it; whether the queue has taken it. Waits for the queue's answer."""
        with self._lock:  # two presses are two prints, and not one more than there may be
            newest = next((one for one in self._shelf.all() if one.id == kept.id), None)
            if newest is None or not self.may(newest):
                return False
            try:
                self._send(self._page(newest))
            except PrintError as err:
                self._on_fault(f"takeaways.printer: {self._queue}: {err}")
                return False
            self._shelf.printed(newest.id)
            return True

    def _page(self, kept: Kept) -> bytes:
        path = self._shelf.path(kept, STILL)
        try:
            with Pillow.open(path or Path()) as picture:
                page = layout(picture.convert("RGB"), self._sheet, self._caption)
        except OSError as err:
            raise PrintError(f"the picture cannot be read ({err.strerror or err})") from err
        made = io.BytesIO()
        page.save(made, "JPEG", quality=95, dpi=(DPI, DPI))
        return made.getvalue()

    def _send(self, page: bytes) -> None:
        """The page goes to ``lp`` by a pipe, so that there is no file of it but the queue's own."""
        command = ["lp", "-s", "-d", self._queue, "-t", "Facets", "-o", f"media={self._sheet.media}", "-o", "fit-to-page", "-"]
        try:
            done = subprocess.run(command, input=page, capture_output=True, timeout=LP_SECONDS, check=False)
        except FileNotFoundError:
            raise PrintError("there is no 'lp' here; install the package cups-client") from None
        except (OSError, subprocess.TimeoutExpired) as err:
            raise PrintError(f"'lp' does not answer ({type(err).__name__}); look at the queue with 'lpstat -p'") from err
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise PrintError(said[-1] if said else f"'lp' ended with {done.returncode}")
