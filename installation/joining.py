"""How the loops of a show are joined: who hands what to whom, and what attends to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

import torch

from installation.assembly.basis import Basis
from installation.assembly.movers import Movers
from installation.assembly.networks import NetworkStages, painter_settings
from installation.assembly.operating import Operated
from installation.assembly.operator_corner import CornerHand, corner_of
from installation.assembly.settings import track_settings
from installation.assembly.takeaways import JoinLinks, Takeaways, told_off
from installation.assembly.visitors import attract_of, gestures_of
from installation.canvas.backdrops import Backdrops
from installation.canvas.compose import Compose
from installation.capturing import CaptureLoop
from installation.control.desk import ControlDesk
from installation.control.installed import backgrounds
from installation.control.keyboard import Keyboard
from installation.control.operator_hud import HudBoard
from installation.engines.cuda_pictures import open_cropper
from installation.engines.device import device_of
from installation.messages import EncodedFrame, Frame, Portraits, Styled
from installation.openings import Openings
from installation.operation.interlude import Interlude
from installation.operation.saying import say
from installation.operation.snapshots import Snapshots
from installation.pipeline import DisplayLoop, PerceptionLoop, StyleLoop, SynthesisLoop
from installation.places import kept
from installation.running import Attendant, Loops
from installation.slot import Slot
from installation.sources.watch import PictureWatch
from installation.stages.align import Align, align_image
from installation.stages.glass import LARGEST_ON_CPU, LARGEST_ON_GPU, Glass, GlassSettings
from installation.stages.silhouette import Silhouette
from installation.stages.style import Style
from installation.stages.track import Track
from installation.styles.painter import Painter
from installation.styles.sketches import Sketches

SNAPSHOTS = kept("out")


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """Between the loops, in the order of the picture's way."""

    frames: Slot[Frame]
    encoded: Slot[EncodedFrame]
    portraits: Slot[Portraits]
    to_style: Slot[Portraits]
    painted: Slot[Styled | None]

    @staticmethod
    def empty() -> Slots:
        """Nothing has been handed on yet."""
        return Slots(Slot(), Slot(), Slot(), Slot(), Slot())

    @property
    def on_the_way(self) -> tuple[Slot[Any], ...]:
        """Those that every picture goes through; what is lost in them is a lost frame."""
        return self.frames, self.encoded, self.portraits

    def close(self) -> None:
        """Whoever waits at one of them waits no longer."""
        for slot in (*self.on_the_way, self.to_style, self.painted):
            slot.close()


@dataclass(frozen=True, slots=True, eq=False)
class ShowParts:
    """What there is before the loops. quit: ends the show; pictured: called after each picture with its time."""

    basis: Basis
    movers: Movers
    desk: ControlDesk
    openings: Openings
    stages: NetworkStages
    takeaways: Takeaways | None
    quit: Callable[[], None]
    pictured: Callable[[float], None]

    def rests(self, compose: Compose) -> bool:
        """Whether nobody looks: it is closed, and the canvas is black."""
        return self.desk.closed and compose.dark


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """perceiving, drawing: where another thread may use the networks of the two loops while these have nothing to do."""

    slots: Slots
    loops: Loops
    glass: Glass
    snapshots: Snapshots
    attendant: Attendant
    perceiving: Interlude
    drawing: Interlude


def join(parts: ShowParts) -> Joined:
    """Nothing turns yet. Raises FacetsError for a network that cannot be had."""
    basis, desk, openings = parts.basis, parts.desk, parts.openings
    slots, models = Slots.empty(), basis.models
    engine = parts.stages.generate.choice
    basis.observer.begin(engine, models.name, slots.on_the_way, desk.schedule_seen)
    keeps = basis.pictures_may_leave(openings.source)
    for preview in (desk.preview, desk.camera, basis.operating.tracker):
        preview.allowed = keeps
    keyboard = _keyboard(parts, keeps)
    snapshots = Snapshots(SNAPSHOTS, basis.health.fault)
    capture = _capture(parts, slots)
    compose = Compose(
        openings.canvas.renderer, not basis.lockstep, _backdrops(parts), desk.blackout_seconds, capture.away, basis.invitation.texts
    )
    rests = partial(parts.rests, compose)
    told = (desk.figures, desk.invitations.code, lambda: compose.held)
    board = HudBoard(basis.health, basis.controls, keyboard, engine, models.name, slots.on_the_way, *told)
    glass = Glass(_glass_settings(parts), align_image, parts.stages.generate.turn_milliseconds)
    perceiving, drawing = Interlude(slots.frames.wake), Interlude(slots.encoded.wake)
    loops = Loops(
        capture,
        _perception(parts, slots, rests, perceiving),
        _synthesis(parts, slots, glass, rests, drawing),
        _styling(parts, slots, rests, keeps),
        _display(parts, slots, compose, board),
    )
    _join_takeaways(parts, compose, loops.display)
    corner = _corner(parts, compose, board)
    told_of_pictures = (parts.pictured,) if corner is None else (parts.pictured, corner.step)
    attendant = Attendant(
        openings.canvas, keyboard, basis.controls, desk, snapshots, basis.health, parts.quit, keeps, tuple(openings.waiting.keys),
        openings.moves, None if parts.takeaways is None else parts.takeaways.step, told_of_pictures,
    )  # fmt: skip
    forbid = partial(_forbid_pictures, parts, loops, attendant)
    basis.operating.join(Operated(capture, basis.health, basis.controls, basis.zones, basis.clock.now, forbid))
    return Joined(slots, loops, glass, snapshots, attendant, perceiving, drawing)


def _keyboard(parts: ShowParts, keeps: bool) -> Keyboard:
    panel, keys = parts.desk.panel, parts.basis.config.canvas.keys
    return Keyboard(parts.basis.children, keeps, panel is not None and panel.public, keys, takes=parts.takeaways is not None)


def _capture(parts: ShowParts, slots: Slots) -> CaptureLoop:
    opening, source = parts.openings.opening, parts.openings.source
    patience = opening.patience if source is None else inf
    watch = PictureWatch(parts.basis.config.capture.frozen_seconds)
    return CaptureLoop(opening.open, slots.frames, parts.basis.health, source, patience, opening.is_there, watch)


def _perception(parts: ShowParts, slots: Slots, rests: Callable[[], bool], interlude: Interlude) -> PerceptionLoop:
    basis, stages = parts.basis, parts.stages
    operating = basis.operating
    track, align = Track(track_settings(basis.config), basis.zones.zones, operating.room), _aligner(parts)
    hands, consent = gestures_of(basis.config, operating.room)
    return PerceptionLoop(
        frames=slots.frames,
        track=track,
        align=align,
        silhouette=Silhouette(),
        occlusion=stages.occlusion,
        encode=stages.encode,
        controls=basis.controls,
        out=slots.encoded,
        health=basis.health,
        now=basis.clock.now,
        resting=rests,
        hands=hands,
        consent=consent,
        camera=parts.desk.camera.offer,
        watched=operating.tracked,
        interlude=interlude,
    )


def _synthesis(parts: ShowParts, slots: Slots, glass: Glass, rests: Callable[[], bool], interlude: Interlude) -> SynthesisLoop:
    basis, edit = parts.basis, parts.movers.edit
    attract = attract_of(basis.config, edit.guests)
    return SynthesisLoop(
        encoded=slots.encoded,
        edit=edit,
        generate=parts.stages.generate,
        glass=glass,
        controls=basis.controls,
        out=slots.portraits,
        health=basis.health,
        now=basis.clock.now,
        to_style=slots.to_style,
        resting=rests,
        attract=attract,
        interlude=interlude,
    )


def _styling(parts: ShowParts, slots: Slots, rests: Callable[[], bool], keeps: bool) -> StyleLoop:
    """Paints in styles, and sketches for the panel too, where pictures may leave the canvas."""
    basis, blender = parts.basis, parts.movers.blender
    painter = Painter(painter_settings(basis.config, basis.lockstep, parts.openings.canvas.size), basis.told)
    style = Style(painter, blender, basis.lockstep)
    sketches = Sketches(painter, blender, parts.desk.sketches) if keeps else None
    return StyleLoop(
        portraits=slots.to_style,
        style=style,
        controls=basis.controls,
        out=slots.painted,
        health=basis.health,
        now=basis.clock.now,
        sketches=sketches,
        resting=rests,
    )


def _display(parts: ShowParts, slots: Slots, compose: Compose, board: HudBoard) -> DisplayLoop:
    basis, openings = parts.basis, parts.openings
    return DisplayLoop(
        portraits=slots.portraits,
        compose=compose,
        canvas=openings.canvas,
        outputs=openings.outputs,
        controls=basis.controls,
        health=basis.health,
        hud=board.state,
        now=basis.clock.now,
        painted=slots.painted,
    )


def _join_takeaways(parts: ShowParts, compose: Compose, display: DisplayLoop) -> None:
    panel, takeaways, basis = parts.desk.panel, parts.takeaways, parts.basis
    controls = basis.controls
    if takeaways is None or panel is None:
        controls.subscribe(told_off(controls))
        return
    told = JoinLinks(lambda: display.raised, lambda: controls.shown().flag("transport/blackout"), lambda: panel.links)
    takeaways.join(compose, basis.health, basis.clock.now, told)
    controls.subscribe(takeaways.hear)


def _corner(parts: ShowParts, compose: Compose, board: HudBoard) -> CornerHand | None:
    """The operator's hidden corner, over everything else that the canvas shows."""
    basis, desk = parts.basis, parts.desk
    operating = basis.operating
    corner = corner_of(basis.config.operator, operating.check, operating.ending, parts.openings.canvas, lambda: desk.panel, basis.health)
    if corner is not None:
        compose.over, board.operator = corner.overlays, lambda: corner.is_in
    return corner


def _forbid_pictures(parts: ShowParts, loops: Loops, attendant: Attendant) -> None:
    """From now on no picture leaves the canvas: a live camera takes the place of a clip. Any thread."""
    desk = parts.desk
    for preview in (desk.preview, desk.camera, parts.basis.operating.tracker):
        preview.allowed = False
    attendant.keeps_pictures, loops.style.sketches = False, None
    desk.sketches.forbid()


def _backdrops(parts: ShowParts) -> Backdrops:
    found = backgrounds()
    if found.notice:
        say(f"facets: {found.notice}")
    return Backdrops(*parts.openings.canvas.size, found.paths, live=not parts.basis.lockstep)


def _glass_settings(parts: ShowParts) -> GlassSettings:
    largest = LARGEST_ON_GPU if torch.cuda.is_available() else LARGEST_ON_CPU
    return GlassSettings(*parts.openings.canvas.size, parts.basis.lockstep, largest)


def _aligner(parts: ShowParts) -> Align:
    engine, size = parts.basis.config.engine, parts.stages.encode.input_px
    cropper, notice = open_cropper(device_of(engine.device, engine.backend), size)
    if notice:
        say(f"facets: {notice}")
    return Align(size, cropper)
