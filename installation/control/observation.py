"""What the installation sees and how it fares, for the hands and eyes outside: feedback over OSC, the panel, metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody before the camera. id: never given twice; smile: 0…1, the last one while they are hidden."""

    id: int
    smile: float


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at the running show. smiles: each visitor's id and smile 0…1. delay_ms: glass to glass, median. slots: who holds
    each of the places that keep their names."""

    seconds: float  # since the start
    faces: int
    smiles: tuple[tuple[int, float], ...]
    presented_fps: float
    portrait_fps: float
    delay_ms: float
    dropped: int
    memory_mb: float
    engine: str
    model: str
    portrait_px: int
    faults: tuple[str, ...]  # the newest last
    slots: tuple[Visitor | None, ...] = ()
