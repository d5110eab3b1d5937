"""Tests run without a display or a sound card, and without the network."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")


WHOLE_SHOWS = (Path(__file__).parent, Path(__file__).parent / "soak")  # folders whose files take the longest, a minute and more


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole shows first: a long file that is begun last has one core work and the other wait."""
    items.sort(key=lambda item: item.path.parent not in WHOLE_SHOWS)


@cache
def _built(kind: type, threads: int) -> object:
    return kind(threads)


@pytest.fixture(scope="module")
def networks_once() -> Iterator[None]:
    """For modules whose tests follow faces again and again: the networks that do are built once for all of them, a second or two each
    time. They are the real ones, and remember nothing of what they were asked before."""
    from installation.stages import silhouette, track

    kinds = {track: ("FaceDetector", "FaceLandmarker"), silhouette: ("SilhouetteModel", "PeopleModel")}
    with pytest.MonkeyPatch.context() as patch:
        for module, names in kinds.items():
            for name in names:
                kind = getattr(module, name)
                patch.setattr(module, name, lambda threads=1, kind=kind: _built(kind, threads))
        yield
