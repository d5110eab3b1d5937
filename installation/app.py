"""The only place that constructs: configuration in, a running show out, a report at the end."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import cv2

from installation.assembly.basis import Basis, basis_of
from installation.assembly.desk import desk_of
from installation.assembly.movers import Movers, movers_of
from installation.assembly.networks import NetworkStages, build_networks
from installation.assembly.options import RunOptions, check_targets
from installation.assembly.report import Counted, Stopwatch, report_of
from installation.assembly.takeaways import takeaways_of
from installation.assembly.upkeep import Upkeep
from installation.canvas.x11 import GONE, end_at_once
from installation.clock import LockstepClock, WallClock
from installation.config import Config
from installation.control.schedule_hand import notice_of
from installation.errors import DisplayError, FacetsError
from installation.joining import ShowParts, join
from installation.messages import Image
from installation.openings import Openings, open_pictures
from installation.operation.closing import Closing
from installation.operation.descriptors import raise_limit
from installation.operation.health import Health, Report, rss_mb
from installation.operation.priority import Priorities, ahead, built_aside, coming_first, keeping_time
from installation.operation.report_file import ReportFile
from installation.operation.saying import say
from installation.operation.signals import on_ending
from installation.operation.supervisor import STOP_SECONDS, Supervisor
from installation.running import run_display, run_lockstep, supervised
from installation.studio.atelier import Atelier
from installation.studio.networks import StudioNetworks
from installation.studio.portraying import Offer

LEAST_WAIT = 0.5  # s that the end waits for the turns in hand, however long a recording took to be closed


class Installation:
    """One show. Construct, ``run()``, done, both in one thread, to which the canvas' GL context belongs; raises FacetsError where
    something cannot be had. wall: the clock that the schedule goes by; None: the machine's own, and none in a run that depends on its
    input alone or plays a timeline, in which the schedule's moves are already."""

    def __init__(self, config: Config, options: RunOptions, wall: WallClock | None = None) -> None:
        self._thread = threading.get_ident()
        self.config, self.options = config, options
        raise_limit()
        cv2.setNumThreads(1)  # OpenCV's own threads would fight the networks for the cores
        self._rss_start = rss_mb()
        self._quit = threading.Event()
        self._supervisor: Supervisor | None = None
        self._source_is_held = False
        self.canvas_picture: Image | None = None  # the last one, from the end on
        self.health = Health()

        with contextlib.ExitStack() as undo:  # a start that fails leaves nothing open
            try:
                self._construct(wall, undo)
            except FacetsError as err:
                self.health.fault(str(err))  # the log is still open, and nobody may be there to read the terminal
                raise
            undo.pop_all()

    def _construct(self, wall: WallClock | None, undo: contextlib.ExitStack) -> None:
        # Read every file before any device opens: a mistake should show at once.
        config, options, lockstep = self.config, self.options, self.options.lockstep
        check_targets(options)
        self._report_file = None if options.report is None else ReportFile(options.report)
        if self._report_file is not None:
            undo.callback(self._report_file.drop)
        basis = self.basis = basis_of(config, options, self.health, wall)
        self.models, self.controls, self.clock = basis.models, basis.controls, basis.clock
        self.operating = basis.operating
        self.operating.ending.quit = self.quit
        undo.callback(self.operating.close)
        self._time = Stopwatch(self.clock)
        self.health.fault_log.now = self._time.seconds
        self._upkeep = Upkeep(config, options, self.health, basis.observer, self._restarts, basis.told, lambda: self.controls.table)
        undo.callback(self._upkeep.stop)
        self._upkeep.start()

        # Where visitors' pictures lie, if they may take any.
        self.takeaways = takeaways_of(config, lockstep, self.health.fault)
        if self.takeaways is not None:
            undo.callback(self.takeaways.close)

        # Open the ways in: a port that is taken should show at once as well.
        movers = movers_of(basis)
        offer = Offer(self.models, lambda: self.controls.table, lambda: movers.edit.directions, lambda: movers.blender.palette)
        self.atelier = Atelier(config, offer) if config.control.web.studio else None
        self.desk = desk_of(basis, movers, self._upkeep, self.takeaways, self.atelier)
        undo.callback(self.desk.stop)
        self._say_notices()
        with contextlib.nullcontext() if lockstep else ahead() as priorities:  # in lockstep nothing goes before anybody
            self.desk.start()
            if self.desk.panel is not None:
                say(f"facets: {self.desk.panel.notice}")
            openings = open_pictures(basis, undo)
            stages = self._build(openings, priorities)
            self.encode, self.generate = stages.encode, stages.generate
            undo.callback(stages.encode.close)
            self._join(basis, movers, openings, stages)
            self._lend(stages, priorities, undo)

    def _say_notices(self) -> None:
        """What there is to say before anything opens."""
        desk = self.desk
        scheduled = () if self.basis.schedule is None or desk.schedule is None else (notice_of(desk.schedule.seen()),)
        taken = () if self.takeaways is None else self.takeaways.notices()
        for text in filter(None, (desk.notice, *self.basis.notices(), *scheduled, *taken)):
            say(f"facets: {text}")

    def _build(self, openings: Openings, priorities: Priorities | None) -> NetworkStages:
        """The stages that hold networks, while the canvas says that they are being built."""
        lockstep = self.options.lockstep
        build = partial(build_networks, self.config, self.models, background=not lockstep, lockstep=lockstep)

        def meanwhile() -> None:
            self._upkeep.starting(time.monotonic())
            openings.waiting.step()

        return build() if priorities is None else built_aside(build, priorities, meanwhile)

    def _join(self, basis: Basis, movers: Movers, openings: Openings, stages: NetworkStages) -> None:
        parts = ShowParts(basis, movers, self.desk, openings, stages, self.takeaways, self.quit, self._upkeep.pictured)
        self.openings, self.canvas, self.source = openings, openings.canvas, openings.source
        self.joined = join(parts)
        self.loops = self.joined.loops

    def _lend(self, stages: NetworkStages, priorities: Priorities | None, undo: contextlib.ExitStack) -> None:
        """The show's networks to the studio, between its own turns."""
        if self.atelier is None:
            return
        undo.callback(self.atelier.close)
        joined = self.joined
        lent = StudioNetworks.lent(stages, self.loops.perception.silhouette, joined.perceiving, joined.drawing)
        self.atelier.use(lent, priorities)

    def _restarts(self) -> dict[str, int]:
        """How often each worker was begun again."""
        return {} if self._supervisor is None else self._supervisor.restarts()

    def run(self) -> Report:
        """The show, until it is closed, asked to stop, or has run as long as it was told; its report is written however it ends.
        Raises FacetsError, and RuntimeError in another thread than the one that constructed it: GL would draw there on one machine
        and not on the next."""
        if threading.get_ident() != self._thread:
            raise RuntimeError("a show runs in the thread that constructed it, which its GL context belongs to")
        failed: Exception | None = None
        self.canvas.when_lost(self._lose_display)
        with on_ending(self.quit):
            try:
                self._run()
                self.desk.ended()
            except Exception as err:
                failed = err
            report, failed = self._end(failed)
        if failed is not None:
            raise failed
        return report

    def quit(self) -> None:
        """End the show after this picture. Any thread."""
        self._quit.set()

    def _run(self) -> None:
        self._time.begin()
        if isinstance(self.clock, LockstepClock):
            assert self.source is not None
            self.generate.wait()
            run_lockstep(self.loops, self.clock, self.source.rate, self._finished, self.joined.attendant)
            return
        with ahead() as priorities, keeping_time():
            self._time.begin()  # clearing up took its time, and is not part of the show
            self._supervisor = supervised(self.loops, self.clock, self.health, priorities)
            self._supervisor.start()
            with coming_first():  # after the others: what the thread starts from here on has the usual priority
                run_display(self.loops, self._supervisor, self.canvas, self.clock, self._finished, self._after_picture)

    def _after_picture(self, now: float) -> None:
        self.joined.attendant(now)
        if self.openings.rehearsal is not None and self.health.canvas_frame is not None:
            self.openings.rehearsal.shown(self.health.canvas_frame)

    def _finished(self) -> bool:
        o = self.options
        if self._quit.is_set() or self.canvas.closed:
            return True
        if o.frames is not None and self.health.captured >= o.frames and self.health.presented.count:
            return True  # a camera may be quicker than the first picture of a canvas: without one there is nothing to keep
        return o.duration is not None and self._time.seconds() >= o.duration

    def _lose_display(self) -> None:
        """The display's server is gone, and the library that noticed cannot be returned to: the show ends here."""
        self._end(DisplayError(GONE), lost=True)
        end_at_once()

    def _end(self, failed: Exception | None, lost: bool = False) -> tuple[Report, Exception | None]:
        """Close everything and write the report. failed: what ended the show before its time; lost: the canvas cannot even be
        closed. The report, and ``failed`` or what was wrong with writing that."""
        self._time.end()
        self._upkeep.stopping()
        if failed is not None:
            self.health.fault(str(failed) if isinstance(failed, FacetsError) else f"{type(failed).__name__}: {failed}")
        self.close(lost)
        report = self.report()
        try:
            if self._report_file is not None:
                self._report_file.write(report)
        except FacetsError as err:
            if failed is not None:  # which whoever called tells
                say(f"facets: {err}", sys.stderr)
            failed = failed or err
        return report, failed

    def close(self, lost: bool = False) -> None:
        """Close every part, which ``run`` does at its end. lost: the canvas cannot even be closed."""
        closing = Closing(STOP_SECONDS, self.health.fault)
        if self._supervisor is not None:  # whose turns end while what keeps something is closed
            self._supervisor.ask()
        closing.close(self._ends(closing, lost))

    def _ends(self, closing: Closing, lost: bool) -> Iterator[Callable[[], object]]:
        """The end of every part in its order, first what keeps something."""
        yield from (output.close for output in self.openings.outputs)
        yield self.desk.stop
        yield self.joined.perceiving.close
        yield self.joined.drawing.close
        if self.atelier is not None:
            yield partial(self.atelier.close, closing.left())
        yield self.operating.close
        if self.openings.moves is not None:
            yield self.openings.moves.stop  # after the desk: what was being saved is a move too
        yield self.joined.slots.close
        yield partial(self._stop_workers, closing)
        if self.takeaways is not None:
            yield self.takeaways.close
        yield lambda: self.loops.style.style.painter.wait(closing.left())
        yield lambda: self.encode.close(closing.left())
        yield self.joined.snapshots.close
        if not lost:
            yield self._keep_picture
            yield self.canvas.close
        yield self._close_source
        yield self._upkeep.stop

    def _stop_workers(self, closing: Closing) -> None:
        left = () if self._supervisor is None else self._supervisor.stop(max(LEAST_WAIT, closing.left()))
        for name in left:
            self.health.fault(f"at the end: {name} was still in a turn")
        self._source_is_held = "capture" in left

    def _keep_picture(self) -> None:
        self.canvas_picture = self.canvas.read().copy()

    def _close_source(self) -> None:
        if not self._source_is_held:  # whoever holds it would keep the end waiting
            self.loops.capture.tear_down()

    def report(self) -> Report:
        """What the show has been so far; ``seconds`` is real time, in lockstep too."""
        joined, rehearsal = self.joined, self.openings.rehearsal
        counted = Counted(
            self.health, self.encode, self.generate, joined.glass, self.loops.style.style, joined.slots.on_the_way, self.models.name,
            self.canvas.size, self._rss_start, self.desk.schedule_seen(), None if rehearsal is None else rehearsal.seen(),
        )  # fmt: skip
        return report_of(counted, self._time.times(self.options.started))
