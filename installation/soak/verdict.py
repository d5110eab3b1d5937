"""Whether what was seen holds what is promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from installation.soak.samples import Sample
from installation.soak.troubles import Trouble

WARM_SECONDS, WARM_SHARE = 300.0, 0.2  # that memory and threads may grow for, whichever is longer, but half of a run at most
LONG_ENOUGH = 1200.0  # s of samples after that, from which growth an hour can be told
GROWTH = 1.0  # % an hour
FROZEN = 1.0  # s that the canvas may stand still
BLACK = 12.0  # of 255, under which the brightest parts of a canvas are black
SPARE_THREADS, SPARE_FILES = 2, 4  # between the medians of the first and the last tenth: a client, a picture that is being written
P99 = 2.0  # times the median
FIRST_PORTRAIT = 10.0  # s
LONGEST_RETURN = 10.0  # s until a camera's picture is back


@dataclass(frozen=True, slots=True)
class Revival:
    """After kill -9. back: s until it showed pictures again, None where it did not; same: whether it was as it was then; whole: whether
    every file could be read. in_start: it was killed again before it could show, and only its files are judged."""

    at: float
    back: float | None
    same: bool
    whole: bool
    in_start: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """All that a soak has seen. ended: the exit code of a show that ended by itself, None for none; code: of its orderly end; report:
    its own, empty where it wrote none; asked_s: how long the soak was to run."""

    samples: Sequence[Sample]
    troubles: Sequence[Trouble]
    revivals: Sequence[Revival] = ()
    ended: int | None = None
    code: int | None = 0
    report: dict[str, Any] = field(default_factory=dict)
    asked_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """holds: None where it cannot be told."""

    what: str
    measured: str
    wanted: str
    holds: bool | None


def verdict(seen: Seen) -> list[Row]:
    """One row a promise."""
    alive = "never" if seen.ended is None else f"with code {seen.ended}"
    rows = [Row("the process ends", alive, "never", seen.ended is None)]
    rows.append(Row("its end, when it was asked to", f"code {seen.code}", "code 0", seen.code == 0))
    settled = [one for one in seen.samples if not one.first]
    if not settled:
        went = (_went_on(seen.troubles), *_camera(seen.report), *_revived(seen.revivals))
        return [*rows, Row("samples", "none after the first minute", "some", False), *went]
    worst = max(one.gap for one in settled)
    rows += [Row("the canvas stands still, at most", f"{worst:.2f} s", f"{FROZEN:g} s", worst <= FROZEN), _black(settled)]
    p50, p99 = settled[-1].p50, settled[-1].p99
    times = f"{1000 * p50:.1f} ms, p99 {1000 * p99:.1f} ms"
    rows.append(Row("time between two pictures, median", times, f"p99 within {P99:g} times the median", p99 <= P99 * p50))
    rows += [_growth(settled), *_leaks(settled), _went_on(seen.troubles), *_camera(seen.report), *_revived(seen.revivals)]
    first = seen.report.get("first_portrait_s")
    if isinstance(first, int | float):
        rows.append(Row("start to first portrait", f"{first:.1f} s", f"{FIRST_PORTRAIT:g} s", first < FIRST_PORTRAIT))
    return rows


def _black(samples: Sequence[Sample]) -> Row:
    looks = [one.brightest for one in samples if one.brightest is not None]
    if not looks:
        return Row("the canvas is black", "not to be seen", "never", None)
    black = sum(look < BLACK for look in looks)
    return Row(
        "the canvas is black", f"at {black} of {len(looks)} looks, its brightest parts {min(looks):.0f} of 255 at least", "never", not black
    )


def _growth(samples: Sequence[Sample]) -> Row:
    kept = _warm(samples)
    if len(kept) < 3:
        return Row("growth of memory", "not known", f"{GROWTH:g} % an hour", None)
    hours, memory = np.array([one.seconds for one in kept]) / 3600, np.array([one.memory_mb for one in kept])
    growth = 100 * float(np.polyfit(hours - hours[0], memory, 1)[0]) / float(np.median(memory[: max(1, len(memory) // 10)]))
    told = f"{growth:+.2f} % an hour ({memory[0]:.0f} to {memory[-1]:.0f} MB in {60 * (hours[-1] - hours[0]):.0f} min after warm-up)"
    long_enough = 3600 * (hours[-1] - hours[0]) >= LONG_ENOUGH
    told += "" if long_enough else "; too short to judge"
    return Row("growth of memory", told, f"{GROWTH:g} % an hour", growth < GROWTH if long_enough else None)


def warm_up(seconds: float) -> float:
    """s of a run of so many in which memory and threads may grow."""
    return min(max(WARM_SECONDS, WARM_SHARE * seconds), seconds / 2)


def _warm(samples: Sequence[Sample]) -> list[Sample]:
    """Those of the last show after its warm-up."""
    begin, end = samples[0].seconds, samples[-1].seconds
    warm = begin + warm_up(end - begin)
    return [one for one in samples if one.seconds >= warm and one.pid == samples[-1].pid]


def _leaks(settled: Sequence[Sample]) -> list[Row]:
    samples = _warm(settled)
    tenth = max(1, len(samples) // 10)
    rows = []
    for what, name, spare in (("threads", "threads", SPARE_THREADS), ("open files", "files", SPARE_FILES)):
        first, last = (float(np.median([getattr(one, name) for one in part])) for part in (samples[:tenth], samples[-tenth:]))
        rows.append(Row(what, f"{first:.0f} after warm-up, {last:.0f} at last", "no more at last", last <= first + spare))
    return rows


def _went_on(troubles: Sequence[Trouble]) -> Row:
    back = [one.recovered for one in troubles if one.recovered is not None]
    told = f"{len(back)} of {len(troubles)}" + (f", the longest after {max(back):.1f} s" if back else "")
    return Row("troubles from outside that it went on after", told, "all", len(back) == len(troubles) if troubles else None)


def _camera(report: dict[str, Any]) -> list[Row]:
    seen = report.get("rehearsal")
    if not isinstance(seen, dict):
        return []
    injected, recovered, longest = (seen.get(key, 0) for key in ("injected", "recovered", "longest_s"))
    told = f"{recovered} of {injected}, the longest after {longest:.1f} s"
    fine = injected - recovered <= bool(seen.get("waiting")) and longest <= LONGEST_RETURN
    return [Row("faults of the camera that its picture came back after", told, f"all, within {LONGEST_RETURN:g} s", fine)]


def _revived(revivals: Sequence[Revival]) -> list[Row]:
    if not revivals:
        return []
    asked, whole = [one for one in revivals if not one.in_start], sum(one.whole for one in revivals)
    back, same = sum(one.back is not None for one in asked), sum(one.same for one in asked)
    longest = max((one.back for one in asked if one.back is not None), default=0.0)
    told = f"{len(revivals) - len(asked)} of them in its start; asked {len(asked)} times: back {back} (the longest after {longest:.0f} s), "
    told += f"as it was {same}; no corrupt file {whole} of {len(revivals)}"
    return [Row(f"kill -9, {len(revivals)} times", told, "every time", back == same == len(asked) and whole == len(revivals))]
