"""The show in figures, for Prometheus and what reads its format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from installation.control.state import ControlCounts
from installation.observation import Measures, Observation, ScheduleSeen, Series
from installation.operation.exposition import CONTENT_TYPE, Family, Labels, Sample, exposition

__all__ = ["CONTENT_TYPE", "WebCounts", "metrics"]

QUANTILES = (("0.5", "p50"), ("0.95", "p95"), ("0.99", "p99"))


@dataclass(frozen=True, slots=True)
class WebCounts:
    """What the server itself has to tell. clients: WebSockets open now; connections: of any kind; the others since the start."""

    clients: int
    dropped: int
    refused: int
    connections: int = 0
    turned_away: int = 0


def metrics(seen: Observation, controls: ControlCounts, web: WebCounts, measures: Measures | None = None) -> str:
    """One gauge, counter or summary a figure."""
    families = [*_seen(seen), *_served(controls, web), *(_measured(measures) if measures is not None else ())]
    return exposition(families)


def _seen(seen: Observation) -> Iterator[Family]:
    of = Family.of
    yield of("facets_up_seconds", "counter", "Seconds since the start.", seen.seconds)
    yield of("facets_presented_fps", "gauge", "Pictures of the canvas a second.", seen.presented_fps)
    yield of("facets_portrait_fps", "gauge", "Portraits a second.", seen.portrait_fps)
    yield of("facets_delay_seconds", "gauge", "Median time from the camera to the canvas.", seen.delay_ms / 1000)
    yield of("facets_faces", "gauge", "Visitors seen now.", seen.faces)
    yield of("facets_portrait_px", "gauge", "Side of a portrait.", seen.portrait_px)
    yield of("facets_dropped_total", "counter", "Frames that newer ones replaced.", seen.dropped)
    yield of("facets_memory_bytes", "gauge", "Resident memory.", seen.memory_mb * 2**20)
    yield of("facets_faults_total", "counter", "Different faults since the start.", max(seen.fault_count, len(seen.faults)))
    yield of("facets_faults_open", "gauge", "Faults that last still.", sum(record.open for record in seen.fault_log))
    if seen.frame_age is not None:
        yield of("facets_frame_age_seconds", "gauge", "Seconds since the source gave its last frame.", seen.frame_age)
    drawn = (("engine", seen.engine), ("model", seen.model))
    yield Family("facets_info", "gauge", "What draws.", (Sample(1, drawn),))
    if seen.schedule is not None:
        yield from _scheduled(seen.schedule)


def _scheduled(schedule: ScheduleSeen) -> Iterator[Family]:
    yield Family.of("facets_open", "gauge", "1 while it is open, 0 while it is closed.", schedule.open)
    if schedule.next_change:
        seconds = datetime.fromisoformat(schedule.next_change).timestamp()
        yield Family.of("facets_next_change_timestamp_seconds", "gauge", "When the schedule changes next, since 1970.", seconds)
    shown = (("row", schedule.row), ("override", schedule.override))
    yield Family("facets_schedule_info", "gauge", "What the schedule shows.", (Sample(1, shown),))


def _served(controls: ControlCounts, web: WebCounts) -> Iterator[Family]:
    of = Family.of
    yield of("facets_controls_clamped_total", "counter", "Values out of range, taken at its end.", controls.clamped)
    yield of("facets_controls_ignored_total", "counter", "Messages that set no control.", controls.ignored)
    yield of("facets_web_clients", "gauge", "Open WebSockets.", web.clients)
    yield of("facets_web_dropped_total", "counter", "Clients that were let go or turned away.", web.dropped)
    yield of("facets_web_refused_total", "counter", "Requests without leave.", web.refused)
    yield of("facets_web_connections", "gauge", "Open connections.", web.connections)
    yield of("facets_web_turned_away_total", "counter", "Connections that were not taken, or were let go.", web.turned_away)


def _measured(m: Measures) -> Iterator[Family]:
    of = Family.of
    yield of("facets_captured_total", "counter", "Frames that the source gave.", m.captured)
    yield of("facets_presented_total", "counter", "Pictures of the canvas.", m.presented)
    yield of("facets_portraits_total", "counter", "Portraits drawn.", m.portraits)
    yield of("facets_visitors_total", "counter", "Visitors seen; nobody is known again once they have left.", m.visitors)
    yield Family("facets_interval_seconds", "summary", "Time between two pictures of the canvas.", _summary(m.intervals))
    yield of("facets_longest_gap_seconds", "gauge", "Longest time between two pictures in the last minute.", m.gap)
    delays = tuple(Sample(getattr(m.delay, name), (("quantile", share),)) for share, name in QUANTILES)
    yield Family("facets_glass_to_glass_seconds", "gauge", "Time from the camera to the canvas.", delays)
    if m.stages:
        times = tuple(sample for one in m.stages for sample in _summary(one, (("stage", one.name),)))
        yield Family("facets_stage_seconds", "summary", "Time that a turn of each stage takes.", times)
    yield of("facets_threads", "gauge", "Threads of the process.", m.threads)
    yield of("facets_open_files", "gauge", "File descriptors of the process.", m.files)
    if m.celsius is not None:
        yield of("facets_processor_celsius", "gauge", "The hottest sensor of the processor.", m.celsius)
    if m.restarts:
        begun = tuple(Sample(count, (("worker", name),)) for name, count in m.restarts)
        yield Family("facets_worker_restarts_total", "counter", "Workers that were begun again after a fault.", begun)
    yield of("facets_safe_mode", "gauge", "1 where the show runs with its last good configuration.", bool(m.safe))


def _summary(series: Series, labels: Labels = ()) -> tuple[Sample, ...]:
    quantiles = tuple(Sample(getattr(series, name), (*labels, ("quantile", share))) for share, name in QUANTILES)
    return (*quantiles, Sample(series.total, labels, "_sum"), Sample(series.count, labels, "_count"))
