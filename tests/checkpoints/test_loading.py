"""Model files: what goes in comes out, and what is broken is refused in one sentence."""

import pickle

import pytest
import torch
from safetensors.torch import save_file

from installation.checkpoints.loading import CheckpointError, load_encoder, load_generator, resolution_of, save_encoder, save_generator
from installation.networks.facets_encoder import FacetsEncoder
from installation.networks.stylegan2 import Generator

CHANNELS = {4: 16, 8: 16, 16: 12, 32: 8}


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return Generator(32, 24, 0, CHANNELS).eval()


def test_generator_round_trip(generator, tmp_path):
    save_generator(generator, tmp_path / "g.safetensors", torch.ones(generator.styles, 24), {"name": "g"})
    loaded = load_generator(tmp_path / "g.safetensors")
    ws = torch.randn(1, generator.styles, 24)
    with torch.no_grad():
        expected, got = generator.synthesis(ws, "none"), loaded.synthesis(ws, "none")
    assert (expected - got).norm() / expected.norm() < 5e-3  # half precision on disk
    assert torch.equal(loaded.latent_avg, torch.ones(generator.styles, 24))


def test_a_child_stores_its_own_layers_and_takes_the_rest_from_the_base(generator, tmp_path):
    child = Generator(32, 24, 0, CHANNELS)
    kept = frozenset({16, 32})
    save_generator(child, tmp_path / "c.safetensors", torch.zeros(8, 24), {}, kept)
    loaded = load_generator(tmp_path / "c.safetensors", generator)
    for name, value in loaded.state_dict().items():
        if name.startswith("noises"):
            continue
        source = child if resolution_of(name) in kept else generator
        assert torch.allclose(value, source.state_dict()[name], atol=2e-3), name
    with pytest.raises(CheckpointError, match=r"style.*and \d+ more are missing|conv1.*and \d+ more are missing"):
        load_generator(tmp_path / "c.safetensors")
    loaded.input.input.fill_(7.0)
    assert not torch.equal(loaded.input.input, generator.input.input), "the child's layers are its own"


def test_encoder_round_trip(tmp_path):
    encoder = FacetsEncoder(14, 32, 24).eval()
    save_encoder(encoder, tmp_path / "e.safetensors", {})
    loaded = load_encoder(tmp_path / "e.safetensors")
    images = torch.rand(2, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        (ws, detail), (ws2, detail2) = encoder.encode_with_detail(images), loaded.encode_with_detail(images)
        assert torch.equal(loaded(images), ws2)
        large = torch.nn.functional.interpolate(images, scale_factor=2.0, mode="nearest")
        assert torch.allclose(loaded(large), ws2, atol=1e-5), "pictures of another size are brought to the encoder's"
    assert ws.shape == (2, 14, 32) and detail.shape == (2, 32, 32, 32)
    assert (ws - ws2).norm() / ws.norm() < 2e-2
    assert (detail - detail2).norm() / detail.norm() < 2e-2


def test_a_file_cut_in_half_is_refused(generator, tmp_path):
    path = tmp_path / "g.safetensors"
    save_generator(generator, path, torch.zeros(8, 24), {})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CheckpointError, match=r"g\.safetensors: not a readable model file .*cut off"):
        load_generator(path)


def test_missing_wrong_kind_and_lying_files_are_refused(generator, tmp_path):
    with pytest.raises(CheckpointError, match="no such model file"):
        load_generator(tmp_path / "none.safetensors")
    path = tmp_path / "g.safetensors"
    save_generator(generator, path, torch.zeros(8, 24), {})
    with pytest.raises(CheckpointError, match="facets-encoder"):
        load_encoder(path)
    lie = {"kind": "facets-generator", "size": "1024", "style_dim": "100000", "n_mlp": "0", "channels": '{"4": 100000}'}
    save_file({"latent_avg": torch.zeros(4)}, tmp_path / "lie.safetensors", metadata=lie)
    with pytest.raises(CheckpointError, match="sizes cannot be read"):
        load_generator(tmp_path / "lie.safetensors")
    bad = {"kind": "facets-generator", "size": "33", "style_dim": "x", "n_mlp": "0", "channels": "{"}
    save_file({"latent_avg": torch.zeros(4)}, tmp_path / "bad.safetensors", metadata=bad)
    with pytest.raises(CheckpointError, match="sizes cannot be read"):
        load_generator(tmp_path / "bad.safetensors")


def test_what_nvlabs_adds_to_a_generator_survives_our_format(tmp_path):
    torch.manual_seed(2)
    generator = Generator(32, 24, 3, CHANNELS, z_dim=10, mlp_dim=20, clamp=0.4).eval()
    save_generator(generator, tmp_path / "g.safetensors", torch.zeros(8, 24), {})
    loaded = load_generator(tmp_path / "g.safetensors")
    assert loaded.clamp == 0.4
    z = torch.randn(2, 10)
    with torch.no_grad():
        a, b = (g.synthesis(g.mapping(z)) for g in (generator, loaded))
    assert (a - b).norm() / a.norm() < 1e-2


def test_pickles_are_told_by_their_contents_and_hold_no_encoder(tmp_path):
    path = tmp_path / "g.pt"
    path.write_bytes(pickle.dumps({"G": 1}))
    with pytest.raises(CheckpointError, match="G_ema"):
        load_generator(path)
    with pytest.raises(CheckpointError, match="no encoder"):
        load_encoder(path)
