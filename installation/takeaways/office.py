"""What visitors and operators may do with what was taken: save, delete, print, offer it for the gallery, agree to that."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from installation.takeaways.kept import Gallery, Kept
from installation.takeaways.printing import Printer
from installation.takeaways.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Office:
    """Any thread may ask. printer: None where nothing is printed; has_gallery: whether there is one; zone: of times on pages; url: where
    links begin, empty for the web server's own address."""

    shelf: Shelf
    printer: Printer | None
    has_gallery: bool
    zone: tzinfo
    url: str = ""

    def ends(self, kept: Kept) -> datetime:
        """When it will be deleted."""
        return datetime.fromtimestamp(self.shelf.ends(kept), self.zone)

    def now(self) -> datetime:
        """The clock in the zone of the pages."""
        return datetime.now(self.zone)

    def hangs_until(self, kept: Kept) -> datetime:
        """When the gallery's time for it is over, or its own."""
        return self.now() + timedelta(seconds=self.shelf.gallery_left(kept))

    def may_hang(self, kept: Kept) -> bool:
        """Whether there is a gallery, and time left in it."""
        return self.has_gallery and self.shelf.gallery_left(kept) > 0

    def file(self, kept: Kept, name: str) -> Path | None:
        """Where a file of it lies; None where it has none of this name."""
        return self.shelf.path(kept, name)

    def may_print(self, kept: Kept) -> bool:
        """Whether there is a printer that has not printed it as often as it may."""
        return self.printer is not None and self.printer.may(kept)

    def print(self, kept: Kept) -> bool:
        """Print it; whether the queue has taken it. Waits for the queue."""
        return self.printer is not None and self.printer.print(kept)

    def print_later(self, kept: Kept) -> bool:
        """Print it beside the show; whether there is a printer. What goes wrong is a fault for the operator."""
        if self.printer is None:
            return False
        threading.Thread(target=self.printer.print, args=(kept,), name="print", daemon=True).start()
        return True

    def offer(self, kept: Kept) -> None:
        """Its visitor wants it in the gallery. What was refused stays refused."""
        if self.may_hang(kept) and kept.gallery == "":
            self.shelf.gallery(kept.id, "offered")

    def withdraw(self, kept: Kept) -> None:
        """Its visitor wants it there no more."""
        if kept.gallery in ("offered", "shown"):
            self.shelf.gallery(kept.id, "")

    def decide(self, name: str, show: bool) -> bool:
        """The operator shows what was offered, or refuses it, or what is shown; whether there is such a one."""
        found = next((one for one in self.offered() if one.id == name), None)
        if found is not None:
            state: Gallery = "shown" if show else "refused"
            self.shelf.gallery(name, state)
        return found is not None

    def offered(self) -> tuple[Kept, ...]:
        """What an operator may look at: offered by its visitor, or shown; for no longer than the gallery's time."""
        return tuple(one for one in self.shelf.all() if one.gallery in ("offered", "shown") and self.may_hang(one))

    def shown(self) -> tuple[Kept, ...]:
        """The gallery, the newest first."""
        return tuple(one for one in reversed(self.offered()) if one.gallery == "shown")
