"""What was painted last, put on the newest portraits: they move with their sitters while the painting is held."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from installation.canvas.look import portrait_mask
from installation.messages import Image, Mask, Portraits, Styled
from installation.styles.crops import laid

HELD_SECONDS = 5.0  # after which a painting that nobody renews is taken off
SOFTNESS = 0.6  # of the rim of a painted face in its place
KEPT = 4  # pictures whose memory stays as it was


@dataclass(eq=False)
class Wearing:
    """For the display: cheap, and the same portraits for the same painting are the same object."""

    _portraits: Portraits | None = None
    _styled: Styled | None = None
    _worn: Portraits | None = None
    _mask: Mask = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    _pictures: list[Image] = field(default_factory=list)
    _turn: int = 0

    def dress(self, portraits: Portraits, styled: Styled | None) -> Portraits:
        """``portraits`` as they are to be shown. What is not painted, or not any more, is shown as it is."""
        if styled is None or portraits.frame.time - styled.frame.time > HELD_SECONDS:
            return portraits
        if portraits is not self._portraits or styled is not self._styled or self._worn is None:
            self._portraits, self._styled, self._worn = portraits, styled, self._dressed(portraits, styled)
        return self._worn

    def _dressed(self, portraits: Portraits, styled: Styled) -> Portraits:
        picture, people = portraits.picture, portraits.people
        if picture is not None and styled.picture is not None and styled.picture.shape == picture.shape:
            picture, people = styled.picture, styled.people if styled.people is not None else people
        elif picture is not None and styled.faces:
            picture = self._with_faces(picture, portraits, styled)
        worn = tuple(
            replace(one, image=styled.portraits[one.face.id, one.cell]) if (one.face.id, one.cell) in styled.portraits else one
            for one in portraits.portraits
        )
        return replace(portraits, portraits=worn, picture=picture, people=people)

    def _with_faces(self, picture: Image, portraits: Portraits, styled: Styled) -> Image:
        copy = self._memory(picture)
        np.copyto(copy, picture)
        faces = [one for one in portraits.portraits if one.cell == 0 and one.square is not None and one.face.id in styled.faces]
        for one in sorted(faces, key=lambda one: one.face.box[2] - one.face.box[0]):
            assert one.square is not None
            painted = styled.faces[one.face.id]
            mask, strength = self._faded(painted.shape[0]), min(one.opacity, one.in_view)
            if strength > 0.0:  # whoever is hidden behind another, or has just gone, leaves no painted patch on the wall
                laid(copy, one.square, painted, mask if strength >= 1.0 else np.asarray(mask * strength, dtype=np.uint8))
        return copy

    def _faded(self, side: int) -> Mask:
        if self._mask.shape[0] != side:
            self._mask = np.asarray(np.rint(255.0 * portrait_mask(side, SOFTNESS)), dtype=np.uint8)
        return self._mask

    def _memory(self, like: Image) -> Image:
        """Another object each time: whoever draws knows a picture again by itself."""
        if not self._pictures or self._pictures[0].shape != like.shape:
            self._pictures = [np.empty_like(like) for _ in range(KEPT)]
        self._turn += 1
        return self._pictures[self._turn % KEPT][:]
