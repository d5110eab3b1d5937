"""The photo booth in the mirror: hears the gestures, says on the canvas what will happen, takes the picture and the film, and shows the
code that leads to them. In the display's thread; whatever takes long is done beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

import cv2
import numpy as np

from installation.canvas.cards import Card, CardPainter
from installation.canvas.qr import qr_rgb
from installation.canvas.scene import Overlay
from installation.messages import Image
from installation.takeaways.gestures import Seen
from installation.takeaways.kept import Kept
from installation.takeaways.maker import SMALL_LONGEST, Maker
from installation.takeaways.reel import Reel
from installation.takeaways.session import Phase, Session, Standing
from installation.takeaways.shelf import Shelf
from installation.takeaways.texts import duration, texts, until

TAKING = (Phase.POSING, Phase.FILMING)
FULL = "full"  # the sentence for whoever asks where no picture can be taken


@dataclass(frozen=True, slots=True)
class BoothLinks:
    """What the booth knows of the show. smiles: 0…1 of every visitor who is seen, by id; raised: those who hold a hand up; clean: the
    picture that was drawn last, [height, width, 3], without figures and cards, None where it cannot be had; dark: whether the canvas
    is; link: the address of a page, of its secret; on_fault: told of what the operator should know."""

    smiles: Callable[[], Mapping[int, float]]
    raised: Callable[[], frozenset[int]]
    clean: Callable[[], Image | None]
    dark: Callable[[], bool]
    link: Callable[[str], str]
    on_fault: Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What came of a picture. card: with the code; kept: what lies under it; both None: nothing could be kept. turn: whose it is."""

    turn: int
    card: Card | None = None
    kept: Kept | None = None


class Booth:
    """``step`` after each picture; before it ``overlays`` and ``wants``. language: of the canvas; zone: of the clock in its words."""

    def __init__(
        self, session: Session, shelf: Shelf, maker: Maker, size: tuple[int, int], links: BoothLinks, language: str, zone: tzinfo
    ) -> None:
        self._session, self._shelf, self._maker, self._links = session, shelf, maker, links
        self._language, self._zone = language, zone
        self._reel, self._painter = Reel(size), CardPainter(*size)
        self._standing = Standing()
        self._card: Card | None = None
        self._card_of: tuple[Phase, str, str] = (Phase.IDLE, "", "")
        self._pressed = False
        self._still: Image | None = None
        self._turn = 0
        self._made: Shown | None = None
        self.shown: Kept | None = None  # what the code on the canvas leads to

    def press(self) -> None:
        """Somebody pressed the button. Any thread."""
        self._pressed = True

    def wants(self, now: float) -> bool:
        """Whether the picture of ``now`` is to be kept without figures and cards."""
        phase = self._session.phase
        return phase is Phase.POSING or (phase is Phase.FILMING and self._reel.wants(now))

    def overlays(self, now: float) -> tuple[Overlay, ...]:
        """What is to be seen of it at ``now``."""
        standing = self._standing
        number = str(standing.left) if standing.left else ""
        return self._painter.overlays(self._card, standing.progress, number, now)

    def step(self, now: float) -> None:
        """After the picture of ``now``."""
        pressed, self._pressed = self._pressed, False
        taking = self._session.phase in TAKING
        if self._links.dark():
            self._session.drop(now)
        else:
            before, refusal = self._standing.word, self._shelf.refusal
            full = FULL if refusal is not None or not self._maker.idle else ""
            self._standing = self._session.step(Seen(self._links.smiles(), self._links.raised(), pressed), now, full)
            if refusal is not None and self._standing.word == FULL != before:
                self._links.on_fault(f"takeaways: a visitor was told to come back later: {refusal.value}")
            self._take(now)
        if taking and self._session.phase not in (*TAKING, Phase.MAKING):
            self._forget()
        if self._session.phase is Phase.IDLE:
            self._standing, self.shown = Standing(), None
        self._dress()

    def _take(self, now: float) -> None:
        """The picture, the film, and what became of them."""
        session = self._session
        if session.phase is Phase.POSING and (picture := self._links.clean()) is not None:
            self._still = picture.copy()
            self._reel.begin(now)
            self._reel.add(picture, now)
            session.posed(now)
        elif session.phase is Phase.FILMING:
            if self._reel.wants(now) and (picture := self._links.clean()) is not None:
                self._reel.add(picture, now)
            if self._reel.full and self._still is not None:
                still, self._still, self._turn = self._still, None, self._turn + 1
                turn = self._turn
                self._maker.make(still, self._reel.pictures, lambda secret, kept: self._hear(turn, still, secret, kept))
                session.filmed(now)
        elif session.phase is Phase.MAKING and (made := self._made) is not None and made.turn == self._turn:
            if made.card is None:
                session.tell("failed", now)
            else:
                self.shown = made.kept
                session.ready(now)

    def _forget(self) -> None:
        """Nothing is to come of what was taken so far."""
        self._still = None
        if self._maker.idle:  # otherwise the reel is the maker's, who clears it
            self._reel.clear()

    def _hear(self, turn: int, still: Image, secret: str | None, kept: Kept | None) -> None:
        """In the maker's thread: the page can be opened, or nothing could be kept."""
        if secret is None or kept is None:
            self._made = Shown(turn)
        elif turn != self._turn or self._session.phase is not Phase.MAKING:  # nobody waits for it any more
            self._shelf.remove(kept.id)
        else:
            self._made = Shown(turn, self._code(still, secret, kept), kept)

    def _code(self, still: Image, secret: str, kept: Kept) -> Card:
        say = texts("canvas", self._language)
        ends = datetime.fromtimestamp(self._shelf.ends(kept), self._zone)
        scale = min(1.0, SMALL_LONGEST / max(still.shape))
        small = cv2.resize(still, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        lines = say["scan"], say["whoever"], until(ends, datetime.now(self._zone), self._language)
        return Card(say["showing"], lines, np.asarray(small, np.uint8), qr_rgb(self._links.link(secret), module_px=1), "bar")

    def _dress(self) -> None:
        """The card of where it stands: another one where something else is to be said."""
        standing = self._standing
        phase = Phase.COUNTING if standing.phase is Phase.POSING else standing.phase
        of = phase, standing.way, standing.word
        if of == self._card_of and not (phase is Phase.SHOWING and self._made and self._card is not self._made.card):
            return
        self._card_of, say = of, texts("canvas", self._language)
        match phase:
            case Phase.ASKING:
                self._card = Card(say[f"asking_{standing.way}"], gauge="ring")
            case Phase.COUNTING:
                page = say["page"].format(time=duration(self._shelf.limits.lasts, self._language))
                self._card = Card(say["counting"], (page, say[f"stop_{standing.way}"]), gauge="ring")
            case Phase.FILMING:
                self._card = Card(say["filming"], gauge="bar")
            case Phase.MAKING:
                self._card = Card(say["making"])
            case Phase.SHOWING:
                self._card = self._made.card if self._made else None
            case Phase.TOLD:
                self._card = Card(say[standing.word])
            case _:
                self._card, self._made = None, None
