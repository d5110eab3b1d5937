"""Develops orders: the picture in, the picture out, in memory alone."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image as Pillow

from installation.assembly.networks import models_of, table_of
from installation.bot.keeping import Amounts, Measures, Ruler, hold
from installation.bot.nobody import Nobody
from installation.bot.order import Order, Seed
from installation.config import Config
from installation.darkroom.sitting import Faces, Seen, Sitting, Who, open_bench
from installation.darkroom.wishes import Words, read_wishes
from installation.messages import Image
from installation.sources.stills import read_picture
from installation.styles.library import Library

MOST_PX = 2048  # longer side of an answer; a photograph of Telegram's has 1,280
MOST_AMOUNT = 3.0  # of a direction, as the controls have it
JPEG_QUALITY = 93
# The face by its code alone: neither the camera's pixels nor the residual.
BY_CODE = ("identity/glass=0", "identity/detail=0")


class NobodyError(Exception):
    """No face can be edited. found: how many there are at all."""

    def __init__(self, found: int) -> None:
        super().__init__(found)
        self.found = found


@dataclass(frozen=True, slots=True, eq=False)
class Print:
    """What came of an order. jpeg: the picture. faces: of it."""

    jpeg: bytes
    faces: Faces


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
        self._ruler: Ruler | None = None
        self.notice = library.notice
        self.attributes: tuple[str, ...] = self._models.directions.names
        self.styles: tuple[str, ...] = tuple(self._palette.styles)

    def close(self) -> None:
        """Lets the networks go."""
        self._bench.networks.encode.close()

    def develop(self, order: Order, data: bytes | None) -> Print:
        """data: the contents of the picture's file; None for a face that nobody has. Raises SourceError where it cannot be read,
        NobodyError where nobody in it can be edited."""
        if isinstance(order.subject, Seed):
            return self._of_nobody(order, order.subject)
        picture = read_picture(Path("picture"), io.BytesIO(data or b""), most=MOST_PX)
        amounts = dict(order.amounts)
        if order.keep and amounts and (order.faces == 1 or order.face != "all"):
            amounts = hold(amounts, self.attributes, lambda tried: self._measured(picture, order, tried))
        seen = self._look(picture, order, amounts)
        if not seen.faces.edited:
            raise NobodyError(seen.faces.found)
        return Print(as_jpeg(seen.picture), seen.faces)

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
        return Sitting(self._bench, wishes.still, order.face, still=True).look(picture)

    def _measured(self, picture: Image, order: Order, amounts: Amounts) -> Measures | None:
        seen = self._look(picture, replace(order, style=""), amounts)
        return self._ruled(seen.picture, order.face) if seen.faces.edited else None

    def _ruled(self, picture: Image, who: Who = "largest") -> Measures | None:
        self._ruler = self._ruler or Ruler()
        return self._ruler.measure(picture, who)


def as_jpeg(picture: Image) -> bytes:
    """Without any metadata: not where it was taken, not by what."""
    file = io.BytesIO()
    Pillow.fromarray(picture).save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return file.getvalue()
