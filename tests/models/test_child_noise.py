"""A child may bring noise pictures of its own: they travel in its file, and are blended by its share."""

import torch

from installation.checkpoints.loading import load_generator, resolution_of, save_generator
from installation.networks.mixed_generator import MixedGenerator
from installation.networks.stylegan2 import Generator


def test_a_child_takes_its_noise_along_and_the_base_stays_clean(tmp_path):
    torch.manual_seed(3)
    channels = dict.fromkeys((4, 8, 16, 32), 8)
    base = Generator(32, 16, 0, channels).eval().requires_grad_(False)
    child = Generator(32, 16, 0, channels).eval().requires_grad_(False)
    child.load_state_dict(base.state_dict())
    child.noises.get_buffer("noise_6").copy_(torch.randn(1, 1, 32, 32))
    child.convs[5].noise.weight.fill_(0.8)
    kept = frozenset({32})
    save_generator(child, tmp_path / "child.safetensors", torch.zeros(base.styles, 16), {}, kept)
    loaded = load_generator(tmp_path / "child.safetensors", base)
    assert all(resolution_of(name) == 32 for name in ("convs.5.noise.weight", "noises.noise_6"))

    ws = torch.randn(1, base.styles, 16)
    mixed = MixedGenerator(base, [loaded])

    def drawn(share):
        return mixed(ws, ws, None, torch.ones(1), torch.tensor([[0.0, 0.0, 0.0, share]])).float()

    clean = mixed(ws, ws, None, torch.ones(1)).float()
    assert (drawn(0.0) - clean).abs().max() <= 1  # of 255: rounding
    alone = (loaded.synthesis(ws, "const").clamp(-1, 1) + 1) * 127.5
    assert (drawn(1.0) - alone.permute(0, 2, 3, 1)).abs().max() < 2
    half, whole = ((drawn(share) - clean).abs().mean() for share in (0.5, 1.0))
    assert 0.25 * whole < half < 0.75 * whole
    assert whole > 1
