"""Where a show's pictures come from and where they go: the source, the canvas, the outputs."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from installation.assembly.basis import Basis
from installation.assembly.settings import canvas_settings
from installation.assembly.source import SourceOpening
from installation.canvas.present import Canvas, open_canvas
from installation.canvas.waiting import Waiting
from installation.control.timeline.player import TimelineRecorder
from installation.operation.saying import say
from installation.outputs.kinds import open_outputs
from installation.outputs.output import Output, Shown
from installation.sources import CaptureSource
from installation.sources.incidents import incidents
from installation.sources.rehearsal import Rehearsal


@dataclass(frozen=True, slots=True, eq=False)
class Openings:
    """Open from the start. source: None where it is yet to come; opening: how it is opened again; waiting: what the canvas shows until
    there is a first picture; moves: keeps the moves of every hand, None where nobody wants them."""

    opening: SourceOpening
    source: CaptureSource | None
    rehearsal: Rehearsal | None
    moves: TimelineRecorder | None
    canvas: Canvas
    waiting: Waiting
    outputs: tuple[Output, ...]


def open_pictures(basis: Basis, undo: contextlib.ExitStack) -> Openings:
    """undo: closes what is open, where a later part of the start fails. Raises FacetsError."""
    options, health, clock = basis.options, basis.health, basis.clock
    rehearsal = None
    if options.chaos is not None:
        rehearsal = Rehearsal(incidents(options.chaos), clock.now)
        say("facets: a rehearsal: the camera fails on purpose, and the report says how the show went on")
    opening = SourceOpening(basis.config, clock, health, basis.lockstep, rehearsal, basis.operating.cameras, basis.operating.names)
    source = opening.first()
    if source is not None:
        undo.callback(source.close)
    moves = None
    if options.timeline_record is not None:
        moves = TimelineRecorder(options.timeline_record, basis.controls, clock.now, lambda: health.captured, health.fault)
        undo.callback(moves.stop)
    canvas, waiting = _canvas(basis, undo)
    return Openings(opening, source, rehearsal, moves, canvas, waiting, _outputs(basis, source, canvas, undo))


def _canvas(basis: Basis, undo: contextlib.ExitStack) -> tuple[Canvas, Waiting]:
    """The canvas, which takes the place of the window that was there since the program began."""
    light = basis.options.light
    if light is not None:
        light.step()
    canvas = open_canvas(canvas_settings(basis.config, basis.lockstep))
    undo.callback(canvas.close)
    if canvas.notice:
        say(f"facets: {canvas.notice}")
    waiting = Waiting(canvas, basis.config.canvas.keys, light.keys if light else ())
    if not basis.lockstep:
        waiting.step()
    return canvas, waiting


def _outputs(basis: Basis, source: CaptureSource | None, canvas: Canvas, undo: contextlib.ExitStack) -> tuple[Output, ...]:
    """They have the canvas' size."""
    fps = source.rate if basis.lockstep and source is not None else basis.config.canvas.fps
    shown = Shown(canvas.size, fps, not basis.lockstep, basis.told)
    outputs = open_outputs(basis.options.outputs, shown, basis.config, basis.pictures_may_leave(source))
    for output in outputs:
        undo.callback(output.close)
        if output.notice:
            say(f"facets: {output.notice}")
    return outputs
