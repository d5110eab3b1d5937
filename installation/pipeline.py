"""The picture's way, from the camera to the screen: loops of a few neighbouring stages each, joined by slots. The first of them, which
opens the camera and brings it back, has a page of its own: ``capturing``.

    camera ─▶ capture ─[slot]─▶ track ▸ hands ▸ consent ▸ align ▸ silhouette ▸ occlusion ▸ encode ─[slot]─▶ edit ▸ generate ▸ glass
                                                                  screen ◀─ present ◂ compose ◀─[slot]─┤
                                                                                         └─[slot]─ style ◀─[slot]─┘

Read this page first. Every loop has ``step(now)``, one turn, so a test can turn it by hand; ``now`` is seconds of a clock, when the
turn began. A loop that begins by waiting for a slot asks the clock again after that, once.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from installation.canvas.compose import Compose
from installation.canvas.hud import HudState
from installation.canvas.look import people_wanted
from installation.canvas.present import Canvas
from installation.control.state import Controls, ControlState
from installation.faces.framing import Framing
from installation.messages import AlignedFrame, EncodedFrame, Frame, Image, Portraits, Styled, TrackedFrame
from installation.operation.health import Health
from installation.operation.interlude import Interlude
from installation.operation.worker import Loop
from installation.outputs.output import Output
from installation.slot import Slot
from installation.stages.align import Align
from installation.stages.attract import Attract, Attraction
from installation.stages.consent import Consent
from installation.stages.edit import Edit
from installation.stages.encode import Encode
from installation.stages.generate import Generate
from installation.stages.glass import Glass
from installation.stages.hands import Hands
from installation.stages.occlusion import Occlusion
from installation.stages.silhouette import Silhouette
from installation.stages.style import Style
from installation.stages.track import Track
from installation.styles.sketches import Sketches
from installation.styles.wear import Wearing

WAIT = 0.1  # s a loop waits for its slot before it looks around
SLACK = 0.02  # s that controls may be old before a loop beside the display moves them on itself
LATE, LATEST = 0.5, 5.0  # s without a frame, at least and at most, after which presence goes on by the clock alone
LATE_FRAMES = 2.5  # times the last two frames' distance: a slow source is not a lost one
SILENT = 10.0  # s without a word from the loop before, after which what it said last is not shown any more
FRAMING = "framing"  # that of a camera which sees half of its visitors' heads
CUT_OFF = "faces are cut by the edge of the camera's picture and not drawn; turn the camera so that it sees whole heads"

T = TypeVar("T")


def taken(slot: Slot[T], interlude: Interlude | None) -> T | None:
    """The newest of a slot; None where none came within the time that a loop waits. While it waits, and now and then where it never
    does, the loop lends its engines to whoever asks through ``interlude``."""
    if interlude is None:
        return slot.take(WAIT)
    fresh, end = slot.take(), time.monotonic() + WAIT
    interlude.step(idle=fresh is None)
    while fresh is None and (left := end - time.monotonic()) > 0:
        fresh = slot.take(left)
        if fresh is None:  # the time is over, or a call came meanwhile
            interlude.step(idle=True)
    return fresh


def ignore(image: Image, now: float) -> None:
    """Does nothing: nobody looks at the camera's picture."""


def unwatched(tracked: TrackedFrame, now: float) -> None:
    """Does nothing: nobody looks at the faces that are found."""


def never() -> bool:
    """Always False: a show that is never closed."""
    return False


@dataclass
class PerceptionLoop(Loop):
    """Slot -> track ▸ align ▸ silhouette ▸ occlusion ▸ encode -> slot. While it is ``resting`` frames go by unseen. hands: looks for
    raised hands, where that gesture means something; consent: passes on only visitors who have agreed, where they are asked; camera: is
    offered every frame that is looked at, and its time; watched: the same, with the faces that were found."""

    frames: Slot[Frame]
    track: Track
    align: Align
    silhouette: Silhouette
    occlusion: Occlusion
    encode: Encode
    controls: ControlState
    out: Slot[EncodedFrame]
    health: Health
    now: Callable[[], float]
    resting: Callable[[], bool] = never
    hands: Hands | None = None
    consent: Consent | None = None
    camera: Callable[[Image, float], None] = ignore
    watched: Callable[[TrackedFrame, float], None] = unwatched
    interlude: Interlude | None = None  # through which others use the engines of perception
    _last: Frame | None = None
    _patience: float = LATE
    _framing: Framing = field(default_factory=Framing)
    _off: bool = False
    _waiting: int = 0

    def step(self, now: float) -> None:
        frame = taken(self.frames, self.interlude)
        if frame is None or self.resting():
            self._wait()
            return
        if self._last is not None:
            self._patience = min(max(LATE, LATE_FRAMES * (frame.time - self._last.time)), LATEST)
        self._last = frame
        # Find the visitors and know them again.
        with self.health.timed("track"):
            tracked = self.track.track(frame)
        self._watch_framing(tracked, frame.time)
        # See who raises a hand, where that means something.
        if self.hands is not None:
            with self.health.timed("hands"):
                tracked = self.hands.find(tracked)
        # Leave out who has not agreed to be seen, where visitors are asked.
        tracked = self._admitted(tracked, frame.time)
        self.camera(tracked.frame.image, frame.time)
        self.watched(tracked, frame.time)
        # Cut each face out the FFHQ way.
        with self.health.timed("align"):
            aligned = self.align.align(tracked)
        # Find where they end and the room begins, one of them a frame; all of them where the room is to vanish.
        with self.health.timed("silhouette"):
            controls = self.controls.snapshot(frame.time, SLACK)
            aligned = self.silhouette.people(self.silhouette.outline(aligned), people_wanted(controls))
        # Find what covers a face, one of them a frame.
        with self.health.timed("occlusion"):
            aligned = self.occlusion.find(aligned)
        # Give each a latent code, from the cache where that will do.
        with self.health.timed("encode"):
            self._encode(aligned, tracked, frame.time)

    def _watch_framing(self, tracked: TrackedFrame, now: float) -> None:
        off = self._framing.is_off(tracked, now)
        if off != self._off:
            self._off = off
            self.health.fault(CUT_OFF, FRAMING) if off else self.health.over(FRAMING)

    def _wait(self) -> None:
        """No frame comes: whoever was there is not seen any more, and fades and leaves by the clock."""
        now = self.now()
        if self._last is None or now - self._last.time < self._patience:
            return
        tracked = self._admitted(self.track.wait(self._last, now), now)
        self._encode(self.align.align(tracked), tracked, now)

    def _admitted(self, tracked: TrackedFrame, now: float) -> TrackedFrame:
        if self.consent is None:
            return tracked
        admitted = self.consent.admit(tracked, now)
        self._waiting = admitted.waiting
        return admitted.tracked

    def _encode(self, aligned: AlignedFrame, tracked: TrackedFrame, moment: float) -> None:
        seen = [face for face in tracked.faces if face.seen]
        self.health.saw_faces([face.id for face in seen], tuple((face.id, face.expression.smile) for face in seen), self.now())
        hold = self.controls.snapshot(moment, SLACK).number("identity/hold")
        encoded = self.encode.encode(aligned, moment, hold)
        unclear = len({face.id for face in seen} - {one.face.id for one in encoded.faces})
        self.out.put(replace(encoded, waiting=self._waiting, unclear=unclear) if self._waiting or unclear else encoded)

    def relieve(self) -> str:
        return self.encode.relieve()


@dataclass
class SynthesisLoop(Loop):
    """Slot -> edit ▸ generate ▸ glass -> slot. Without a new frame the last one is drawn again: oscillators never wait for a camera.
    While it is ``resting`` nothing is drawn. attract: what is shown while nobody is there, or nobody who agrees to be seen."""

    encoded: Slot[EncodedFrame]
    edit: Edit
    generate: Generate
    glass: Glass
    controls: ControlState
    out: Slot[Portraits]
    health: Health
    now: Callable[[], float]
    to_style: Slot[Portraits] | None = None  # the same portraits for the style loop, where there is one
    resting: Callable[[], bool] = never
    attract: Attract | None = None
    interlude: Interlude | None = None  # through which others use the generators
    _last: EncodedFrame | None = None
    _heard: float = float("-inf")

    def step(self, now: float) -> None:
        fresh, moment = taken(self.encoded, self.interlude), self.now()
        if fresh is not None:
            self._last, self._heard = fresh, moment
        elif self._last is not None and self._last.faces and moment - self._heard > SILENT:
            self._last = EncodedFrame(self._last.frame, ())  # perception is stuck: who knows who is still there
        controls, encoded = self.controls.snapshot(moment, SLACK), self._last
        if encoded is None or controls.flag("transport/freeze") or self.resting():
            self.edit.pause(moment)
            return
        # While there is nobody to show, somebody made up hangs on the wall.
        shown = Attraction() if self.attract is None else self.attract.step(encoded, controls, moment)
        if shown.alone:
            self._put(replace(self._nobody(encoded, controls, moment), alone=True, invitation=shown.invitation))
            return
        # Say who is drawn in this turn, and how large: as many as there is time for.
        turns = self.glass.turns(encoded, controls)
        # Move their codes along the directions.
        with self.health.timed("edit"):
            edited = self.edit.edit(encoded, controls, moment, turns)
        # Draw what the edits change.
        with self.health.timed("generate"):
            drawn = self.generate.draw(edited)
        # Put the changes over the camera's own pixels.
        with self.health.timed("glass"):
            portraits = self.glass.reflect(encoded, drawn, controls, moment)
        self.health.drew([p.face.id for p in portraits.portraits], self.generate.portrait_px, self.now())
        self._put(replace(portraits, invitation=shown.invitation) if shown.invitation else portraits)

    def _nobody(self, encoded: EncodedFrame, controls: Controls, moment: float) -> Portraits:
        """The portrait of a face that is nobody's, edited as visitors' are."""
        assert self.attract is not None
        nobody = self.attract.nobody(encoded, moment)
        if nobody is None:
            return Portraits(encoded.frame, picture=encoded.frame.image)
        with self.health.timed("attract"):
            drawn = self.generate.portraits(self.edit.edit(nobody, controls, moment))
        return replace(drawn, picture=encoded.frame.image)

    def _put(self, portraits: Portraits) -> None:
        self.out.put(portraits)
        if self.to_style is not None:
            self.to_style.put(portraits)

    def tear_down(self) -> None:
        self._last = None

    def relieve(self) -> str:
        return self.generate.relieve()


@dataclass
class StyleLoop(Loop):
    """Slot -> style -> slot, beside the display, which holds what was painted last. Without new portraits the last ones are painted
    again: a style that changes never waits for a camera. While it is ``resting`` nothing is painted."""

    portraits: Slot[Portraits]
    style: Style
    controls: ControlState
    out: Slot[Styled | None]
    health: Health
    now: Callable[[], float]
    sketches: Sketches | None = None  # of the styles, for the panel
    resting: Callable[[], bool] = never
    _last: Portraits | None = None
    _shows: bool = False

    def step(self, now: float) -> None:
        self._last, moment = self.portraits.take(WAIT) or self._last, self.now()
        controls = self.controls.snapshot(moment, SLACK)
        if self._last is None or controls.flag("transport/freeze") or self.resting():
            return
        # Paint them in the styles that are asked for, if any are.
        start = time.perf_counter()
        styled = self.style.paint(self._last, controls, moment, time.perf_counter)
        if styled is not None:
            self.health.took("style", time.perf_counter() - start)
        if styled is not None or self._shows:
            self.out.put(styled)
        self._shows = styled is not None
        # Sketch a style for the panel, where one is open.
        sketches = self.sketches
        if sketches is not None:
            sketches.step(self._last, self._shows, self.now())

    def tear_down(self) -> None:
        self._last = None

    def relieve(self) -> str:
        return self.style.painter.relieve()


@dataclass
class DisplayLoop:
    """Slot -> compose ▸ present, on the main thread. Never waits for a network: it redraws the newest portraits."""

    portraits: Slot[Portraits]
    compose: Compose
    canvas: Canvas
    outputs: Sequence[Output]
    controls: ControlState
    health: Health
    hud: Callable[[float], HudState | None]
    now: Callable[[], float]
    painted: Slot[Styled | None] | None = None  # what the style loop paints, where there is one
    _newest: Portraits | None = None
    _worn: Portraits | None = None
    _styled: Styled | None = None
    _wearing: Wearing = field(default_factory=Wearing)
    _heard: float = float("-inf")

    def step(self, now: float) -> None:
        fresh = self.portraits.take()
        controls = self.controls.snapshot(now)
        if fresh is not None or controls.flag("transport/freeze"):
            self._newest, self._heard = fresh or self._newest, now
        elif self._newest is not None and self._newest.portraits and now - self._heard > SILENT:
            self._newest = Portraits(self._newest.frame)  # nothing is drawn any more: nobody hangs there for ever
        # Put on what was painted last.
        shown_frame = self._dress(fresh)
        # Lay the portraits out on the canvas.
        with self.health.timed("compose"):
            self.compose(self._worn, controls, now, self.hud(now))
        # Show it. Pictures of a fade take now longer, now shorter, and motion shows it: they come at even times.
        self.canvas.settle(even=self.controls.fading)
        with self.health.timed("present"):
            self.canvas.present()
        shown = self.now()
        self.health.presented.add(shown)
        self.health.pace.shown(shown)
        if shown_frame is not None:
            self.health.canvas_frame = shown_frame.time
        if shown_frame is not None and shown - shown_frame.time < SILENT:  # beyond that it is the source's silence that would be measured
            self.health.glass_to_glass.append(max(0.0, shown - shown_frame.time))
        # Hand what was shown to whoever records it or passes it on.
        for output in self.outputs:
            with self.health.timed(output.name):
                output.write(self.canvas.read(), shown)

    @property
    def raised(self) -> frozenset[int]:
        """Ids of visitors who hold a hand up; nobody where nobody looks for hands."""
        shown = self._newest.portraits if self._newest is not None else ()
        return frozenset(one.face.id for one in shown if one.face.hand_raised)

    def _dress(self, fresh: Portraits | None) -> Frame | None:
        """Put on what was painted last. The frame that is seen now for the first time, if one is."""
        painted = self.painted is not None and self.painted.fresh
        if painted and self.painted is not None:
            self._styled = self.painted.take()
        if self._newest is None:
            self._worn = None
            return None
        self._worn = self._wearing.dress(self._newest, self._styled)
        if self._styled is not None and self._worn.picture is not None and self._worn.picture is self._styled.picture:
            return self._styled.frame if painted else None  # the whole picture is the painted one
        return None if fresh is None else fresh.frame
