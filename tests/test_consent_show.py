"""A whole show that asks its visitors: the wall and the invitation first, the mirror when a hand is raised, and no pop in between."""

import itertools
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config
from tests.raised_hand import frames, with_raised_hand

pytestmark = pytest.mark.slow
RATE, RAISED, LOWERED, GONE, END = 10, 12, 40, 50, 90  # frames a second; of the hand that rises, and sinks; nobody is there; the end
SETTINGS = (
    "canvas.mode=headless", "canvas.width=320", "canvas.height=240", "canvas.renderer=plain", "engine.backend=openvino",
    "engine.precision=float32", "engine.threads=1", "engine.portrait_px=64", "capture.loop=false",
    "controls={look/grain: 0, edit/age/amount: 2}", "invitation.after_seconds=2",
)  # fmt: skip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, still = tmp_path_factory.mktemp("clip") / "asks.mp4", frames()[0]
    pictures = {"still": still, "hand": with_raised_hand(still, still, (395, 110)), "nobody": np.full_like(still, 90)}
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=RATE)
        stream.height, stream.width = still.shape[:2]
        for k in range(END):
            picture = pictures["hand" if RAISED <= k < LOWERED else "still" if k < GONE else "nobody"]
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return path


def noted(clip: Path, *settings: str) -> list[dict[str, Any]]:
    """What was to be seen, picture for picture."""
    show = Installation(load_config(None, [f"source={clip}", *SETTINGS, *settings]), RunOptions(lockstep=True))
    step, put, rows = show.desk.step, show.loops.synthesis.out.put, []
    newest: list[Any] = []

    def drawn(portraits: Any) -> None:
        newest[:] = [portraits]
        put(portraits)

    def look(now: float) -> None:
        step(now)
        (one,) = newest
        told = {"alone": one.alone, "says": one.invitation, "codes": len(show.encode.cache)}
        rows.append({**told, "ids": [p.face.id for p in one.portraits], "canvas": show.canvas.read().astype(np.int16)})

    show.desk.step, show.loops.synthesis.out.put = look, drawn  # type: ignore[method-assign]
    report = show.run()
    assert report.faults == [] and report.faces_seen == 1
    return rows


@pytest.fixture(scope="module")
def asked(clip: Path) -> list[dict[str, Any]]:
    return noted(clip, "privacy.consent=hand")


def test_before_a_hand_is_raised_nobody_is_encoded_or_drawn(asked: list[dict[str, Any]]) -> None:
    for row in asked[1:RAISED]:
        assert row["alone"] and row["codes"] == 0 and row["ids"] in ([], [-1])
        assert row["says"] == "hand"


def test_a_raised_hand_brings_the_mirror_and_the_portrait_for_the_visit(asked: list[dict[str, Any]]) -> None:
    for row in asked[RAISED + 12 : GONE]:
        assert not row["alone"] and row["ids"] == [0] and row["codes"] == 1 and row["says"] == ""


def test_when_they_have_gone_they_are_forgotten_and_the_next_is_asked(asked: list[dict[str, Any]]) -> None:
    assert asked[-1]["codes"] == 0 and asked[-1]["alone"] and asked[-1]["says"] == "come"


def test_nothing_pops(asked: list[dict[str, Any]]) -> None:
    """A cut from the wall to the mirror changes half of all grey levels; ten pictures a second show a fade of 0.7 s in eighths."""
    changes = [float(np.abs(b["canvas"] - a["canvas"]).mean()) for a, b in itertools.pairwise(asked)]
    whole = float(np.abs(asked[RAISED - 1]["canvas"] - asked[GONE - 1]["canvas"]).mean())
    assert whole > 30 and max(changes[: GONE - 1]) < 0.3 * whole


def test_where_nobody_is_asked_the_portrait_is_there_at_once(clip: Path) -> None:
    rows = noted(clip)
    assert all(row["ids"] == [0] and not row["alone"] and row["says"] == "" for row in rows[5:GONE])
    assert rows[-1]["alone"] and rows[-1]["says"] == "come" and rows[-1]["ids"] == [-1]
