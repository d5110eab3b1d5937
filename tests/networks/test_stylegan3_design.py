"""New StyleGAN3 generators: the layers that are computed are those that the published programs recorded in their files."""

from pathlib import Path

import pytest
import torch

from installation.checkpoints.nvlabs_pickle import read_pickle
from installation.networks.stylegan3_design import Design, lowpass, new_generator, radial_lowpass

PARITY = Path(__file__).resolve().parents[1] / "data" / "parity"
# scipy.signal.firwin(12, cutoff, width=width, fs=rate), the first half; and the middle row of the published jinc of the same.
FIRWIN = {
    (2.0, 12.0, 32.0): (0.0007919, 0.0100183, 0.0389495, 0.0924128, 0.1565256, 0.2013019),
    (32.0, 64 * 2**0.3 - 64, 128.0): (0.0233742, 0.0344493, -0.0508807, -0.0786152, 0.1396104, 0.4320619),
}
JINC = {
    (2.0, 12.0, 32.0): (0.0002053, 0.0022786, 0.008198, 0.0185422, 0.0305334, 0.0387549),
    (12.7, 10.6, 64.0): (-0.0003848, -0.0066429, -0.007472, 0.0171937, 0.0687049, 0.1137614),
}


@pytest.mark.parametrize("kind", ["t", "r"])
def test_its_layers_and_filters_are_the_published_ones(kind):
    published = read_pickle(PARITY / f"stylegan3_{kind}_64_small.pkl")
    new = new_generator(Design(64, kind == "r", 2048, 48, 64))
    assert new.plan == published.plan
    filters = {name: value for name, value in published.named_buffers() if name.endswith("_filter")}
    assert len(filters) == 28
    for name, value in new.named_buffers():
        if name in filters:
            assert torch.allclose(value, filters[name], atol=1e-7), name


@pytest.mark.parametrize("numbers", FIRWIN)
def test_filters_are_windowed_sincs(numbers):
    taps = lowpass(12, *numbers)
    assert torch.allclose(taps[:6], torch.tensor(FIRWIN[numbers]), atol=1e-6) and torch.allclose(taps, taps.flip(0), atol=1e-7)
    assert lowpass(1, *numbers) is None


@pytest.mark.parametrize("numbers", JINC)
def test_radial_filters_are_windowed_jincs(numbers):
    taps = radial_lowpass(12, *numbers)
    assert torch.allclose(taps[5, :6], torch.tensor(JINC[numbers]), atol=1e-6)
    assert torch.allclose(taps, taps.T, atol=1e-7) and float(taps.sum()) == pytest.approx(1, abs=1e-5)
    assert radial_lowpass(1, *numbers) is None


@pytest.mark.parametrize(("size", "layers", "margin"), [(16, 3, 1), (64, 7, 3), (64, 14, 10), (128, 9, 10)])
@pytest.mark.parametrize("radial", [False, True], ids=["t", "r"])
def test_any_design_draws_its_size(size, layers, margin, radial):
    generator = new_generator(Design(size, radial, 8 * size, 8, 16, layers=layers, margin=margin))
    with torch.inference_mode():
        picture = generator.synthesis(generator.mapping(torch.randn(1, 16)))
    assert picture.shape == (1, 3, size, size) and bool(torch.isfinite(picture).all()) and 0.001 < float(picture.std()) < 10


def test_its_waves_fill_the_disc_of_the_band():
    torch.manual_seed(1)
    start = new_generator(Design(64, False, 1 << 16, 4000, 16, layers=3)).synthesis.input
    radii = start.freqs.norm(dim=1) / start.plan.bandwidth
    # Evenly over the disc: half of them are beyond 0.707 of its radius.
    assert float(radii.max()) <= 1.0 and float((radii > 0.5**0.5).float().mean()) == pytest.approx(0.5, abs=0.03)
    assert float(start.affine.weight.detach().abs().max()) == 0 and start.affine.bias.tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("design", "reason"),
    [
        ({"size": 48}, "power of two"),
        ({"size": 8}, "from 16"),
        ({"size": 64, "layers": 2}, "at least 3"),
        ({"size": 64, "channel_base": 60}, "too few"),
    ],
)
def test_a_design_that_cannot_be_is_refused(design, reason):
    with pytest.raises(ValueError, match=reason):
        Design(**design)
