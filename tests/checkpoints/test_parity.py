"""Published encoders and generators against the numbers of their reference implementations, relative error below 1e-4.

The fixtures describe how every tensor is drawn from its name, so that they ship outputs and no weights.
"""

import argparse
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from installation.checkpoints.published import build_encoder, build_generator, parts_of
from installation.checkpoints.torch_file import TorchFile

FIXTURES = Path(__file__).parents[1] / "data" / "parity"
TOLERANCE = 1e-4


def normal(name, shape):
    """Standard normal numbers from the checksum of a name."""
    return np.random.default_rng(zlib.crc32(name.encode())).standard_normal(size=tuple(shape) or (1,), dtype=np.float32).reshape(shape)


def drawn(name, spec):
    if "values" in spec:
        return torch.tensor(spec["values"], dtype=torch.float32).reshape(spec["shape"])
    if spec["fill"] == "zeros":
        return torch.zeros(spec["shape"], dtype=getattr(torch, spec["dtype"]))
    x = normal(name, spec["shape"])
    x = np.abs(x) if spec["fill"] == "absnormal" else x
    x = (x * np.float32(spec["scale"]) + np.float32(spec["shift"])).astype(spec["dtype"])
    return torch.from_numpy(np.asarray(x).reshape(spec["shape"]))


def seeded(entry):
    x = normal(entry["seed_name"], entry["shape"]) * np.float32(entry.get("scale", 1.0))
    return torch.from_numpy(np.tanh(x) if entry.get("then") == "tanh" else x)


def relative_error(got, expected):
    expected = torch.from_numpy(expected)
    assert got.shape == expected.shape
    return ((got - expected).norm() / expected.norm()).item()


@pytest.fixture(scope="module")
def weights():
    """Both fixtures draw the same names, and so the same numbers: drawn once."""
    cache = {}

    def of(specs):
        for name, spec in specs.items():
            if (name, str(spec)) not in cache:
                cache[name, str(spec)] = drawn(name, spec)
        return {name: cache[name, str(spec)] for name, spec in specs.items()}

    return of


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), [("psp_256", "GradualStyleEncoder"), ("e4e_256", "Encoder4Editing")])
def test_published_checkpoints_give_the_published_numbers(name, kind, weights):
    fixture = json.loads((FIXTURES / f"{name}.json").read_text())
    expected = np.load(FIXTURES / f"{name}.npz")
    tensors = fixture["checkpoint"]
    state = {f"{part}.{parameter}": value for part in ("encoder", "decoder") for parameter, value in weights(tensors[f"{part}.*"]).items()}
    root = {"state_dict": state, "opts": argparse.Namespace(**fixture["opts"]), "latent_avg": seeded(tensors["latent_avg"])}
    parts = parts_of(TorchFile(Path(f"{name}.pt"), root, {}))
    encoder, generator = build_encoder(parts).eval(), build_generator(parts).eval()
    assert (encoder.kind, encoder.styles, generator.size) == (kind, 14, 256)
    with torch.inference_mode():
        assert relative_error(encoder(seeded(fixture["input"])), expected["codes"]) < TOLERANCE
        assert relative_error(generator.synthesis(torch.from_numpy(expected["codes"])), expected["image"]) < TOLERANCE
        assert relative_error(generator.mapping(seeded(fixture["z"]))[:, 0], expected["w"]) < TOLERANCE
