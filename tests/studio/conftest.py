"""A studio over real networks in plain float32, and photographs of the demo's drawn visitors."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from installation.assembly.networks import build_networks, models_of, table_of
from installation.config import load_config
from installation.sources.stills import read_picture
from installation.stages.silhouette import Silhouette
from installation.studio.atelier import Atelier
from installation.studio.networks import StudioNetworks
from installation.studio.portraying import Offer
from installation.styles.library import Library

FACES = Path(__file__).resolve().parents[2] / "installation" / "demo" / "faces"
STEADY = ("engine.backend=eager", "engine.precision=float32", "engine.device=cpu", "engine.threads=1", "engine.portrait_px=128")
LEFT, RIGHT = slice(20, 276), slice(350, 550)  # columns of the two faces of ``two``


def face(name: str = "05015", side: int = 256):
    return cv2.resize(read_picture(FACES / f"{name}.webp"), (side, side), interpolation=cv2.INTER_AREA)


def two():
    """Two faces on a grey wall, the larger one left."""
    picture = np.full((340, 600, 3), 120, np.uint8)
    picture[40:296, LEFT], picture[70:270, RIGHT] = face("05015"), face("09460", 200)
    return picture


def painting(width=9.0):
    """Stripes across waves; ``width`` px of a wave make it another one."""
    rows, columns = np.arange(200)[:, None, None], np.arange(300)[None, :, None]
    return (127 + 120 * np.sin(columns / (4.0, 7.0, 11.0) + rows / width)).astype(np.uint8)


def encoded(picture, kind="PNG", **options) -> bytes:
    out = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(out, kind, **options)
    return out.getvalue()


def decoded(data: bytes):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def change(before, after, columns=slice(None)) -> float:
    return float(np.abs(after[:, columns].astype(int) - before[:, columns]).mean())


@pytest.fixture(scope="session")
def workshop():
    """Config, offer and networks, which take long to make."""
    config = load_config(None, [*STEADY])
    cv2.setNumThreads(1)
    models = models_of(config)
    palette = Library(config.models.styles).look()[0]
    table = table_of(models, palette)
    stages = build_networks(config, models, lockstep=True)
    stages.generate.wait()
    yield config, Offer(models, lambda: table, lambda: models.directions, lambda: palette), StudioNetworks(stages, Silhouette())
    stages.encode.close()


@pytest.fixture(scope="module")
def atelier(workshop):
    config, offer, networks = workshop
    made = Atelier(config, offer, alone=True)
    made.use(networks, None)
    yield made
    made.close()
