"""What somebody wants of one picture, as far as it has been chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from installation.darkroom.sitting import Who


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that somebody sent. Only its name at the Bot API is kept: it is fetched anew for every answer, and dropped after it."""

    file_id: str


@dataclass(frozen=True, slots=True)
class Seed:
    """A face that nobody has: the random numbers that its code is drawn from."""

    number: int


Subject = Upload | Seed


@dataclass(frozen=True, slots=True)
class Order:
    """amounts: by attribute, those that are not 0, in the order in which they were chosen. face: whom they are for. faces: how many the
    picture shows. style: "" for none; share: 0…1 of it. drawn: the face as its code alone says it (an inversion). keep: what was not
    chosen is held where it was."""

    subject: Subject
    amounts: tuple[tuple[str, float], ...] = ()
    face: Who = "all"
    faces: int = 1
    style: str = ""
    share: float = 1.0
    drawn: bool = False
    keep: bool = False

    def amount(self, attribute: str) -> float:
        """0 where it was not chosen."""
        return dict(self.amounts).get(attribute, 0.0)

    def moved(self, attribute: str, amount: float) -> Order:
        """The same with another amount of one attribute."""
        return replace(self, amounts=tuple((dict(self.amounts) | {attribute: amount}).items())).tidy()

    def tidy(self) -> Order:
        """Without amounts that are 0."""
        return replace(self, amounts=tuple((name, amount) for name, amount in self.amounts if amount))

    def plain(self) -> Order:
        """The picture as it came."""
        return Order(self.subject, faces=self.faces)
