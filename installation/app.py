"""The only place that constructs: configuration in, a running show out, a report at the end."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path

import cv2
import torch

from installation import __version__
from installation.canvas.backdrops import Backdrops, find_pictures
from installation.canvas.compose import Compose
from installation.canvas.present import CanvasSettings, open_canvas
from installation.canvas.waiting import Waiting
from installation.canvas.x11 import GONE, end_at_once
from installation.checkpoints.loading import EncoderReading, metadata_of
from installation.clock import Clock, FrameClock, MonotonicClock
from installation.config import Config
from installation.control.desk import SNAPSHOT, ControlDesk
from installation.control.installed import BACKGROUNDS, Installed
from installation.control.keyboard import SOURCE as KEY
from installation.control.keyboard import Action, Keyboard
from installation.control.operator_hud import HudBoard
from installation.control.parameters import ParameterTable
from installation.control.state import ControlState
from installation.engines.cuda_pictures import open_cropper
from installation.engines.device import device_of
from installation.engines.select import EngineSettings, steady
from installation.engines.store import open_store
from installation.errors import ConfigError, DisplayError, FacetsError, FaultError
from installation.latents.cache import CachePolicy
from installation.latents.directions import load_directions
from installation.models.bundle import EVERYTHING, Models, load_models
from installation.models.guests import GuestBook, face_coder
from installation.operation.descriptors import raise_limit
from installation.operation.health import Health, Report, percentiles, rss_mb
from installation.operation.observer import Observer
from installation.operation.patience import told
from installation.operation.priority import Priorities, ahead, built_aside, coming_first, keeping_time
from installation.operation.report_file import ReportFile
from installation.operation.saying import say
from installation.operation.signals import on_ending
from installation.operation.snapshots import Snapshots
from installation.operation.visitor_slots import VisitorSlots
from installation.operation.worker import Worker
from installation.outputs.kinds import open_outputs
from installation.outputs.output import Output, Shown
from installation.pipeline import CaptureLoop, DisplayLoop, PerceptionLoop, SynthesisLoop
from installation.plain_file import NotAFileError, check_target
from installation.slot import Slot
from installation.sources import CaptureSettings, CaptureSource, SourceLost
from installation.sources.capture import open_source
from installation.sources.opening import open_in_time
from installation.stages.align import Align, align_image
from installation.stages.edit import Edit
from installation.stages.encode import Encode
from installation.stages.generate import Generate, GenerateSettings
from installation.stages.glass import LARGEST_ON_CPU, LARGEST_ON_GPU, Glass, GlassSettings
from installation.stages.silhouette import Silhouette
from installation.stages.track import Track, TrackSettings

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[1]
ENGINE_CACHE = Path(os.environ.get("FACETS_CACHE") or ROOT / ".cache") / "engines"
SNAPSHOTS = ROOT / "out"


@dataclass(frozen=True)
class RunOptions:
    """What the command line adds to the configuration. started: s, monotonic, when the program began."""

    preset: str | None = None
    frames: int | None = None  # stop after this many captured frames
    duration: float | None = None  # stop after this many seconds of the show's clock
    lockstep: bool = False  # as fast as possible: nothing dropped, the clock is frame ÷ rate
    outputs: Mapping[str, Path] = field(default_factory=dict)  # where each output goes, by the name of its kind
    report: Path | None = None
    timeline_record: Path | None = None  # where the moves of every hand are kept
    timeline_play: Path | None = None  # whose moves are made again
    unattended: bool = False  # runs until it is stopped, and is to come back as it was
    started: float = 0.0


def _say(line: str) -> None:
    say(f"facets: {line}")


def models_of(config: Config) -> Models:
    """Load the model files that the configuration names. Raises WeightsError."""
    m = config.models
    named = frozenset(key for key in EVERYTHING if config.named(f"models.{key}"))
    reading = EncoderReading(m.encoder_kind, m.encoder_codes)
    with told(f"reading {m.generator.name} and {m.encoder.name}", _say):
        models = load_models(m.generator, m.encoder, m.children, m.directions, named, reading)
    for notice in models.notices:
        say(f"facets: {notice}")
    return models


def table_of(models: Models) -> ParameterTable:
    """The live controls that these models give."""
    return Installed.of(models).table()


def engine_settings(config: Config) -> EngineSettings:
    """Engine part of the configuration, with the cache in the project's own folder, or in one that lasts for this start."""
    e = config.engine
    return EngineSettings(e.backend, e.precision, e.threads, e.device, open_store(ENGINE_CACHE).folder)


def cache_notice(folder: Path) -> str:
    """What to say of a cache that cannot be written; empty where it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as err:
        again = "so every start measures and converts the networks anew, which takes minutes; FACETS_CACHE=FOLDER names another place"
        return f"{folder}: cannot be written ({err.strerror or err}), {again}"


def build_networks(
    config: Config, models: Models, thorough: bool = False, background: bool = False, lockstep: bool = False
) -> tuple[Encode, Generate]:
    """The two stages that hold networks, on the engines measured for this machine. background: encode beside tracking. lockstep:
    engine and size of the portraits are the same every time, whatever a measurement would say."""
    store = open_store(ENGINE_CACHE)
    if store.notice:
        _say(store.notice)
    fitted = "is being fitted to this machine" + (", which the next start need not do" if store.lasting else "")
    engines = steady(engine_settings(config)) if lockstep else engine_settings(config)
    c, e = config.encode, config.engine
    policy = CachePolicy(c.refresh_seconds, c.pose_degrees, c.expression_change, c.smoothing_seconds)
    buckets = (1, 4) if config.faces.max >= 3 else (1,)
    # Perception runs beside synthesis: half of the cores for the encoder gives the steadier delay.
    beside = replace(engines, threads=engines.threads or max(1, len(os.sched_getaffinity(0)) // 2))
    with told(f"the encoder {fitted}", _say):
        encode = Encode(models, policy, beside, buckets, thorough, background)
    with told(f"the generator {fitted}", _say):
        fps = 0.0 if lockstep else e.min_portrait_fps
        generate = Generate(models, engines, GenerateSettings(e.portrait_px, fps, buckets), thorough)
    if e.portrait_px > generate.portrait_px:
        say(f"facets: engine.portrait_px {e.portrait_px}: the generator draws {generate.portrait_px} px and no more")
    return encode, generate


def capture_settings(config: Config) -> CaptureSettings:
    """Capture part of the configuration."""
    c = config.capture
    return CaptureSettings(c.width, c.height, c.fps, c.mjpg, c.loop, rotate=c.rotate, flip=c.flip)


def keeps_state(config: Config, options: RunOptions) -> bool:
    """Whether the next show is to begin as this one was. A run that depends on its input alone never does."""
    wanted = config.control.resume
    live = not options.lockstep and options.timeline_play is None
    return live and (wanted is True or (wanted == "auto" and options.unattended))


def track_settings(config: Config) -> TrackSettings:
    """Faces part of the configuration."""
    f = config.faces
    return TrackSettings(
        f.max,
        f.min_size,
        f.smoothing.min_cutoff,
        f.smoothing.beta,
        f.occlusion_seconds,
        f.fade_in_seconds,
        f.fade_out_seconds,
        f.yaw_limit_degrees,
        f.yaw_fade_degrees,
    )


class Installation:
    """One show. Construct, ``run()``, done, both in one thread, to which the canvas' GL context belongs; raises FacetsError where
    something cannot be had."""

    def __init__(self, config: Config, options: RunOptions) -> None:
        self._thread = threading.get_ident()
        self.config, self.options = config, options
        raise_limit()
        cv2.setNumThreads(1)  # OpenCV's own threads would fight the networks for the cores
        self.rss_start = rss_mb()
        self.health = Health()
        self._quit = threading.Event()
        self._workers: list[Worker] = []
        self._waiting: Waiting | None = None
        self._skipped = 0  # unreadable frames of the source, once it is closed

        with contextlib.ExitStack() as undo:  # a start that fails leaves nothing open
            self._prepare(undo)
            undo.pop_all()

    def _prepare(self, undo: contextlib.ExitStack) -> None:
        # Read every file before any device opens: a mistake should show at once.
        options = self.options
        _check_targets(options)
        self._report_file = None
        if options.report is not None:
            self._report_file = ReportFile(options.report)
            undo.callback(self._report_file.drop)
        notice = cache_notice(ENGINE_CACHE)
        if notice:
            say(f"facets: {notice}")
        self.models = models_of(self.config)
        self.controls = self._controls()

        # Open the ways in: a port that is taken should show at once as well.
        self.clock: Clock = MonotonicClock()
        self._began = self.clock.now()
        self.health.fault_log.now = lambda: self.clock.now() - self._began
        f = self.config.faces
        self.observer = Observer(self.health, self._now, VisitorSlots(f.max, f.occlusion_seconds + f.fade_out_seconds))
        installed = Installed.of(self.models)
        self.desk = ControlDesk(self.config.control, self.controls, installed, self.observer, self.health.fault, options.lockstep)
        undo.callback(self.desk.stop)
        if options.preset is not None:
            self.desk.presets.begin(options.preset)
        if keeps_state(self.config, options):
            notice = self.desk.keep(take_up=options.preset is None)
            if notice:
                say(f"facets: {notice}")
        if options.timeline_play is not None:
            self.desk.play(options.timeline_play)
        with self._ahead() as priorities:
            self.desk.start()
            if self.desk.panel is not None:
                say(f"facets: {self.desk.panel.notice}")
            self._build(undo, priorities)

    def _ahead(self) -> contextlib.AbstractContextManager[Priorities | None]:
        """A live show must keep time; what has all the time it wants goes before nobody, and has no priorities."""
        return contextlib.nullcontext() if self.options.lockstep else ahead()

    def _build(self, undo: contextlib.ExitStack, priorities: Priorities | None) -> None:
        # Open the source, the recording and the canvas.
        config, options = self.config, self.options
        self._capture_settings = capture_settings(config)
        first = self._first_source()
        if first is not None:
            undo.callback(first.close)
            if options.lockstep:
                self.clock = FrameClock(first.rate)
                self._began = self.clock.now()
            first.clock = self.clock
        self.tempo = self.desk.begin(self._now, lambda: self.health.captured, options.timeline_record)
        self.outputs = self._open_outputs(first)
        for output in self.outputs:
            undo.callback(output.close)
            if output.notice:
                say(f"facets: {output.notice}")
        self.canvas = open_canvas(self._canvas_settings())
        undo.callback(self.canvas.close)
        if self.canvas.notice:
            say(f"facets: {self.canvas.notice}")

        # Build the stages and join them.
        build = partial(build_networks, config, self.models, background=priorities is not None, lockstep=options.lockstep)
        self.encode, self.generate = build() if priorities is None else built_aside(build, priorities, self._wait_on_canvas)
        undo.callback(self.encode.close)
        self._join(first)

    def _wait_on_canvas(self) -> None:
        """While the networks are built: the window answers, and says what it waits for where that takes long. Keys are obeyed
        once there is something to obey them."""
        if self._waiting is None:
            self._waiting = Waiting(self.canvas)
        self._waiting.step()

    def _now(self) -> float:
        return self.clock.now()  # of the clock that lockstep puts in place of the first

    def _controls(self) -> ControlState:
        table = table_of(self.models)
        self.config.check_controls(table.fault)
        return ControlState(table, self.config.controls)

    def _open_source(self, clock: Clock) -> CaptureSource:
        return open_source(self.config.source, self._capture_settings, clock, realtime=not self.options.lockstep)

    def _first_source(self) -> CaptureSource | None:
        """The open source; None where it is not there yet and the show is to wait for it. Lockstep waits here."""
        patience = self._patience()
        try:
            return self._open_source(MonotonicClock())
        except SourceLost as err:
            if not patience:
                raise
            say(f"facets: {err}; the show waits for it" + (f" for {patience:g} s" if patience < inf else ""))
            self.health.fault(str(err))
        return open_in_time(lambda: self._open_source(MonotonicClock()), patience) if self.options.lockstep else None

    def _patience(self) -> float:
        """s that the show goes on without a source at its start."""
        wait = self.config.capture.wait
        return inf if wait == "forever" else wait

    def _open_outputs(self, source: CaptureSource | None) -> tuple[Output, ...]:
        canvas, lockstep = self.config.canvas, self.options.lockstep
        fps = source.rate if lockstep and source is not None else canvas.fps
        shown = Shown((canvas.width, canvas.height), fps, not lockstep, self._told)
        return open_outputs(self.options.outputs, shown, self.config, self._may_keep(source))

    def _told(self, fault: str) -> None:
        """Note a fault that its maker should hear of at once. Any thread."""
        self.health.fault(fault)
        say(f"facets: {fault}", sys.stderr)

    def _may_keep(self, source: CaptureSource | None) -> bool:
        """Whether pictures may be stored: a live camera's, and those of a source yet to come, only where that is configured."""
        return self.config.privacy.allow_recording or (source is not None and not source.is_live)

    def _canvas_settings(self) -> CanvasSettings:
        c = self.config.canvas
        return CanvasSettings(
            c.width, c.height, c.display, c.mode, c.renderer, c.vsync, c.fps, paced=not self.options.lockstep, locked=c.keys != "all"
        )

    def _join(self, source: CaptureSource | None) -> None:
        frames, encoded, portraits = Slot(), Slot(), Slot()  # type: ignore[var-annotated]
        names = [child.name for child in self.models.children]
        guests = GuestBook(self.models.latent_avg, face_coder(self.models), background=not self.options.lockstep)
        m, desk = self.models, self.desk
        edit = Edit(m.directions, m.latent_avg, names, m.resolutions, self.tempo.beat, desk.levels, guests)
        self.desk.phases = lambda: edit.phases
        shape = (self.models.styles, self.models.latent_avg.shape[-1])
        family = metadata_of(self.config.models.generator).get("family", "")
        self.desk.watch_directions(self.config.models.directions, lambda paths: load_directions(paths, *shape, family), edit.use)
        now = self.clock.now
        self._keeps_pictures = self._may_keep(source)
        invites = desk.panel is not None and desk.panel.public
        self.keyboard = Keyboard(names, self._keeps_pictures, invites, self.config.canvas.keys)
        self.snapshots = Snapshots(SNAPSHOTS, self.health.fault)
        self.slots = (frames, encoded, portraits)
        engine, model = self.generate.choice, self.models.name
        self.observer.begin(engine, model, self.slots)
        compose = Compose(self.canvas.renderer, live=not self.options.lockstep, backdrops=self._backdrops())
        told = (self.desk.figures, self.desk.code, lambda: compose.held)
        board = HudBoard(self.health, self.controls, self.keyboard, engine, model, self.slots, *told)
        self.capture = CaptureLoop(lambda: self._open_source(self.clock), frames, self.health, source, inf if source else self._patience())
        track, align = Track(track_settings(self.config)), self._aligner()
        self.perception = PerceptionLoop(frames, track, align, Silhouette(), self.encode, self.controls, encoded, self.health, now)
        self.glass = Glass(self._glass_settings(), align_image)
        self.synthesis = SynthesisLoop(encoded, edit, self.generate, self.glass, self.controls, portraits, self.health, now)
        self.display = DisplayLoop(portraits, compose, self.canvas, self.outputs, self.controls, self.health, board.state, now)

    def _backdrops(self) -> Backdrops:
        found = find_pictures(BACKGROUNDS)
        if found.notice:
            say(f"facets: {found.notice}")
        return Backdrops(*self.canvas.size, found.paths, live=not self.options.lockstep)

    def _glass_settings(self) -> GlassSettings:
        canvas, lockstep = self.config.canvas, self.options.lockstep
        turn = 0.0 if lockstep else self.generate.turn_milliseconds()
        largest = LARGEST_ON_GPU if torch.cuda.is_available() else LARGEST_ON_CPU
        return GlassSettings(canvas.width, canvas.height, turn, lockstep, largest)

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

    def _lose_display(self) -> None:
        """The display's server is gone, and the library that noticed cannot be returned to: the show ends here."""
        self._end(DisplayError(GONE), lost=True)
        end_at_once()

    def _end(self, failed: Exception | None, lost: bool = False) -> tuple[Report, Exception | None]:
        """Close everything and write the report. failed: what ended the show before its time; lost: the canvas cannot even be
        closed. The report, and ``failed`` or what was wrong with writing that."""
        self._ended, self._last_moment = time.monotonic(), self.clock.now()
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

    def _run(self) -> None:
        self._start_time()
        if self.options.lockstep:
            self._run_lockstep()
            return
        with ahead() as priorities, keeping_time():
            self._start_time()  # clearing up took its time, and is not part of the show
            self._run_live(priorities)

    def _start_time(self) -> None:
        self._began = self.clock.now()
        self._wall = time.monotonic()

    def _run_lockstep(self) -> None:
        assert isinstance(self.clock, FrameClock)
        self.generate.wait()
        while not self._finished():
            now = self.clock.now()
            try:
                for loop in (self.capture, self.perception, self.synthesis, self.display):
                    loop.step(now)
            except FaultError:
                if self.capture.ended:
                    return
                raise
            self._obey()
            self._serve(now)
            self.clock.advance()

    def _run_live(self, priorities: Priorities) -> None:
        now, fault = self.clock.now, self.health.fault
        networks = (("perception", self.perception), ("synthesis", self.synthesis))
        self._workers = [
            Worker("capture", self.capture, now, fault),
            *(Worker(name, loop, now, fault, priorities.networks) for name, loop in networks),
        ]
        for worker in self._workers:
            worker.start()
        with coming_first():  # after the others: what the thread starts from here on has the usual priority
            self._display_live(self._workers)

    def _stop_workers(self) -> None:
        for worker in self._workers:
            worker.ask()
        for worker in reversed(self._workers):
            worker.stop()

    def _display_live(self, workers: Sequence[Worker]) -> None:
        now = self.clock.now
        while not self._finished():
            self.canvas.wait()
            self.display.step(now())
            self._obey()
            self._serve(now())
            fatal = next((w.fatal for w in workers if w.fatal is not None), None)
            if fatal is not None and not self.capture.ended:
                raise fatal
            if self.capture.ended:
                return

    def _serve(self, now: float) -> None:
        """What the hands outside want of this picture."""
        if self.desk.preview.wanted(now):
            try:
                self.desk.preview.put(self.canvas.read(), now)
            except Exception as err:  # whoever looks on must not take the picture with them
                self.health.fault(f"preview: {type(err).__name__}: {err}")
        self.desk.step(now)

    def quit(self) -> None:
        """End the show after this picture. Any thread."""
        self._quit.set()

    def _finished(self) -> bool:
        o = self.options
        if self._quit.is_set() or self.canvas.closed:
            return True
        if o.frames is not None and self.health.captured >= o.frames:
            return True
        return o.duration is not None and self.clock.now() - self._began >= o.duration

    def _obey(self) -> None:
        early, self._waiting = (self._waiting.keys if self._waiting else ()), None
        for action in self.keyboard.read((*early, *self.canvas.keys()), self.controls):
            match action:
                case Action.QUIT:
                    self._quit.set()
                case Action.FULLSCREEN:
                    self.canvas.toggle_fullscreen()
                case Action.LEARN:
                    if self.desk.midi is not None:
                        self.desk.midi.touch()
                case Action.INVITE:
                    self.desk.invite()
                case Action.SNAPSHOT:
                    self.controls.set(SNAPSHOT, True, KEY)
        if self.snapshots.ready and self.desk.wants_snapshot():
            self._snapshot()

    def _snapshot(self) -> None:
        if self._keeps_pictures:
            self.snapshots.take(self.canvas.read().copy())
        else:
            self.controls.ignore(f"{SNAPSHOT}: a picture of a live camera is kept only where privacy.allow_recording is true")

    def _close(self, lost: bool) -> None:
        """Every part in its order, first what keeps something; one that cannot be closed is noted, and the others are closed all
        the same."""
        parts = (
            *(output.close for output in self.outputs),
            self.desk.stop,
            *(slot.close for slot in self.slots),
            self._stop_workers,
            self.encode.close,
            self.snapshots.close,
            *(() if lost else (self._keep_picture, self.canvas.close)),
            self._close_source,
        )
        for close in parts:
            try:
                close()
            except Exception as err:
                log.debug("the end", exc_info=True)
                self.health.fault(f"at the end: {type(err).__name__}: {err}")

    def _keep_picture(self) -> None:
        self.canvas_picture = self.canvas.read().copy()

    def _close_source(self) -> None:
        self._skipped = self.capture.source.frames_skipped if self.capture.source is not None else 0
        self.capture.reset()

    def report(self) -> Report:
        """What the show has been so far; ``seconds`` is real time, in lockstep too."""
        h = self.health
        seconds = max(1e-6, self._ended - self._wall)
        gpu = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else 0.0
        first = None if h.first_portrait is None else round(self._since_start(h.first_portrait), 3)
        return Report(
            version=__version__,
            device=device_name(),
            engine=self.generate.backend,
            precision=self.generate.precision,
            model=self.models.name,
            canvas=self.canvas.size,
            portrait_px=h.portrait_px or self.generate.portrait_px,
            seconds=round(seconds, 3),
            first_portrait_s=first,
            frames_captured=h.captured,
            frames_presented=h.presented.count,
            frames_dropped=sum(slot.dropped for slot in self.slots[:2]),
            presented_fps=round(h.presented.count / seconds, 2),
            portrait_fps=round(h.portraits.count / seconds, 2),
            change_px=self.generate.change_px,
            changes_drawn=self.glass.drawn,
            changes_spared=self.glass.spared,
            portraits_per_face={str(id): n for id, n in sorted(h.portraits_per_face.items())},
            glass_to_glass_ms=percentiles(h.glass_to_glass),
            stage_ms=h.stage_percentiles(),
            faces_max=h.faces_max,
            faces_seen=len(h.ids),
            encoder_calls=self.encode.cache.misses,
            cache_hits=self.encode.cache.hits,
            rss_mb_start=round(self.rss_start, 1),
            rss_mb_end=round(rss_mb(), 1),
            gpu_mb_peak=round(gpu, 1),
            faults=self._faults(),
            fault_log=h.fault_log.records(),
            frame_age_s=None if (age := h.frame_age(self._last_moment)) is None else round(age, 3),
        )

    def _faults(self) -> list[str]:
        """What went wrong, the frames that were skipped too."""
        skipped = self._skipped + (self.capture.source.frames_skipped if self.capture.source is not None else 0)
        found = [*self.health.faults, *([self.generate.fault] if self.generate.fault else [])]
        return [*found, f"{skipped} unreadable frames were skipped"] if skipped else found

    def _since_start(self, moment: float) -> float:
        """Seconds from the program's start to a moment of the show's clock."""
        return moment - self._began + (self._wall - self.options.started if self.options.started else 0.0)


def _check_targets(options: RunOptions) -> None:
    """Raise ConfigError where what is to be written would take the place of a pipe, a device or a folder."""
    named = {f"--{kind}": path for kind, path in options.outputs.items()}
    for name, path in (*named.items(), ("--report", options.report), ("--timeline-record", options.timeline_record)):
        try:
            if path is not None:
                check_target(path)
        except NotAFileError as err:
            raise ConfigError(f"{name} {path}: {err}; name a file") from err
        except (OSError, ValueError):  # whoever writes it says what is wrong with the place
            continue


def device_name() -> str:
    """The GPU in use, otherwise the CPU, by its own name."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
