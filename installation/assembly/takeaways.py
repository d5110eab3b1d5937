"""From the configuration to the shelf, the printer and the booth of a show whose visitors may take pictures home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from installation.canvas.compose import Compose
from installation.config import Config, TakeawaysConfig, is_loopback
from installation.control.state import Change, ControlState, TableChange
from installation.operation.health import Health
from installation.places import kept
from installation.takeaways.booth import Booth, BoothLinks
from installation.takeaways.gestures import Button, HeldSmile, RaisedHand, Way
from installation.takeaways.maker import Maker
from installation.takeaways.office import Office
from installation.takeaways.printing import SHEETS, Printer
from installation.takeaways.reel import SECONDS
from installation.takeaways.session import Session, Times
from installation.takeaways.shelf import Limits, Shelf
from installation.time_zone import zone_of

TAKE, PRINT = "takeaway/take", "takeaway/print"
OFF = "visitors take nothing home in this show; takeaways.enabled lets them, where it keeps its own pace"
NO_PHONES = "takeaways: no phone can open the links, since control.web.host is this machine alone; set it to 0.0.0.0, or set takeaways.url"
STALE = 1.0  # s after which what was seen of visitors is not believed any more


@dataclass(frozen=True, slots=True)
class JoinLinks:
    """raised: who holds a hand up; dark: whether the canvas is; links: where the address of a page begins."""

    raised: Callable[[], frozenset[int]]
    dark: Callable[[], bool]
    links: Callable[[], str]


class Takeaways:
    """All of it, from the start to the end of a show; ``join`` once there is a canvas."""

    def __init__(self, config: Config, on_fault: Callable[[str], None]) -> None:
        """Raises ConfigError."""
        self._config, self._on_fault = config, on_fault
        self.office = office_of(config, on_fault)
        self._maker = Maker(self.office.shelf, on_fault)
        self.booth: Booth | None = None

    def notices(self) -> list[str]:
        """What there is to say of them at the start."""
        unreached = is_loopback(self._config.control.web.host) and not self.office.url
        opened = self.office.shelf.opened
        return [*filter(None, (f"takeaways: {opened}" if opened else "", NO_PHONES if unreached else ""))]

    def join(self, compose: Compose, health: Health, now: Callable[[], float], told: JoinLinks) -> None:
        """Put the booth into the show; now: its clock."""
        t = self._config.takeaways

        def smiles() -> dict[int, float]:
            return dict(health.smiles) if health.looked is not None and now() - health.looked < STALE else {}

        def link(secret: str) -> str:
            return f"{told.links()}/take/{secret}"

        links = BoothLinks(smiles, told.raised, lambda: compose.clean, told.dark, link, self._on_fault)
        session = Session(ways_of(t), Times(t.countdown_seconds, SECONDS, t.code_seconds))
        size = compose.renderer.width, compose.renderer.height
        self.booth = compose.told = Booth(session, self.office.shelf, self._maker, size, links, t.language, self.office.zone)

    def hear(self, change: Change | TableChange) -> None:
        """A hand moved a control. Any thread."""
        if not isinstance(change, Change) or self.booth is None:
            return
        if change.name == TAKE:
            self.booth.press()
        elif change.name == PRINT and self.booth.shown is not None:
            self.office.print_later(self.booth.shown)

    def step(self, now: float) -> None:
        """After each picture."""
        if self.booth is not None:
            self.booth.step(now)

    def close(self) -> None:
        """End what is being made. What is kept stays for its time."""
        self._maker.close()
        self.office.shelf.close()


def takeaways_of(config: Config, lockstep: bool, on_fault: Callable[[str], None]) -> Takeaways | None:
    """None where visitors take nothing home, as in every run that goes as fast as it can. Raises ConfigError."""
    return Takeaways(config, on_fault) if config.takeaways.enabled and not lockstep else None


def told_off(controls: ControlState) -> Callable[[Change | TableChange], None]:
    """What hears the button where there are no takeaways: whoever presses it is told so."""

    def hear(change: Change | TableChange) -> None:
        if isinstance(change, Change) and change.name in (TAKE, PRINT):
            controls.ignore(f"{change.name}: {OFF}")

    return hear


def check_takeaways(config: Config) -> None:
    """Raise ConfigError where visitors may take pictures home and nothing would serve these."""
    if config.takeaways.enabled and config.control.web.enabled is False:
        raise config.error({"takeaways.enabled": "visitors' pages need the web server; set control.web.enabled to auto, or this to false"})


def office_of(config: Config, on_fault: Callable[[str], None]) -> Office:
    """Where takeaways lie and what may be done with them. The shelf is open from here on. Raises ConfigError."""
    t = config.takeaways
    check_takeaways(config)
    shelf = shelf_of(config, on_fault)
    printer = Printer(shelf, t.printer, SHEETS[t.paper], t.caption, t.most_prints, on_fault) if t.printer else None
    return Office(shelf, printer, t.gallery, zone_of(config.schedule.zone), t.url.rstrip("/"))


def shelf_of(config: Config, on_fault: Callable[[str], None]) -> Shelf:
    """Where takeaways lie; opening it deletes what is over its time. Raises ConfigError."""
    t = config.takeaways
    limits = Limits(60.0 * t.keep_minutes, 3600.0 * t.gallery_hours, t.most_an_hour, t.most_megabytes << 20)
    return Shelf(kept(t.folder), limits, on_fault)


def ways_of(config: TakeawaysConfig) -> list[Way]:
    """How visitors may ask; the button always may."""
    smile = [HeldSmile(config.smile, config.hold_seconds)] if config.smile > 0 else []
    hand = [RaisedHand(config.hold_seconds)] if config.hand else []
    return [Button(), *hand, *smile]
