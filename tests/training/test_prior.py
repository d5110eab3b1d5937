from pathlib import Path

import pytest
import torch

from installation.checkpoints.loading import load_generator, save_generator
from installation.networks.stylegan2 import Generator
from installation.training.prior import components, fit_prior, sliced_wasserstein


def faces(count: int, styles: int, dim: int) -> torch.Tensor:
    """Codes of two kinds of faces, each kind along its own line."""
    generator = torch.Generator().manual_seed(4)
    axes = torch.randn(3, styles * dim, generator=generator)
    amounts = torch.randn(count, 3, generator=generator) * torch.tensor([1.0, 0.5, 0.1])
    amounts[: count // 2, 0] += 4
    return (amounts @ axes + 2.0).view(count, styles, dim)


def test_components_rebuild_the_codes() -> None:
    codes = faces(200, 8, 16).flatten(1)
    middle, directions, coordinates = components(codes, 16)
    assert coordinates.shape == (200, 3) and torch.allclose(middle + coordinates @ directions[:, :3].T, codes, atol=1e-2)
    assert coordinates.std(dim=0) == pytest.approx(torch.ones(3), abs=1e-3)


def test_samples_are_distributed_as_the_faces_and_survive_the_file(tmp_path: Path) -> None:
    base = Generator(32, 16, 0, {4: 8, 8: 8, 16: 8, 32: 8})
    codes = faces(800, base.styles, 16)
    left = fit_prior(base, codes, steps=250)
    z = torch.randn(800, 16, generator=torch.Generator().manual_seed(1))
    samples = base.mapping(z)
    apart = float(sliced_wasserstein(torch.randn(800, 16) * 3, torch.zeros(800, 16)))
    assert left < 0.1 < apart
    assert (samples.mean(dim=0) - codes.mean(dim=0)).norm() < 0.3 * codes.std(dim=0).norm()
    assert samples.std(dim=0).norm() == pytest.approx(float(codes.std(dim=0).norm()), rel=0.25)
    assert torch.allclose(base.mapping(z, 0.0), base.latent_avg.expand(800, -1, -1), atol=1e-5)

    save_generator(base, tmp_path / "g.safetensors", base.latent_avg, {})
    again = load_generator(tmp_path / "g.safetensors")
    assert (again.mapping(z, 0.7) - base.mapping(z, 0.7)).norm() < 2e-2 * base.mapping(z, 0.7).norm()
