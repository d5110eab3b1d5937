"""Keeps a picture's work even: of what takes a while to make and is slow to be seen, little is made anew with each picture."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from installation.canvas.look import Grade, Look

LEAP = 0.08  # of a control's unit: whoever moves it further at once sees it at once
PATIENCE = 3  # pictures that a new grade of something costly may wait for


@dataclass(frozen=True, slots=True)
class Slow:
    """What of a look is slow to be made: the rim of the portraits, the vignette, the grain, the colours of wall and camera."""

    softness: float
    vignette: float
    grain: float
    grade: Grade

    @classmethod
    def of(cls, look: Look) -> Slow:
        return cls(look.softness, look.vignette, look.grain, look.grade)

    def parts(self) -> tuple[float | Grade, ...]:
        """In the order of the fields."""
        return self.softness, self.vignette, self.grain, self.grade


class Pace:
    """A fade moves all of a look at once: then these four are brought up to date in turn, one with each picture. What moves alone
    follows with every picture, a leap is made at once, and three pictures after the last move everything is exact."""

    def __init__(self) -> None:
        self._drawn: list[float | Grade] = []
        self._waited = [0, 0, 0, 0]

    def step(self, asked: Slow) -> Slow:
        """Once a picture: what to draw it with."""
        parts = asked.parts()
        if not self._drawn:
            self._drawn = list(parts)
            return asked
        away = [i for i, (new, drawn) in enumerate(zip(parts, self._drawn, strict=True)) if new != drawn]
        turn = max(away, key=lambda i: self._waited[i], default=-1)
        for i in away:
            self._waited[i] += 1
            if i == turn or leaps(parts[i], self._drawn[i]):
                self._drawn[i], self._waited[i] = parts[i], 0
        softness, vignette, grain, grade = self._drawn
        return Slow(softness, vignette, grain, grade)  # type: ignore[arg-type]  # in the order of ``parts``


class SlowGrade:
    """The grade of what costs a lot to be graded: behind a moving one by a few pictures, exact a few pictures after it rests."""

    def __init__(self) -> None:
        self._drawn: Grade | None = None
        self._waited = 0

    def step(self, asked: Grade) -> Grade:
        """Once a picture: what to draw with."""
        if self._drawn is None or asked == self._drawn or self._waited >= PATIENCE or leaps(asked, self._drawn):
            self._drawn, self._waited = asked, 0
        else:
            self._waited += 1
        return self._drawn


def leaps(new: float | Grade, drawn: float | Grade) -> bool:
    """Whether a viewer might see that the one is not the other yet."""
    if isinstance(new, Grade) and isinstance(drawn, Grade):
        return any(abs(a - b) > LEAP for a, b in zip(astuple(new), astuple(drawn), strict=True))
    return not isinstance(new, Grade) and not isinstance(drawn, Grade) and abs(new - drawn) > LEAP
