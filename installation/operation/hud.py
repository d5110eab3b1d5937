"""The operator's figures: what the HUD shows, taken from the installation's health a few times a second."""

from collections.abc import Sequence

from installation.control.state import ControlState
from installation.gl.hud import HudGroup, HudState
from installation.operation.health import Health, percentiles
from installation.slot import Slot

PERIOD = 0.25  # s between new figures: text that flickers cannot be read


class HudBoard:
    """Makes a new HudState four times a second while the HUD is on."""

    def __init__(self, health: Health, controls: ControlState, engine: str, model: str, slots: Sequence[Slot]) -> None:  # type: ignore[type-arg]
        self._health, self._controls, self._engine, self._model, self._slots = health, controls, engine, model, slots
        self._state: HudState | None = None
        self._made = float("-inf")

    def state(self, now: float) -> HudState | None:
        """The figures to show at ``now``; None while the HUD is off."""
        if not self._controls.snapshot(now).flag("transport/hud"):
            return None
        if self._state is None or now - self._made >= PERIOD:
            self._state, self._made = self._make(now), now
        return self._state

    def _make(self, now: float) -> HudState:
        h = self._health
        delay = percentiles(h.glass_to_glass)
        stages = tuple((name, f"{p.p50:5.1f} ms") for name, p in h.stage_percentiles().items())
        dropped = sum(slot.dropped for slot in self._slots[:2])
        rates = (
            ("canvas", f"{h.presented.per_second(now):5.1f} fps"),
            ("portraits", f"{h.portraits.per_second(now):5.1f} fps"),
            ("delay", f"{delay.p50:5.0f} ms"),
            ("faces", f"{h.faces}"),
            ("dropped", f"{dropped}"),
        )
        machine = (("engine", self._engine), ("model", self._model), ("portrait", f"{h.portrait_px} px"))
        return HudState((HudGroup("Show", rates), HudGroup("Stages", stages), HudGroup("Machine", machine)), tuple(h.faults[-3:]))
