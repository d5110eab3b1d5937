"""What amounts of ``mouth-open`` and ``smile`` do to the lips of a face in its picture, whose own pixels are moved."""

from __future__ import annotations

from dataclasses import dataclass

from installation.compositing.mouth import mouth_in
from installation.compositing.mouth_closing import Closing, closing_of
from installation.compositing.mouth_opening import Opening, opening_of
from installation.compositing.mouth_smile import Smile, smile_of
from installation.messages import Image, LipAmounts, Points


@dataclass(frozen=True, slots=True, eq=False)
class LipMove:
    """Lips part or come together, and then their corners move."""

    parted: Opening | Closing | None
    smile: Smile | None

    def move(self, picture: Image) -> None:
        """Move them in a picture [h, w, 3], in place."""
        for part in (self.parted, self.smile):
            if part is not None:
                part.move(picture)

    def seen_from(self, x: float, y: float) -> LipMove:
        """The same in the part of the picture that begins at (x, y)."""
        parted, smile = self.parted, self.smile
        return LipMove(None if parted is None else parted.seen_from(x, y), None if smile is None else smile.seen_from(x, y))


def lip_move(landmarks: Points, amounts: LipAmounts) -> LipMove | None:
    """The lips of a face whose landmarks [468, 2 or 3] are px of the picture, moved by those amounts. None where nothing would be seen
    of it."""
    mouth = mouth_in(landmarks) if amounts.any else None
    if mouth is None:
        return None
    opening = amounts.opening
    parted = opening_of(mouth, opening) if opening > 0 else closing_of(mouth, -opening)
    smile = smile_of(mouth, amounts.smile)
    return None if parted is None and smile is None else LipMove(parted, smile)
