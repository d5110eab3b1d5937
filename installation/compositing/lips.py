"""What an amount of ``mouth-open`` does to the lips of a face in its picture: above 0 they part, under 0 they come together."""

from __future__ import annotations

from installation.compositing.mouth import mouth_in
from installation.compositing.mouth_closing import Closing, closing_of
from installation.compositing.mouth_opening import Opening, opening_of
from installation.messages import Points

LipMove = Opening | Closing


def lip_move(landmarks: Points, amount: float) -> LipMove | None:
    """The lips of a face whose landmarks [468, 2 or 3] are px of the picture, moved by ``amount``. None where nothing would be seen
    of it."""
    mouth = mouth_in(landmarks) if amount else None
    if mouth is None:
        return None
    return opening_of(mouth, amount) if amount > 0 else closing_of(mouth, -amount)
