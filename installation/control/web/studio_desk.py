"""What the photo page wants of the studio behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Final, Protocol

Json = Mapping[str, object]
MOST_BYTES: Final = 64_000_000  # of a photograph's file
MOST_CODE_BYTES: Final = 16_000_000  # of a file of code and edits
KEPT_SECONDS: Final = 30 * 60.0  # that a photograph is kept after it was used last
MOST_KEPT, MOST_KEPT_BYTES = 12, 300_000_000  # of all photographs together


class StudioError(Exception):
    """Why something cannot be done, in a sentence for a person. status: HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Studio(Protocol):
    """Every method that works on a picture gives what comes of it later, and may do so with StudioError. Any thread may call.

    A wish says what is to be seen, as the page sends it: ``{"faces": {"1": {control: value}}, "style": {control: value}, "portrait": 1,
    "fine": true, "codes": {"1": 2}}``; without ``portrait`` the whole photograph. codes: which code that a longer look has
    found a face is drawn from.
    """

    def desk(self) -> Json:
        """The controls that there are, their groups and limits. Whoever asks is about to need the networks."""
        ...

    def take_photograph(self, data: bytes, name: str) -> Future[Json]:
        """A file that somebody brought: who is in it, and under which id it is kept for a while."""
        ...

    def take_sample(self, number: int) -> Future[Json]:
        """The same with one of the pictures that come with the program."""
        ...

    def sample(self, number: int) -> bytes:
        """One of those, as WebP. Raises StudioError."""
        ...

    def take_code(self, data: bytes, name: str) -> Future[Json]:
        """The same with a file of code and edits."""
        ...

    def take_lent(self, data: bytes, name: str, lent: Callable[[], bool]) -> Future[Json]:
        """A picture that is a visitor's: it is not saved, and gone as soon as ``lent`` says that it may not be had any more."""
        ...

    def take_painting(self, id: str, data: bytes, name: str) -> Future[Json]:
        """A painting of somebody's own becomes a style of that picture."""
        ...

    def seen(self, id: str) -> Json:
        """How long it is still kept. Raises StudioError where it is not. Asking does not prolong that."""
        ...

    def forget(self, id: str) -> None:
        """Keep it no longer."""
        ...

    def before(self, id: str, wish: object) -> Future[bytes]:
        """JPEG of what is to be seen, without any edit."""
        ...

    def drawn(self, id: str, wish: object) -> Future[bytes]:
        """JPEG of what is to be seen."""
        ...

    def code_seen(self, id: str, number: int, code: int = 0) -> Future[bytes]:
        """JPEG of a face as the generator draws it from its code alone. code: one that was found, 0: the encoder's."""
        ...

    def sketch(self, id: str, number: int, style: str) -> Future[bytes]:
        """Small JPEG of a face in a style."""
        ...

    def picture_file(self, id: str, wish: object) -> Future[bytes]:
        """PNG at full size."""
        ...

    def code_file(self, id: str, number: int, wish: object) -> Future[bytes]:
        """``.npz`` of a face's code and edits."""
        ...

    def search(self, id: str, number: int, seconds: int, wish: object) -> Future[Json]:
        """Look longer at a face, from the code on that it has in the wish. How that stands then is ``search_seen``. Raises StudioError."""
        ...

    def search_seen(self, id: str) -> Json:
        """``state``: waiting, starting, looking, found, nothing, cancelled, failed; ``before``: how many come before it; ``share``: 0…1;
        ``pictures``: how many there were; ``gain``: share of the difference that is gone; ``code``: number of the code that was found.
        Where nobody asks for a while it ends. Raises StudioError."""
        ...

    def search_picture(self, id: str) -> bytes:
        """JPEG of the face as it is found by now. Raises StudioError."""
        ...

    def end_search(self, id: str, keep: bool) -> None:
        """keep: what was found so far will do; otherwise it is not wanted any more. Raises StudioError."""
        ...

    def adopt(self, id: str, other: str, number: int) -> Future[Json]:
        """Take over what was found and brought for the same picture under another id. ``codes``: the numbers here of codes that were found,
        by face; ``styles``: the controls here of own paintings, by those that they have there; ``paintings``: all that are here now;
        ``notices``: what there was no room for. number: whose the code is, where that was opened from a file."""
        ...
