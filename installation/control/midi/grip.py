"""One learned control and the knob that moves it: who holds it now, and what the knob's lights and motors are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from installation.control.midi.inbox import Struck, Turned
from installation.control.midi.mapping import FINE, Mode, Source
from installation.control.parameters import Parameter, Scalar
from installation.control.state import ControlState

SOURCE = "midi"  # whose hand it is
NEAR = 0.02  # of a fader's way: so close, it takes hold
SAME = 1e-6  # of it: less than a step of 14 bits
Key = tuple[str, int, bool, int]  # device, channel, whether it is a note, number


def key(event: Turned | Struck) -> Key:
    """What an event is known by."""
    if isinstance(event, Struck):
        return event.device, event.channel, True, event.note
    return event.device, event.channel, False, event.number


def keys(source: Source) -> tuple[Key, ...]:
    """What the events of a knob are known by."""
    first = source.device, source.channel, source.kind == "note", source.number
    return (first, (*first[:3], source.number + FINE)) if source.bits == 14 else (first,)


def _zone(row: Parameter, place: float) -> int:
    """Which of a control's words a knob points at; of a switch, on or off."""
    count = len(row.choices) or 2
    return min(count - 1, int(place * count))


def position(steps: int, bits: int) -> float:
    """Where a knob of 7 or 14 bits stands, 0…1; its middle step, 64 of 127, is exactly the middle."""
    half = 1 << (bits - 1)
    return steps / (2 * half) if steps <= half else 0.5 + (steps - half) / (2 * (half - 1))


def steps(place: float, bits: int) -> int:
    """The step that is nearest to a place 0…1."""
    half = 1 << (bits - 1)
    return round(place * 2 * half) if place <= 0.5 else half + round((place - 0.5) * 2 * (half - 1))


def turns(value: int, mode: Mode) -> int:
    """Steps that an endless knob has turned, left below 0, in the three ways that such knobs write it."""
    if mode == "offset":
        return value - 64
    if mode == "sign":
        return value if value < 64 else 64 - value
    return value if value < 64 else value - 128


@dataclass(frozen=True, slots=True)
class Hold:
    """Where a knob took hold of a control that it had passed in one step: two places 0…1 that are not the same."""

    knob: float
    control: float

    def met(self, knob: float) -> bool:
        """Whether the knob has come back to where the control stood."""
        return (knob - self.control) * (self.knob - self.control) <= 0

    def follow(self, knob: float) -> float:
        """Where the control goes: along with a knob that moves on, while one that comes back has nothing to move before it is
        back where it took hold, and then not until they meet. So it is the knob's place alone that counts, and a knob that
        flickers moves nothing away."""
        onwards = (knob - self.knob) * (self.knob - self.control) > 0
        return min(1.0, max(0.0, self.control + knob - self.knob)) if onwards else self.control


class Grip:
    """Belongs to one thread. Soft take-over: a knob that stands elsewhere moves nothing until it comes near to where the
    control is, or passes it; then it takes hold of the control where that stands, and what it moves is never more than its own
    step. It lets go when another hand moves the control."""

    def __init__(self, name: str, source: Source) -> None:
        self.name, self.source = name, source
        self._place: float | None = None  # of the knob, as far as it is known
        self._held = False
        self._hold: Hold | None = None  # while it is held, and they have not met
        self._turns = 0  # steps of an endless knob that have not moved anything yet
        self._coarse = self._fine = 0
        self._sent = -1  # steps that the knob was last told to stand at
        self._pressed = False
        self._before: Scalar | None = None  # where a pad that is held down took the control from

    def let_go(self) -> None:
        """Another hand has moved the control."""
        self._held, self._hold = False, None

    def stand(self, steps: int) -> None:
        """The knob is known to stand there."""
        self._place = position(steps, self.source.bits)
        self._coarse, self._fine = divmod(steps, 128)

    def lose(self) -> None:
        """The knob was unplugged, or plugged in: where it stands is not known."""
        self.let_go()
        self._place, self._sent, self._pressed = None, -1, False

    def take(self, event: Turned | Struck, row: Parameter, state: ControlState, act: bool) -> bool:
        """Follow the knob. Buttons and pads act at once, where they may ``act``; for a fader, whether ``move`` is to be called
        once all that waits is heard."""
        if isinstance(event, Struck):
            if act:
                self._press(event.velocity, row, state)
            return False
        if self.source.kind == "button":
            if act and (event.value > 0) != self._pressed:
                self._press(event.value, row, state)
            self._pressed = event.value > 0
            return False
        if self.source.kind == "encoder":
            self._turns += turns(event.value, self.source.mode) if act else 0
            return bool(self._turns)
        return self._turn(event, row, state) and act

    def _turn(self, event: Turned, row: Parameter, state: ControlState) -> bool:
        now = self._steps(event)
        was, self._place = self._place, position(now, self.source.bits)
        if not row.bounded:
            return was is not None and _zone(row, was) != _zone(row, self._place)
        if now == self._sent:  # a motor fader tells that it has arrived where it was sent
            self._held, self._hold = True, None
            return False
        self._sent = -1
        if not self._held or (self._hold is not None and self._hold.met(self._place)):
            self._take_hold(was, row.to_norm(state.target(self.name)))
        return self._held

    def _take_hold(self, was: float | None, there: float) -> None:
        """At where the control stands, ``there``, if the knob is near or has passed it. A step that ends so near that the two
        can be one is followed at once."""
        assert self._place is not None
        gap = abs(self._place - there)
        step = 0.0 if was is None else abs(self._place - was)
        passed = was is not None and (was - there) * (self._place - there) <= 0
        if self._held or passed or gap <= NEAR:
            self._held = True
            self._hold = None if gap <= min(step, NEAR) else Hold(self._place, there)

    def _steps(self, event: Turned) -> int:
        """Where the knob stands now; of 14 bits, the fine part follows the coarse one."""
        if self.source.bits != 14:
            return event.value
        if event.number == self.source.number:
            self._coarse, self._fine = event.value, 0
        else:
            self._fine = event.value
        return self._coarse << 7 | self._fine

    def move(self, row: Parameter, state: ControlState) -> None:
        """Put the control where the knob is, or has turned it."""
        if self.source.kind == "encoder":
            count, self._turns = self._turns, 0
            if count:  # it may have been turned back before anybody looked
                self._move_on(count, row, state)
            return
        assert self._place is not None
        if row.bounded:
            place = self._place if self._hold is None else self._hold.follow(self._place)
            if self._hold is None or abs(row.to_norm(state.target(self.name)) - place) > SAME:
                state.set_norm(self.name, place, SOURCE)
        elif row.kind == "str":
            state.set(self.name, row.choices[_zone(row, self._place)], SOURCE)
        else:
            state.set(self.name, bool(_zone(row, self._place)), SOURCE)

    def _move_on(self, count: int, row: Parameter, state: ControlState) -> None:
        """What an endless knob does: a number by as many of 127 steps, words one by one, a switch on or off."""
        if row.bounded:
            state.set_norm(self.name, min(1.0, max(0.0, row.to_norm(state.target(self.name)) + count / 127)), SOURCE)
        elif row.kind == "str":
            at = row.choices.index(str(state.target(self.name))) + count
            state.set(self.name, row.choices[min(len(row.choices) - 1, max(0, at))], SOURCE)
        elif row.kind == "bool":
            state.set(self.name, count > 0, SOURCE)
        else:
            state.set(self.name, True, SOURCE)

    def _press(self, force: int, row: Parameter, state: ControlState) -> None:
        """A button or pad: switches toggle, words go on to the next, triggers fire; a number stands as high as the pad was
        struck for as long as it is held down."""
        if row.bounded:
            if force > 0:
                self._before = state.target(self.name) if self._before is None else self._before
                state.set_norm(self.name, force / 127, SOURCE)
            elif self._before is not None:
                before, self._before = self._before, None
                state.set(self.name, before, SOURCE)
        elif force == 0:
            return
        elif row.kind == "bool":
            state.set(self.name, not state.target(self.name), SOURCE)
        elif row.kind == "str":
            at = row.choices.index(str(state.target(self.name)))
            state.set(self.name, row.choices[(at + 1) % len(row.choices)], SOURCE)
        else:
            state.set(self.name, True, SOURCE)

    def shown(self, row: Parameter, state: ControlState) -> list[Any]:
        """The mido messages that bring the knob's motor, ring or light to where the control is."""
        from mido import Message

        if row.momentary or self.source.kind == "encoder":  # an endless knob stands nowhere
            return []
        value, s = state.target(self.name), self.source
        if row.bounded:
            place = row.to_norm(value)
        else:
            place = row.choices.index(str(value)) / max(1, len(row.choices) - 1) if row.kind == "str" else float(bool(value))
        now = steps(place, s.bits)
        if s.kind == "note":
            return [Message("note_on", channel=s.channel, note=s.number, velocity=now)]
        self._sent = now if s.kind == "control" else -1
        if s.bits == 14:
            fine = Message("control_change", channel=s.channel, control=s.number + FINE, value=now & 127)
            return [Message("control_change", channel=s.channel, control=s.number, value=now >> 7), fine]
        return [Message("control_change", channel=s.channel, control=s.number, value=now)]
