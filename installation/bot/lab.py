"""Develops orders: the picture in, the picture out, in memory alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image as Pillow

from installation.assembly.networks import models_of, table_of
from installation.bot.keeping import Amounts, Measures, Ruler, hold
from installation.bot.nobody import Nobody
from installation.bot.order import FoundCode, Order, Seed
from installation.config import Config
from installation.darkroom.nearer import CodeFinder
from installation.darkroom.sitting import Faces, Seen, Sitting, Who, open_bench
from installation.darkroom.wishes import Words, read_wishes
from installation.messages import Image
from installation.sources.stills import read_still
from installation.styles.library import Library

MOST_PX = 2048  # longer side of an answer; a photograph of Telegram's has 1,280
MOST_AMOUNT = 3.0  # of a direction, as the controls have it
JPEG_QUALITY = 93
# The face by its code alone: neither the camera's pixels nor the residual.
BY_CODE = ("identity/glass=0", "identity/detail=0")
LEAST_GAIN = 0.005  # of the loss, below which no nearer code was found


class NobodyError(Exception):
    """No face can be edited. found: how many there are at all."""

    def __init__(self, found: int) -> None:
        super().__init__(found)
        self.found = found


@dataclass(frozen=True, slots=True, eq=False)
class Print:
    """What came of an order. jpeg: the picture. faces: of it. codes: those that are known of it now. undecided: a code was to be looked
    for, and one of several faces has to be chosen first."""

    jpeg: bytes
    faces: Faces
    codes: tuple[FoundCode, ...] = ()
    undecided: bool = False


class Lab:
    """attributes, styles: what can be chosen, in the order in which people should meet them. notice: why there are no styles. Not for two
    threads at a time. Raises FacetsError where a model is missing or does not run here."""

    def __init__(self, config: Config) -> None:
        library = Library(config.models.styles)
        self._palette, _ = library.look()
        self._models = models_of(config)
        self._bench = open_bench(config, self._models, self._palette)
        self._table = table_of(self._models, self._palette)
        self._nobody = Nobody(config, self._models)
        self._finder = CodeFinder(self._models, config.engine.threads)
        self._ruler: Ruler | None = None
        self.notice = library.notice
        self.attributes: tuple[str, ...] = self._models.directions.names
        self.styles: tuple[str, ...] = tuple(self._palette.styles)

    def close(self) -> None:
        """Lets the networks go."""
        self._bench.networks.encode.close()

    def develop(self, order: Order, data: bytes | None, wanted: Callable[[], bool] = lambda: True) -> Print:
        """data: the contents of the picture's file; None for a face that nobody has. wanted: whether anybody still waits for it; where
        nobody does a search ends. Raises SourceError where the file cannot be read, NobodyError where nobody in it can be edited,
        WeightsError where a found code is another generator's."""
        if isinstance(order.subject, Seed):
            return self._of_nobody(order, order.subject)
        try:
            picture, profile = read_still(Path("picture"), io.BytesIO(data or b""), most=MOST_PX)
            return self._of_picture(order, picture, profile, wanted)
        finally:
            self._bench.clear()  # the last picture's faces and codes are not kept until the next one comes

    def _of_picture(self, order: Order, picture: Image, profile: bytes, wanted: Callable[[], bool]) -> Print:
        undecided = False
        if order.search_seconds and self._finder.possible:
            order, undecided = self._searched(order, picture, wanted)
        amounts = dict(order.amounts)
        if order.keep and amounts and (order.faces == 1 or order.face != "all"):
            amounts = hold(amounts, self.attributes, lambda tried: self._measured(picture, order, tried))
        seen = self._look(picture, order, amounts)
        if not seen.faces.edited:
            raise NobodyError(seen.faces.found)
        return Print(as_jpeg(seen.picture, profile), seen.faces, order.codes, undecided)

    def _searched(self, order: Order, picture: Image, wanted: Callable[[], bool]) -> tuple[Order, bool]:
        """The order with the nearer code that was found of the one face that it edits, if any was; and whether it edits several, so that
        none was looked for."""
        sitters = self._look(picture, replace(order, style=""), {}).sitters
        if len(sitters) != 1:
            return order, len(sitters) > 1
        found = self._finder.find(picture, sitters[0], order.search_seconds, wanted)
        if found.gain < LEAST_GAIN:
            return order, False
        number = sitters[0].number
        left = (1.0 - order.gain(number)) * (1.0 - found.gain)  # of the encoder's loss: a search goes on from what the last one found
        return order.with_code(FoundCode(number, found.code, 1.0 - left)), False

    def _of_nobody(self, order: Order, seed: Seed) -> Print:
        amounts = dict(order.amounts)
        if order.keep and amounts:
            amounts = hold(amounts, self.attributes, lambda tried: self._ruled(self._nobody.draw(seed.number, tried)))
        picture = self._nobody.draw(seed.number, amounts)
        if order.style:
            picture = self._look(picture, replace(order, drawn=False, face="all"), {}).picture
        return Print(as_jpeg(picture), Faces(1, 1, 1))

    def _look(self, picture: Image, order: Order, amounts: Amounts) -> Seen:
        sets = [f"{name}={min(max(amount, -MOST_AMOUNT), MOST_AMOUNT):.4f}" for name, amount in amounts.items() if name in self.attributes]
        styles = {order.style: order.share} if order.style in self.styles else {}
        words = Words([*sets, *(BY_CODE if order.drawn else ())], styles)
        wishes = read_wishes(words, self._table, self.attributes)
        codes = {code.face: code.ws for code in order.codes} if order.drawn else {}
        return Sitting(self._bench, wishes.still, order.face, still=True, codes=codes).look(picture)

    def _measured(self, picture: Image, order: Order, amounts: Amounts) -> Measures | None:
        seen = self._look(picture, replace(order, style=""), amounts)
        return self._ruled(seen.picture, order.face) if seen.faces.edited else None

    def _ruled(self, picture: Image, who: Who = "largest") -> Measures | None:
        self._ruler = self._ruler or Ruler()
        return self._ruler.measure(picture, who)


def as_jpeg(picture: Image, profile: bytes = b"") -> bytes:
    """Without any metadata, not where it was taken, not by what; but with the profile (ICC) that its colours need."""
    file = io.BytesIO()
    Pillow.fromarray(picture).save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0, icc_profile=profile or None)
    return file.getvalue()
