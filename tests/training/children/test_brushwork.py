"""The painter's strokes: where they lie, and how a child takes them along."""

import torch

from installation.checkpoints.loading import load_generator, resolution_of, save_generator
from installation.networks.mixed_generator import MixedGenerator
from installation.networks.stylegan2 import Generator
from installation.training.children.brushwork import brushwork, noise_picture, painted, smear
from installation.training.children.image_filters import luma

SIDE = 128


def change(x, dx, dy):
    return (x - x.roll((dy, dx), dims=(2, 3))).abs().mean()


def test_smear_draws_out_along_the_strokes_alone():
    noise = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    level = torch.ones(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)
    drawn = smear(noise, *level, 6)
    assert change(drawn, 1, 0) < 0.3 * change(drawn, 0, 1)
    assert torch.allclose(smear(torch.full((2, 3, 64, 64), 0.4), *level, 6), torch.tensor(0.4), atol=1e-5)
    turned = smear(noise, -level[0], level[1], 6)  # a stroke has no front
    assert torch.allclose(turned, drawn, atol=1e-5)


def test_strokes_are_the_same_for_everyone_and_go_around_the_head():
    first = brushwork(SIDE)
    brushwork.cache_clear()
    again = brushwork(SIDE)
    assert torch.equal(first.strokes, again.strokes) and torch.equal(first.bristles, again.bristles)
    # Beside the head they rise or fall; above it they lie.
    beside, above = (slice(66, 78), slice(12, 22)), (slice(4, 12), slice(58, 70))
    assert first.down[0, 0][beside].abs().mean() > 0.7 > first.down[0, 0][above].abs().mean()


def test_strokes_are_bold_around_the_face_and_spare_the_eyes():
    plain = torch.full((1, 3, SIDE, SIDE), 0.2)
    drawn = luma(painted(plain))[0, 0]
    background, eye = drawn[30:100, 2:14], drawn[56:62, 44:52]
    assert background.std() > 0.05
    assert eye.std() < 0.5 * background.std()
    assert abs(float(drawn.mean()) - 0.2) < 0.15


def test_a_child_takes_its_strokes_along_and_the_base_stays_clean(tmp_path):
    torch.manual_seed(3)
    channels = dict.fromkeys((4, 8, 16, 32), 8)
    base = Generator(32, 16, 0, channels).eval().requires_grad_(False)
    child = Generator(32, 16, 0, channels).eval().requires_grad_(False)
    child.load_state_dict(base.state_dict())
    child.noises.get_buffer("noise_6").copy_(noise_picture(32, 32))
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
    assert torch.equal(drawn(0.0), clean)
    alone = (loaded.synthesis(ws, "const").clamp(-1, 1) + 1) * 127.5
    assert (drawn(1.0) - alone.permute(0, 2, 3, 1)).abs().max() < 2
    half, whole = ((drawn(share) - clean).abs().mean() for share in (0.5, 1.0))
    assert 0.25 * whole < half < 0.75 * whole
    assert whole > 1
