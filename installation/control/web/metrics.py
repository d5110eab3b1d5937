"""The show in figures, in the text format that Prometheus reads (its exposition format, version 0.0.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from installation.control.state import ControlCounts
from installation.observation import Observation, ScheduleSeen

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class WebCounts:
    """What the server itself has to tell. clients: WebSockets open now; connections: of any kind; the others since the start."""

    clients: int
    dropped: int
    refused: int
    connections: int = 0
    turned_away: int = 0


def metrics(seen: Observation, controls: ControlCounts, web: WebCounts) -> str:
    """One gauge or counter a figure."""
    rows: tuple[tuple[str, str, str, float], ...] = (
        ("facets_up_seconds", "counter", "Seconds since the start.", seen.seconds),
        ("facets_presented_fps", "gauge", "Pictures of the canvas a second.", seen.presented_fps),
        ("facets_portrait_fps", "gauge", "Portraits a second.", seen.portrait_fps),
        ("facets_delay_seconds", "gauge", "Median time from the camera to the canvas.", seen.delay_ms / 1000),
        ("facets_faces", "gauge", "Visitors seen now.", seen.faces),
        ("facets_portrait_px", "gauge", "Side of a portrait.", seen.portrait_px),
        ("facets_dropped_total", "counter", "Frames that newer ones replaced.", seen.dropped),
        ("facets_memory_bytes", "gauge", "Resident memory.", seen.memory_mb * 2**20),
        ("facets_faults_total", "counter", "Different faults since the start.", max(seen.fault_count, len(seen.faults))),
        ("facets_faults_open", "gauge", "Faults that last still.", sum(record.open for record in seen.fault_log)),
        ("facets_controls_clamped_total", "counter", "Values out of range, taken at its end.", controls.clamped),
        ("facets_controls_ignored_total", "counter", "Messages that set no control.", controls.ignored),
        ("facets_web_clients", "gauge", "Open WebSockets.", web.clients),
        ("facets_web_dropped_total", "counter", "Clients that were let go or turned away.", web.dropped),
        ("facets_web_refused_total", "counter", "Requests without leave.", web.refused),
        ("facets_web_connections", "gauge", "Open connections.", web.connections),
        ("facets_web_turned_away_total", "counter", "Connections that were not taken, or were let go.", web.turned_away),
    )
    if seen.frame_age is not None:
        rows += (("facets_frame_age_seconds", "gauge", "Seconds since the source gave its last frame.", seen.frame_age),)
    if seen.schedule is not None:
        rows += _scheduled(seen.schedule)
    lines = []
    for name, kind, what, value in rows:
        lines += [f"# HELP {name} {what}", f"# TYPE {name} {kind}", f"{name} {value:.10g}"]
    lines += ["# HELP facets_info What draws.", "# TYPE facets_info gauge"]
    lines.append(f'facets_info{{engine="{_label(seen.engine)}",model="{_label(seen.model)}"}} 1')
    if seen.schedule is not None:
        lines += ["# HELP facets_schedule_info What the schedule shows.", "# TYPE facets_schedule_info gauge"]
        lines.append(f'facets_schedule_info{{row="{_label(seen.schedule.row)}",override="{_label(seen.schedule.override)}"}} 1')
    return "\n".join(lines) + "\n"


def _scheduled(schedule: ScheduleSeen) -> tuple[tuple[str, str, str, float], ...]:
    rows: tuple[tuple[str, str, str, float], ...] = (("facets_open", "gauge", "1 while it is open, 0 while it is closed.", schedule.open),)
    if schedule.next_change:
        seconds = datetime.fromisoformat(schedule.next_change).timestamp()
        rows += (("facets_next_change_timestamp_seconds", "gauge", "When the schedule changes next, since 1970.", seconds),)
    return rows


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
