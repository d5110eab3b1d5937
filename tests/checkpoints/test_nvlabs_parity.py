"""NVlabs' pickles against the numbers of their reference implementations, relative error below 1e-4."""

import json

import numpy as np
import pytest
import torch

from installation.checkpoints.nvlabs_pickle import read_pickle
from tests.checkpoints.support_nvlabs import stylegan2, write_pickle
from tests.checkpoints.test_parity import FIXTURES, TOLERANCE, drawn, relative_error, seeded


def compare(generator, name):
    fixture = json.loads((FIXTURES / f"{name}.json").read_text())
    expected = np.load(FIXTURES / f"{name}.npz")
    with torch.inference_mode():
        ws = generator.mapping(seeded(fixture["z"]), fixture["truncation_psi"])
        images = generator.synthesis(ws[:1], noise="const")
    assert relative_error(ws, expected["w"]) < TOLERANCE
    assert relative_error(images, expected["image"]) < TOLERANCE


@pytest.mark.parametrize("name", ["nvlabs_64_small", "stylegan3_t_64_small", "stylegan3_r_64_small"])
def test_published_files_give_the_published_numbers(name):
    """The files carry a source that raises: it stays unread."""
    generator = read_pickle(FIXTURES / f"{name}.pkl")
    assert generator.size == 64 and generator.style_dim == generator.z_dim == 64
    assert generator.latent_avg.shape == (generator.styles, 64)
    compare(generator, name)


def test_256_px_of_full_width_gives_the_published_numbers(tmp_path):
    written = stylegan2(256, z_dim=512, w_dim=512, channel_base=16384, channel_max=512)
    specs = json.loads((FIXTURES / "nvlabs_256.json").read_text())["state_dict"]
    written.load_state_dict({name: drawn(name, spec) for name, spec in specs.items()}, strict=True)
    compare(read_pickle(write_pickle(tmp_path / "nvlabs_256.pkl", written)), "nvlabs_256")
