"""How large portraits may be on this machine: the largest that it draws in time."""

from __future__ import annotations

from typing import Final

from installation.engines.batched import BatchedEngine
from installation.portraits.engines import HEAVY, Pairs, PortraitEngines, work

SMALL_PX: Final = 128  # portraits step down to it and no further
ENGINE_SHARE: Final = 0.65  # of the time between two portraits that the engine may take; tracking and the canvas have the rest
PAIR_MILLISECONDS: Final = 14.0  # that both drawings of a change may take: 25 a second beside tracking and the canvas on two cores
LARGE_GAIN: Final = 2.0  # at most so much more work a second does an engine do at a larger size


def fitting_portraits(engines: PortraitEngines) -> tuple[int, BatchedEngine]:
    """The largest size that is quick enough here, at least 128 px, or the one that was asked for."""
    base, wanted = engines.models.base.layered, engines.settings.portrait_px
    size = engines.models.base.size
    if wanted or base is None or engines.settings.min_portrait_fps <= 0 or size <= SMALL_PX:
        size = min(wanted or size, size)
        return size, engines.portraits(size, mixing=False)
    most = ENGINE_SHARE * 1000 / engines.settings.min_portrait_fps
    small: BatchedEngine | None = None
    if work(base, size) > HEAVY:  # a size far too slow is not built at all: the smallest one tells
        small = engines.portraits(SMALL_PX, mixing=False)
        per_work = engines.milliseconds(small) / work(base, SMALL_PX) / LARGE_GAIN
        while size > SMALL_PX and per_work * work(base, size) > most:
            size //= 2
    while size > SMALL_PX:
        engine = engines.portraits(size, mixing=False)
        if engines.milliseconds(engine) <= most:
            return size, engine
        size //= 2
    return SMALL_PX, small or engines.portraits(SMALL_PX, mixing=False)


def fitting_pairs(engines: PortraitEngines, portrait_px: int) -> tuple[Pairs, ...]:
    """Engines for a change's two drawings: small ones for faces that are seen small, and, where that is quick, some as large as
    portraits are. None where a face is drawn by any other network, twice."""
    models = engines.models
    base = models.base.layered
    if models.detail is None or base is None or not engines.settings.changes:
        return ()
    if engines.settings.finest:
        return (engines.pairs(portrait_px),)
    small = engines.pairs(min(base.size, SMALL_PX))
    if engines.settings.min_portrait_fps <= 0 or portrait_px <= small.size:  # nothing is left to a measurement
        return (small,)
    grown = work(base, portrait_px) / work(base, small.size)
    if small.milliseconds * grown > LARGE_GAIN * PAIR_MILLISECONDS:  # far too slow, so it is not built at all
        return (small,)
    large = engines.pairs(portrait_px)
    return (small, large) if large.milliseconds <= PAIR_MILLISECONDS else (small,)
