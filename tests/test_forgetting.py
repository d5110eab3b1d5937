"""What is known of a visitor is gone from memory when the configuration says so, in the whole show."""

import gc
import weakref
from pathlib import Path

import av
import numpy as np
import pytest

from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config

pytestmark = pytest.mark.slow
CLIP = Path(__file__).resolve().parent / "data" / "yes.mkv"
RATE, THERE = 5, 10  # frames a second, and of somebody who is there; then the room is empty
SETTINGS = (
    "canvas.mode=headless", "canvas.width=240", "canvas.height=160", "canvas.renderer=plain", "engine.backend=openvino",
    "engine.precision=float32", "engine.threads=1", "engine.portrait_px=64", "capture.loop=false",
)  # fmt: skip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of somebody, six of nobody."""
    path = tmp_path_factory.mktemp("clip") / "leaves.mp4"
    with av.open(CLIP) as file, av.open(path, "w") as out:
        pictures = [frame.to_ndarray(format="rgb24") for frame, _ in zip(file.decode(video=0), range(6 * THERE), strict=False)][::6]
        stream = out.add_stream("libx264", rate=RATE)
        stream.height, stream.width = pictures[0].shape[:2]
        empty = np.full_like(pictures[0], 70)
        for picture in [*pictures, *[empty] * 30]:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return path


def kept_for(clip: Path, *settings: str) -> float:
    """s after the face was seen last, until nothing of the code, the detail and the editor's changes of a visitor lived any more."""
    show = Installation(load_config(None, [f"source={clip}", *SETTINGS, *settings]), RunOptions(lockstep=True))
    known: list[weakref.ref[object]] = []
    seen = gone = 0.0
    put = show.loops.perception.out.put

    def look(encoded: object) -> None:
        nonlocal seen, gone
        put(encoded)  # type: ignore[arg-type]
        now = show.clock.now()
        for one in encoded.faces:  # type: ignore[attr-defined]
            entry = show.encode.cache._entries.get(one.face.id)
            parts = (one.ws, one.detail, one.changes and one.changes.residual, *(() if entry is None else vars(entry).values()))
            known.extend(weakref.ref(part) for part in parts if hasattr(part, "shape"))
            seen = now if one.face.seen else seen
        if seen and not one_lives(known):
            gone = gone or now
        elif seen != now:
            gone = 0.0

    show.loops.perception.out.put = look  # type: ignore[method-assign]
    gc.collect()
    gc.freeze()  # all libraries: going through those again for each frame takes longer than the show
    try:
        show.run()
    finally:
        gc.unfreeze()
    assert known and seen and gone, "somebody was there, and was forgotten"
    return gone - seen


def one_lives(known: list[weakref.ref[object]]) -> bool:
    gc.collect()
    return any(part() is not None for part in known)


def test_a_visitor_who_left_is_forgotten_when_they_have_faded(clip: Path) -> None:
    assert 1.0 <= kept_for(clip) <= 2.7  # a second in which they may come back, and the fade


def test_a_visitor_who_may_come_back_for_long_is_forgotten_in_time(clip: Path) -> None:
    assert 3.0 <= kept_for(clip, "faces.occlusion_seconds=30", "privacy.forget_seconds=3") <= 3.6
