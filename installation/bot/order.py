"""What somebody wants of one picture, as far as it has been chosen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from torch import Tensor

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


@dataclass(frozen=True, slots=True, eq=False)
class FoundCode:
    """A code that was looked for. face: whose, counted from the left; ws: [styles, w_dim]; gain: 0…1, share of the encoder's loss that is
    gone."""

    face: int
    ws: Tensor = field(repr=False)
    gain: float


@dataclass(frozen=True, slots=True)
class Order:
    """amounts: by attribute, those that are not 0, in the order in which they were chosen. face: whom they are for. faces: how many the
    picture shows. style: "" for none; share: 0…1 of it. drawn: the face as its code alone says it (an inversion). keep: what was not
    chosen is held where it was. search_seconds: for which a nearer code is looked for first, 0 where none is; codes: those that were
    found so far, at most one of a face, which are drawn from in place of the encoder's."""

    subject: Subject
    amounts: tuple[tuple[str, float], ...] = ()
    face: Who = "all"
    faces: int = 1
    style: str = ""
    share: float = 1.0
    drawn: bool = False
    keep: bool = False
    search_seconds: float = 0.0
    codes: tuple[FoundCode, ...] = ()

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
        """The picture as it came. What was looked for and found is known on."""
        return Order(self.subject, faces=self.faces, codes=self.codes)

    def gain(self, face: int) -> float:
        """Of the code that was found of a face; 0 where none was."""
        return next((code.gain for code in self.codes if code.face == face), 0.0)

    def with_code(self, found: FoundCode) -> Order:
        """With this code of its face."""
        return replace(self, codes=(*(code for code in self.codes if code.face != found.face), found))

    @property
    def nearer(self) -> float:
        """0…1: gain of the code that the only face, or the chosen one, is drawn from; 0 where it is the encoder's."""
        only = 1 if self.faces == 1 else self.face
        return self.gain(only) if self.drawn and isinstance(only, int) else 0.0
