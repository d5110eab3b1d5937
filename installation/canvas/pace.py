"""Spreads costly redrawing over several pictures, so that during a fade every picture takes about the same time.

Some settings of a look need whole tables to be made anew when they change: the soft rim of the portraits, the vignette, the grain,
the colours. A fade changes all of them with every picture. Nobody sees a table that is two or three pictures old, but everybody
sees a picture that comes late; so only one of the tables is made anew for each picture.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

from installation.canvas.look import Grade, Look

LEAP = 0.08  # of a control's unit: a difference that a viewer would see, so it is drawn at once
PATIENCE = 3  # pictures that something costly may be drawn with an older grade


@dataclass(frozen=True, slots=True)
class CostlyLook:
    """The four settings of a look that are costly to change: rim of the portraits, vignette, grain, colours of wall and camera."""

    softness: float
    vignette: float
    grain: float
    grade: Grade

    @classmethod
    def of(cls, look: Look) -> CostlyLook:
        return cls(look.softness, look.vignette, look.grain, look.grade)

    def parts(self) -> tuple[float | Grade, ...]:
        """In the order of the fields."""
        return self.softness, self.vignette, self.grain, self.grade


class StaggeredLook:
    """Lets the four settings follow a fade in turn: with each picture the one that has waited longest is brought up to date.

    A setting that changes alone is up to date in every picture, a leap is drawn at once, and at most three pictures after the last
    change all four are exact.
    """

    def __init__(self) -> None:
        self._drawn: list[float | Grade] = []  # what the last picture was drawn with, in the order of ``parts``
        self._waited = [0, 0, 0, 0]  # pictures that each has been out of date

    def step(self, asked: CostlyLook) -> CostlyLook:
        """Once a picture. asked: what the controls say; the result is what to draw the picture with."""
        parts = asked.parts()
        if not self._drawn:
            self._drawn = list(parts)
            return asked
        outdated = [i for i, (new, drawn) in enumerate(zip(parts, self._drawn, strict=True)) if new != drawn]
        turn = max(outdated, key=lambda i: self._waited[i], default=-1)
        for i in outdated:
            self._waited[i] += 1
            if i == turn or visibly_apart(parts[i], self._drawn[i]):
                self._drawn[i], self._waited[i] = parts[i], 0
        softness, vignette, grain, grade = self._drawn
        return CostlyLook(softness, vignette, grain, grade)  # type: ignore[arg-type]  # in the order of ``parts``


class DelayedGrade:
    """The colours for something that is costly to colour, such as an ornament: while they change, it is coloured anew only with every
    fourth picture; once they rest, at most three pictures later."""

    def __init__(self) -> None:
        self._drawn: Grade | None = None
        self._waited = 0  # pictures since it was coloured

    def step(self, asked: Grade) -> Grade:
        """Once a picture. asked: what the controls say; the result is what to draw with."""
        if self._drawn is None or asked == self._drawn or self._waited >= PATIENCE or visibly_apart(asked, self._drawn):
            self._drawn, self._waited = asked, 0
        else:
            self._waited += 1
        return self._drawn


def visibly_apart(new: float | Grade, drawn: float | Grade) -> bool:
    """Whether a viewer might see that ``drawn`` is not ``new`` yet."""
    if isinstance(new, Grade) and isinstance(drawn, Grade):
        return any(abs(a - b) > LEAP for a, b in zip(astuple(new), astuple(drawn), strict=True))
    return not isinstance(new, Grade) and not isinstance(drawn, Grade) and abs(new - drawn) > LEAP
