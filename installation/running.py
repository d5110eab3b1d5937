"""How the loops are turned: one after the other for every frame, or each in a thread of its own while the display has its turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from installation.canvas.present import Canvas
from installation.capturing import CaptureLoop
from installation.clock import Clock, LockstepClock
from installation.control.desk import SNAPSHOT, ControlDesk
from installation.control.keyboard import SOURCE as KEY
from installation.control.keyboard import Action, Keyboard
from installation.control.state import ControlState
from installation.control.timeline.player import TimelineRecorder
from installation.errors import FaultError
from installation.operation.health import Health
from installation.operation.priority import Priorities
from installation.operation.snapshots import Snapshots
from installation.operation.supervisor import Supervisor
from installation.operation.worker import Worker
from installation.pipeline import DisplayLoop, PerceptionLoop, StyleLoop, SynthesisLoop


@dataclass(frozen=True)
class Loops:
    """The five of a show, in the order of the picture's way."""

    capture: CaptureLoop
    perception: PerceptionLoop
    synthesis: SynthesisLoop
    style: StyleLoop
    display: DisplayLoop


def run_lockstep(loops: Loops, clock: LockstepClock, rate: float, finished: Callable[[], bool], after: Callable[[float], None]) -> None:
    """Every loop once a frame, until the show is ``finished`` or its source has ended. rate: the source's, in frames a second;
    after: what is done after each picture. Raises FaultError where a loop cannot go on."""
    while not finished():
        now = clock.now()
        try:
            for loop in (loops.capture, loops.perception, loops.synthesis, loops.style, loops.display):
                loop.step(now)
        except FaultError:
            if loops.capture.ended:
                return
            raise
        after(now)
        clock.advance(rate)


def supervised(loops: Loops, clock: Clock, health: Health, priorities: Priorities) -> Supervisor:
    """Capture, perception, synthesis and style in a thread each, not started yet."""
    fault = health.fault
    workers = (
        Worker("capture", loops.capture, clock.now, fault),
        Worker("perception", loops.perception, clock.now, fault, priorities.networks),
        Worker("synthesis", loops.synthesis, clock.now, fault, priorities.networks),
        Worker("style", loops.style, clock.now, fault, priorities.networks),
    )
    return Supervisor(workers, health)


def run_display(
    loops: Loops, supervisor: Supervisor, canvas: Canvas, clock: Clock, finished: Callable[[], bool], after: Callable[[float], None]
) -> None:
    """The display's turns while the workers turn the others, until the show is ``finished`` or its source has ended. after: what is
    done after each picture. Raises what ended a worker."""
    while not finished():
        canvas.wait()
        loops.display.step(clock.now())
        after(clock.now())
        if not _goes_on(loops, supervisor):
            return


def _goes_on(loops: Loops, supervisor: Supervisor) -> bool:
    """False once the source has ended, which may be in this very moment. Raises what ended a worker."""
    try:
        supervisor.check()
    except FaultError:
        if not loops.capture.ended:
            raise
    return not loops.capture.ended


@dataclass
class Attendant:
    """After each picture: obeys the keyboard, and gives the hands outside what they want of the picture.

    quit: ends the show. keeps_pictures: whether a picture of the canvas may be stored, or shown elsewhere. early: keys that were
    pressed before there was anything to obey them. moves: keeps the moves of every hand. takeaways: what lets visitors take pictures
    home, a step at every picture. told: called after each picture with its time; they never raise and take no time.
    """

    canvas: Canvas
    keyboard: Keyboard
    controls: ControlState
    desk: ControlDesk
    snapshots: Snapshots
    health: Health
    quit: Callable[[], None]
    keeps_pictures: bool
    early: tuple[str, ...] = ()
    moves: TimelineRecorder | None = None
    takeaways: Callable[[float], None] | None = None
    told: tuple[Callable[[float], None], ...] = ()

    def __call__(self, now: float) -> None:
        """now: s of the show's clock."""
        for tell in self.told:
            tell(now)
        self._obey()
        self._serve(now)
        if self.takeaways is not None:
            self._let_take(self.takeaways, now)

    def _let_take(self, takeaways: Callable[[float], None], now: float) -> None:
        try:
            takeaways(now)
        except Exception as err:  # one visitor's picture must not take everybody's with it
            self.health.fault(f"takeaways: {type(err).__name__}: {err}")

    def _obey(self) -> None:
        early, self.early = self.early, ()
        for action in self.keyboard.read((*early, *self.canvas.keys()), self.controls):
            match action:
                case Action.QUIT:
                    self.quit()
                case Action.FULLSCREEN:
                    self.canvas.toggle_fullscreen()
                case Action.LEARN:
                    if self.desk.midi is not None:
                        self.desk.midi.touch()
                case Action.INVITE:
                    self.desk.invitations.invite()
                case Action.SNAPSHOT:
                    self.controls.set(SNAPSHOT, True, KEY)
        if self.snapshots.ready and self.desk.wants_snapshot():
            self._snapshot()

    def _snapshot(self) -> None:
        if self.keeps_pictures:
            self.snapshots.take(self.canvas.read().copy())
        else:
            self.controls.ignore(f"{SNAPSHOT}: a picture of a live camera is kept only where privacy.allow_recording is true")

    def _serve(self, now: float) -> None:
        if self.desk.preview.wanted(now):
            try:
                self.desk.preview.put(self.canvas.read(), now)
            except Exception as err:  # whoever looks on must not take the picture with them
                self.health.fault(f"preview: {type(err).__name__}: {err}")
        if self.moves is not None:
            self.moves.step(now)
        self.desk.step(now)
