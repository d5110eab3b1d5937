"""The mixed generator against the generators it mixes, and the residual that edits push aside."""

import copy

import pytest
import torch
import torch.nn.functional as F

from installation.networks.mixed_generator import MixedCodes, MixedGenerator, Pair, WholePicture, ghost_mask
from installation.networks.stylegan2 import Generator

CHANNELS = {4: 16, 8: 16, 16: 12, 32: 8}


@pytest.fixture(scope="module")
def family():
    torch.manual_seed(3)
    return [Generator(32, 24, 0, CHANNELS).eval().requires_grad_(False) for _ in range(3)]


def as_bytes(picture):
    return ((picture.clamp(-1, 1) + 1) * 127.5 + 0.5).permute(0, 2, 3, 1).to(torch.uint8)


def differ(a, b):
    return int((a.int() - b.int()).abs().max())


def test_without_a_mix_it_draws_the_base(family):
    ws = torch.randn(2, family[0].styles, 24)
    drawn = MixedGenerator(family[0], family[1:])(ws, ws, None, torch.ones(2))
    assert differ(drawn, as_bytes(family[0].synthesis(ws, "none"))) <= 1


@pytest.mark.parametrize("child", [0, 1])
def test_a_whole_share_draws_the_child(family, child):
    ws = torch.randn(1, family[0].styles, 24)
    mix = torch.zeros(2, 4)
    mix[child] = 1.0
    drawn = MixedGenerator(family[0], family[1:])(ws, ws, None, torch.ones(1), mix)
    assert differ(drawn, as_bytes(family[child + 1].synthesis(ws, "none"))) <= 1


def test_layer_swap_equals_a_generator_with_swapped_layers(family):
    base, child = family[:2]
    swapped = Generator(32, 24, 0, CHANNELS)
    state = {k: (child if k.startswith(("convs.4", "convs.5", "to_rgbs.2")) else base).state_dict()[k] for k in base.state_dict()}
    swapped.load_state_dict(state)
    ws = torch.randn(1, base.styles, 24)
    drawn = MixedGenerator(base, [child])(ws, ws, None, torch.ones(1), torch.tensor([[0.0, 0.0, 0.0, 1.0]]))
    with torch.no_grad():
        assert differ(drawn, as_bytes(swapped.synthesis(ws, "none"))) <= 1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("mixed", [False, True])
def test_half_precision_stays_half_from_layer_to_layer(family, dtype, mixed):
    base = copy.deepcopy(family[0])
    for name, value in base.named_parameters():
        if name.endswith("noise.weight"):
            torch.nn.init.constant_(value, 0.2)
    module = MixedCodes(MixedGenerator(base, family[1:])).eval()
    seen = []
    for layer in module.generator.layers:
        layer.register_forward_hook(lambda _module, _inputs, output: seen.append(output.dtype))
    ws, mix = torch.randn(1, family[0].styles, 24), torch.full((2, 4), 0.3) if mixed else None
    with torch.autocast("cpu", dtype):
        half = module(ws, mix)
    assert set(seen) == {dtype}
    whole = module(ws, mix)
    assert (half.float() - whole.float()).norm() < 0.05 * (whole.float() - 127.5).norm()


def test_a_whole_picture_is_made_smaller_by_averaging(family):
    ws = torch.randn(1, family[0].styles, 24)
    picture = family[0].synthesis(ws, "const")
    assert differ(WholePicture(family[0], 32)(ws), as_bytes(picture)) == 0
    assert differ(WholePicture(family[0], 8)(ws), as_bytes(F.avg_pool2d(picture, 4))) == 0


def test_the_residual_is_drawn_in_full_where_nothing_is_edited(family):
    ws, detail, expand = torch.randn(1, family[0].styles, 24), torch.randn(1, 4, 16, 16), torch.randn(12, 4, 1, 1) * 0.3
    drawn = MixedGenerator(family[0], (), expand)(ws, ws, detail, torch.ones(1))
    expected = family[0].synthesis(ws, "none", None, F.conv2d(detail, expand))
    assert differ(drawn, as_bytes(expected)) <= 1
    off = MixedGenerator(family[0], (), expand)(ws, ws, detail, torch.zeros(1))
    assert differ(off, as_bytes(family[0].synthesis(ws, "none"))) <= 1


def test_an_edit_pushes_the_residual_aside_where_it_changes_the_features():
    plain = torch.randn(1, 8, 16, 16)
    edited = plain.clone()
    edited[..., :8] += 3.0
    mask = ghost_mask(plain, edited)
    assert mask.shape == (1, 1, 16, 16)
    assert mask[..., :6].max() < 0.01
    assert mask[..., 10:].min() == 1.0


def test_generators_of_other_widths_are_refused(family):
    with pytest.raises(ValueError, match="cannot be mixed"):
        MixedGenerator(family[0], [Generator(32, 24, 0, {**CHANNELS, 16: 10})])


def test_a_pair_is_the_edited_portrait_and_the_plain_one(family):
    expand = torch.randn(8, 4, 1, 1) * 0.3
    generator = MixedGenerator(family[0], (), expand)
    ws = torch.randn(2, family[0].styles, 24)
    edited = ws + 0.3 * torch.randn_like(ws)
    detail, carried, gain = torch.randn(2, 4, 32, 32), torch.randn(2, 4, 32, 32), torch.tensor([1.0, 0.6])
    both = Pair(generator)(ws, edited, detail, carried, gain)
    assert differ(both[0], generator(ws, edited, carried, gain)) <= 1
    assert differ(both[1], generator(ws, ws, detail, gain)) <= 1
    assert differ(both[0], both[1]) > 10
