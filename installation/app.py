"""The only place that constructs: configuration in, a running show out, a report at the end."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from math import inf

import cv2
import torch

from installation.assembly import networks
from installation.assembly.guests import guest_door
from installation.assembly.invitation import Invitation, invitation_of, may_keep
from installation.assembly.networks import NetworkStages, build_networks, cache_notice, hand_settings, models_of
from installation.assembly.options import RunOptions, check_targets, keeps_state
from installation.assembly.report import Counted, ShowTimes, report_of
from installation.assembly.schedule import overlap_notice, schedule_of
from installation.assembly.settings import canvas_settings, track_settings
from installation.assembly.source import SourceOpening
from installation.assembly.takeaways import JoinLinks, takeaways_of, told_off
from installation.assembly.upkeep import Upkeep
from installation.assembly.visitors import attract_of, gestures_of
from installation.canvas.backdrops import Backdrops
from installation.canvas.compose import Compose
from installation.canvas.present import open_canvas
from installation.canvas.waiting import Waiting
from installation.canvas.x11 import GONE, end_at_once
from installation.checkpoints.loading import metadata_of
from installation.clock import Clock, LockstepClock, MonotonicClock, WallClock, wall_clock
from installation.config import Config
from installation.control.desk import Beginning, ControlDesk, DeskLinks, DirectionFiles, StylePictures, open_audio
from installation.control.installed import PRESETS, SHIPPED_PRESETS, Installed, backgrounds
from installation.control.keyboard import Keyboard
from installation.control.operator_hud import HudBoard
from installation.control.presets.player import preset_names
from installation.control.schedule_hand import ScheduledShow, notice_of
from installation.control.sound.tempo import Tempo
from installation.control.state import ControlState
from installation.control.timeline.player import TimelineRecorder
from installation.control.zone_book import ZoneBook
from installation.engines.cuda_pictures import open_cropper
from installation.engines.device import device_of
from installation.errors import DisplayError, FacetsError
from installation.latents.directions import load_directions
from installation.latents.oscillators import SILENCE
from installation.messages import Portraits, Styled
from installation.models.guests import GuestBook, face_coder
from installation.operation.descriptors import raise_limit
from installation.operation.health import Health, Report, rss_mb
from installation.operation.interlude import Interlude
from installation.operation.observer import Observer
from installation.operation.priority import ahead, built_aside, coming_first, keeping_time
from installation.operation.report_file import ReportFile
from installation.operation.saying import say
from installation.operation.signals import on_ending
from installation.operation.snapshots import Snapshots
from installation.operation.supervisor import STOP_SECONDS, Supervisor
from installation.operation.visitor_slots import VisitorSlots
from installation.outputs.kinds import open_outputs
from installation.outputs.output import Output, Shown
from installation.pipeline import CaptureLoop, DisplayLoop, PerceptionLoop, StyleLoop, SynthesisLoop
from installation.places import kept
from installation.running import Attendant, Loops, run_display, run_lockstep, supervised
from installation.slot import Slot
from installation.sources import CaptureSource
from installation.sources.incidents import incidents
from installation.sources.rehearsal import Rehearsal
from installation.sources.watch import PictureWatch
from installation.stages.align import Align, align_image
from installation.stages.edit import Edit
from installation.stages.glass import LARGEST_ON_CPU, LARGEST_ON_GPU, Glass, GlassSettings
from installation.stages.silhouette import Silhouette
from installation.stages.style import Style
from installation.stages.track import Track
from installation.studio.atelier import Atelier
from installation.studio.networks import StudioNetworks
from installation.studio.portraying import Offer
from installation.styles.blend import Blender
from installation.styles.hands import Hands
from installation.styles.library import Library, Palette
from installation.styles.sketches import Sketches

log = logging.getLogger(__name__)

SNAPSHOTS = kept("out")
LEAST_WAIT = 0.5  # s that the end waits for the turns in hand, however long a recording took to be closed


class Installation:
    """One show. Construct, ``run()``, done, both in one thread, to which the canvas' GL context belongs; raises FacetsError where
    something cannot be had. wall: the clock that the schedule goes by; None: the machine's own, and none in a run that depends on its
    input alone or plays a timeline, in which the schedule's moves are already."""

    def __init__(self, config: Config, options: RunOptions, wall: WallClock | None = None) -> None:
        self._thread = threading.get_ident()
        self.config, self.options = config, options
        live = not options.lockstep and options.timeline_play is None
        self._wall_clock = wall_clock if wall is None and live else wall
        raise_limit()
        cv2.setNumThreads(1)  # OpenCV's own threads would fight the networks for the cores
        self.rss_start = rss_mb()
        self._quit = threading.Event()
        self._supervisor: Supervisor | None = None
        self._rehearsal: Rehearsal | None = None
        self._source_is_held = False

        with contextlib.ExitStack() as undo:  # a start that fails leaves nothing open
            try:
                self._construct(undo)
            except FacetsError as err:
                if hasattr(self, "health"):  # the log is still open, and nobody may be there to read the terminal
                    self.health.fault(str(err))
                raise
            undo.pop_all()

    def _construct(self, undo: contextlib.ExitStack) -> None:
        # Read every file before any device opens: a mistake should show at once.
        options, lockstep = self.options, self.options.lockstep
        check_targets(options)
        self._report_file = None if options.report is None else ReportFile(options.report)
        if self._report_file is not None:
            undo.callback(self._report_file.drop)
        if notice := cache_notice(networks.ENGINE_CACHE):
            say(f"facets: {notice}")
        self._scheduled = self._schedule()
        self._invitation = self._invited()
        self._zones = ZoneBook(self.config.faces.ignore_zones, None if lockstep else kept(self.config.faces.zones_file))
        self.models = options.light.beside(partial(models_of, self.config)) if options.light else models_of(self.config)
        self.health = Health()
        self.library, palette = self._library()
        installed = Installed.of(self.models, palette)
        self.controls = self._controls(installed)

        # The clock, and what counts by it.
        self.clock: Clock = LockstepClock() if lockstep else MonotonicClock()
        self._start_time()
        self.health.fault_log.now = lambda: self.clock.now() - self._began
        f = self.config.faces
        self.observer = Observer(self.health, self.clock.now, VisitorSlots(f.max, f.occlusion_seconds + f.fade_out_seconds))
        self._upkeep = Upkeep(self.config, options, self.health, self.observer, self._restarts, self._told)
        undo.callback(self._upkeep.stop)
        self._upkeep.start()

        # Where visitors' pictures lie, if they may take any.
        self.takeaways = takeaways_of(self.config, lockstep, self.health.fault)
        if self.takeaways is not None:
            undo.callback(self.takeaways.close)

        # Open the ways in: a port that is taken should show at once as well.
        self.edit, self.blender, self.desk = self._edit_and_desk(installed, palette)
        undo.callback(self.desk.stop)
        of_takeaways = () if self.takeaways is None else self.takeaways.notices()
        notices = (self.desk.notice, self._zones.notice, *self._invitation.notices, *self._schedule_notices(), *of_takeaways)
        for text in filter(None, notices):
            say(f"facets: {text}")
        with contextlib.nullcontext() if lockstep else ahead() as priorities:  # in lockstep nothing goes before anybody
            self.desk.start()
            if self.desk.panel is not None:
                say(f"facets: {self.desk.panel.notice}")
            self._open_pictures(undo)

            # Build the stages and join them.
            build = partial(build_networks, self.config, self.models, background=not lockstep, lockstep=lockstep)
            waiting = self._waiting
            stages = build() if priorities is None else built_aside(build, priorities, self._meanwhile)
            self.occlusion, self.encode, self.generate = stages.occlusion, stages.encode, stages.generate
            undo.callback(self.encode.close)
            self._join(stages, tuple(waiting.keys))
            if self.atelier is not None:
                undo.callback(self.atelier.close)
                self.atelier.use(self._lent, None if priorities is None else priorities.aside)

    def _meanwhile(self) -> None:
        """While the networks are built."""
        self._upkeep.starting(time.monotonic())
        self._waiting.step()

    def _restarts(self) -> dict[str, int]:
        """How often each worker was begun again."""
        return {} if self._supervisor is None else self._supervisor.restarts()

    def _invited(self) -> Invitation:
        """What is said to visitors; of a camera that is yet to come too."""
        return invitation_of(self.config, may_keep(self.config))

    def _schedule(self) -> ScheduledShow | None:
        """What the schedule does, and by which clock; None where there is none."""
        schedule = schedule_of(self.config, preset_names(PRESETS, SHIPPED_PRESETS))
        return None if self._wall_clock is None else ScheduledShow(schedule, self._wall_clock, self.config.schedule.fade_seconds)

    def _schedule_notices(self) -> tuple[str, ...]:
        """What there is to say of it at the start."""
        if self._scheduled is None or self.desk.schedule is None:
            return ()
        schedule = self._scheduled.schedule
        today = self._scheduled.wall().astimezone(schedule.zone).date()
        return (overlap_notice(schedule, today), notice_of(self.desk.schedule.seen()))

    def _library(self) -> tuple[Library, Palette]:
        """The styles that there are."""
        library = Library(self.config.models.styles)
        palette, notice = library.look()
        for text in filter(None, (library.notice, notice)):
            say(f"facets: {text}")
            self.health.fault(text)
        return library, palette

    def _controls(self, installed: Installed) -> ControlState:
        table = installed.table()
        self.config.check_controls(table.fault)
        return ControlState(table, self.config.controls)

    def _edit_and_desk(self, installed: Installed, palette: Palette) -> tuple[Edit, Blender, ControlDesk]:
        """What the beat and the sound move, and the desk that shows how it moves."""
        m, config, lockstep = self.models, self.config, self.options.lockstep
        tempo = Tempo(self.controls, self.clock.now)
        audio = open_audio(config.control.audio, self.health.fault)
        guests = GuestBook(m.latent_avg, face_coder(m), background=not lockstep)
        names, levels = [child.name for child in m.children], (lambda: SILENCE) if audio is None else audio.levels
        edit = Edit(m.directions, m.latent_avg, names, m.resolutions, tempo.beat, levels, guests)
        shape, family = (m.styles, m.latent_avg.shape[-1]), metadata_of(config.models.generator).get("family", "")
        knobs = () if m.editor is None else m.editor.knobs
        files = DirectionFiles(config.models.directions, lambda paths: load_directions(paths, *shape, family, knobs), edit.use)
        blender = Blender(palette, tempo.beat)
        styles = StylePictures(config.models.styles, self.library, blender.use)
        offer = Offer(m, lambda: self.controls.table, lambda: edit.directions, lambda: blender.palette)
        self.atelier = Atelier(config, offer) if config.control.web.studio else None
        links = DeskLinks(
            self.observer, self.health.fault, tempo, self.clock.now, lambda: self.health.captured, audio, lambda: edit.phases, files,
            styles, self._scheduled, None if self.takeaways is None else self.takeaways.office, self._upkeep.measure,
            guest_door(m, guests), self._zones, self.atelier,
        )  # fmt: skip
        o, keep = self.options, keeps_state(config, self.options)
        beginning = Beginning(o.preset, keep, resume=o.preset is None, timeline=o.timeline_play)
        return edit, blender, ControlDesk(config.control, self.controls, installed, links, beginning, lockstep)

    def _open_pictures(self, undo: contextlib.ExitStack) -> None:
        """The source, the canvas, and the outputs, which have its size; the moves of every hand are kept from here on."""
        options = self.options
        if options.chaos is not None:
            self._rehearsal = Rehearsal(incidents(options.chaos), self.clock.now)
            say("facets: a rehearsal: the camera fails on purpose, and the report says how the show went on")
        self._opening = SourceOpening(self.config, self.clock, self.health, options.lockstep, self._rehearsal)
        self.source = self._opening.first()
        if self.source is not None:
            undo.callback(self.source.close)
        self._moves: TimelineRecorder | None = None
        if options.timeline_record is not None:
            self._moves = TimelineRecorder(
                options.timeline_record, self.controls, self.clock.now, lambda: self.health.captured, self.health.fault
            )
            undo.callback(self._moves.stop)
        if options.light is not None:
            options.light.step()
        self.canvas = open_canvas(canvas_settings(self.config, options.lockstep))
        undo.callback(self.canvas.close)
        if self.canvas.notice:
            say(f"facets: {self.canvas.notice}")
        self._waiting = Waiting(self.canvas, self.config.canvas.keys, options.light.keys if options.light else ())
        if not options.lockstep:
            self._waiting.step()
        self.outputs = self._open_outputs(self.source)
        for output in self.outputs:
            undo.callback(output.close)
            if output.notice:
                say(f"facets: {output.notice}")

    def _open_outputs(self, source: CaptureSource | None) -> tuple[Output, ...]:
        lockstep = self.options.lockstep
        fps = source.rate if lockstep and source is not None else self.config.canvas.fps
        shown = Shown(self.canvas.size, fps, not lockstep, self._told)
        return open_outputs(self.options.outputs, shown, self.config, self._may_keep(source))

    def _told(self, fault: str, kind: str = "") -> None:
        """Note a fault that its maker should hear of at once. Any thread. kind: as of ``Health.fault``."""
        self.health.fault(fault, kind)
        say(f"facets: {fault}", sys.stderr)

    def _may_keep(self, source: CaptureSource | None) -> bool:
        """Whether pictures may be stored, or shown elsewhere than on the canvas: a live camera's, and those of a source yet to come,
        only where that is configured."""
        return self.config.privacy.allow_recording or (source is not None and not source.is_live)

    def _join(self, stages: NetworkStages, early_keys: tuple[str, ...]) -> None:
        """The loops, what attends to them, and what they lend. early_keys: those that were pressed while the networks were built."""
        frames, encoded, portraits = Slot(), Slot(), Slot()  # type: ignore[var-annotated]
        to_style: Slot[Portraits] = Slot()
        painted: Slot[Styled | None] = Slot()
        self.slots, self.style_slots = (frames, encoded, portraits), (to_style, painted)
        desk, health, now = self.desk, self.health, self.clock.now
        engine, model = self.generate.choice, self.models.name
        self.observer.begin(engine, model, self.slots, desk.schedule_seen)
        keeps = desk.preview.allowed = desk.camera.allowed = self._may_keep(self.source)
        invites = desk.panel is not None and desk.panel.public
        children = [child.name for child in self.models.children]
        keyboard = Keyboard(children, keeps, invites, self.config.canvas.keys, takes=self.takeaways is not None)
        self.snapshots = Snapshots(SNAPSHOTS, health.fault)
        lockstep = self.options.lockstep
        patience = inf if self.source else self._opening.patience
        watch = PictureWatch(self.config.capture.frozen_seconds)
        self.capture = CaptureLoop(self._opening.open, frames, health, self.source, patience, self._opening.is_there, watch)
        compose = Compose(
            self.canvas.renderer, not lockstep, self._backdrops(), desk.blackout_seconds, self.capture.away, self._invitation.texts
        )
        rests = partial(self._rests, compose)
        self._join_takeaways(compose)
        told = (desk.figures, desk.invitations.code, lambda: compose.held)
        board = HudBoard(health, self.controls, keyboard, engine, model, self.slots, *told)
        self.glass = Glass(self._glass_settings(), align_image, self.generate.turn_milliseconds)
        track, align = Track(track_settings(self.config), self._zones.zones), self._aligner()
        found = (Silhouette(), self.occlusion, self.encode)
        gestures, attract = gestures_of(self.config), attract_of(self.config, self.edit.guests)
        self.interludes = Interlude(frames.wake), Interlude(encoded.wake)
        self._lent = StudioNetworks.lent(stages, found[0], *self.interludes)
        perceiving, drawing = self.interludes
        self.perception = PerceptionLoop(
            frames, track, align, *found, self.controls, encoded, health, now, rests, *gestures,
            camera=desk.camera.offer, interlude=perceiving,
        )  # fmt: skip
        self.synthesis = SynthesisLoop(
            encoded, self.edit, self.generate, self.glass, self.controls, portraits, health, now, to_style, rests, attract, drawing
        )  # fmt: skip
        self.style, styling = self._styling(to_style, painted, rests, keeps)
        self.display = DisplayLoop(portraits, compose, self.canvas, self.outputs, self.controls, health, board.state, now, painted)
        self.loops = Loops(self.capture, self.perception, self.synthesis, styling, self.display)
        self.attendant = Attendant(
            self.canvas, keyboard, self.controls, desk, self.snapshots, health, self.quit, keeps, early_keys, self._moves,
            None if self.takeaways is None else self.takeaways.step, (self._upkeep.pictured,),
        )  # fmt: skip

    def _join_takeaways(self, compose: Compose) -> None:
        panel, takeaways = self.desk.panel, self.takeaways
        if takeaways is None or panel is None:
            self.controls.subscribe(told_off(self.controls))
            return
        blackout = "transport/blackout"
        told = JoinLinks(lambda: self.display.raised, lambda: self.controls.shown().flag(blackout), lambda: panel.links)
        takeaways.join(compose, self.health, self.clock.now, told)
        self.controls.subscribe(takeaways.hear)

    def _rests(self, compose: Compose) -> bool:
        """Whether nobody looks: it is closed, and the canvas is black."""
        return self.desk.closed and compose.dark

    def _styling(
        self, to_style: Slot[Portraits], painted: Slot[Styled | None], rests: Callable[[], bool], keeps: bool
    ) -> tuple[Style, StyleLoop]:
        """The stage that paints in styles, and its loop, which sketches for the panel too, where pictures may leave the canvas."""
        lockstep = self.options.lockstep
        hands = Hands(hand_settings(self.config, lockstep, self.canvas.size), self._told)
        style = Style(hands, self.blender, lockstep)
        sketches = Sketches(hands, self.blender, self.desk.sketches) if keeps else None
        return style, StyleLoop(to_style, style, self.controls, painted, self.health, self.clock.now, sketches, rests)

    def _backdrops(self) -> Backdrops:
        found = backgrounds()
        if found.notice:
            say(f"facets: {found.notice}")
        return Backdrops(*self.canvas.size, found.paths, live=not self.options.lockstep)

    def _glass_settings(self) -> GlassSettings:
        largest = LARGEST_ON_GPU if torch.cuda.is_available() else LARGEST_ON_CPU
        return GlassSettings(*self.canvas.size, self.options.lockstep, largest)

    def _aligner(self) -> Align:
        engine, size = self.config.engine, self.encode.input_px
        cropper, notice = open_cropper(device_of(engine.device, engine.backend), size)
        if notice:
            say(f"facets: {notice}")
        return Align(size, cropper)

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
        self._start_time()
        if isinstance(self.clock, LockstepClock):
            assert self.source is not None
            self.generate.wait()
            run_lockstep(self.loops, self.clock, self.source.rate, self._finished, self.attendant)
            return
        with ahead() as priorities, keeping_time():
            self._start_time()  # clearing up took its time, and is not part of the show
            self._supervisor = supervised(self.loops, self.clock, self.health, priorities)
            self._supervisor.start()
            with coming_first():  # after the others: what the thread starts from here on has the usual priority
                run_display(self.loops, self._supervisor, self.canvas, self.clock, self._finished, self._after_picture)

    def _after_picture(self, now: float) -> None:
        self.attendant(now)
        if self._rehearsal is not None and self.health.canvas_frame is not None:
            self._rehearsal.shown(self.health.canvas_frame)

    def _start_time(self) -> None:
        self._began, self._wall = self.clock.now(), time.monotonic()
        self._ended, self._last_moment = self._wall, self._began  # until it ends

    def _finished(self) -> bool:
        o = self.options
        if self._quit.is_set() or self.canvas.closed:
            return True
        if o.frames is not None and self.health.captured >= o.frames:
            return True
        return o.duration is not None and self.clock.now() - self._began >= o.duration

    def _lose_display(self) -> None:
        """The display's server is gone, and the library that noticed cannot be returned to: the show ends here."""
        self._end(DisplayError(GONE), lost=True)
        end_at_once()

    def _end(self, failed: Exception | None, lost: bool = False) -> tuple[Report, Exception | None]:
        """Close everything and write the report. failed: what ended the show before its time; lost: the canvas cannot even be
        closed. The report, and ``failed`` or what was wrong with writing that."""
        self._ended, self._last_moment = time.monotonic(), self.clock.now()
        self._upkeep.stopping()
        if failed is not None:
            self.health.fault(str(failed) if isinstance(failed, FacetsError) else f"{type(failed).__name__}: {failed}")
        self._close(lost)
        report = self.report()
        try:
            if self._report_file is not None:
                self._report_file.write(report)
        except FacetsError as err:
            if failed is not None:  # which whoever called tells
                say(f"facets: {err}", sys.stderr)
            failed = failed or err
        return report, failed

    def _close(self, lost: bool) -> None:
        """Every part in its order, first what keeps something; one that cannot be closed is noted, and the others are closed all
        the same."""
        self._closes_by = time.monotonic() + STOP_SECONDS
        if self._supervisor is not None:  # whose turns end while what keeps something is closed
            self._supervisor.ask()
        parts = (
            *(output.close for output in self.outputs),
            self.desk.stop,
            *(interlude.close for interlude in self.interludes),
            self._close_studio,
            *(() if self._moves is None else (self._moves.stop,)),  # after the desk: what was being saved is a move too
            *(slot.close for slot in (*self.slots, *self.style_slots)),
            self._stop_workers,
            *(() if self.takeaways is None else (self.takeaways.close,)),
            lambda: self.style.hands.wait(self._time_left()),
            lambda: self.encode.close(self._time_left()),
            self.snapshots.close,
            *(() if lost else (self._keep_picture, self.canvas.close)),
            self._close_source,
            self._upkeep.stop,
        )
        for close in parts:
            try:
                close()
            except Exception as err:
                log.debug("the end", exc_info=True)
                self.health.fault(f"at the end: {type(err).__name__}: {err}")

    def _close_studio(self) -> None:
        if self.atelier is not None:
            self.atelier.close(self._time_left())

    def _time_left(self) -> float:
        """s until whatever is still at work is left behind: it ends with the process."""
        return max(0.0, self._closes_by - time.monotonic())

    def _stop_workers(self) -> None:
        left = () if self._supervisor is None else self._supervisor.stop(max(LEAST_WAIT, self._time_left()))
        for name in left:
            self.health.fault(f"at the end: {name} was still in a turn")
        self._source_is_held = "capture" in left

    def _keep_picture(self) -> None:
        self.canvas_picture = self.canvas.read().copy()

    def _close_source(self) -> None:
        if not self._source_is_held:  # whoever holds it would keep the end waiting
            self.capture.tear_down()

    def report(self) -> Report:
        """What the show has been so far; ``seconds`` is real time, in lockstep too."""
        counted = Counted(
            self.health, self.encode, self.generate, self.glass, self.style, self.slots, self.models.name, self.canvas.size, self.rss_start,
            self.desk.schedule_seen(), None if self._rehearsal is None else self._rehearsal.seen(),
        )  # fmt: skip
        return report_of(counted, ShowTimes(self.options.started, self._wall, self._ended, self._began, self._last_moment))
