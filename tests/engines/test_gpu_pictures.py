"""The kernels on a GPU. Skipped where there is none: test_pictures.py runs their source on the CPU."""

import importlib.util

import numpy as np
import pytest
import torch
from torch import nn

from installation.engines.base import Choice, Network
from installation.engines.cuda_pictures import CudaCropper, Kernels, WayBack, difference_to_twin, open_cropper
from installation.engines.pictures_twin import TwinCropper
from installation.engines.torch_engines import CudaGraphEngine
from installation.networks.mixed_generator import as_bytes
from installation.stages.align import align_batch, align_image

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU with CUDA here"),
    pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy is not installed (the extra `gpu`)"),
]


@pytest.mark.parametrize("size", [128, 256])
def test_crops_are_those_of_the_twin(size: int) -> None:
    assert difference_to_twin(CudaCropper(Kernels(), size), size) <= 1
    cropper, notice = open_cropper("cuda", size)
    assert isinstance(cropper, CudaCropper) and notice == ""


def test_faces_come_and_go_and_frames_change_their_size() -> None:
    rng, cropper = np.random.default_rng(3), CudaCropper(Kernels(), 128)
    for width, height, faces in ((640, 480, 1), (640, 480, 5), (1280, 720, 2), (333, 217, 0), (333, 217, 8)):
        image = rng.integers(0, 256, (height, width, 3), np.uint8)
        places = [np.array([[s, -t, x], [t, s, y]]) for s, t, x, y in rng.uniform(0.2, 4, (faces, 4)) * (1, 1, 90, 60)]
        made, expected = ([np.zeros((128, 128, 3), np.uint8) for _ in places] for _ in range(2))
        align_batch(image, places, made, cropper)
        align_batch(image, places, expected, TwinCropper())
        for place, crop, other in zip(places, made, expected, strict=True):
            assert np.abs(crop.astype(int) - other).max() <= 2
            assert (np.abs(crop.astype(int) - align_image(image, place, 128)) > 1).mean() < 1e-3


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_pictures_come_back_as_torch_copies_them(layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    pictures = as_bytes(torch.rand(3, 3, 64, 64, device="cuda").to(memory_format=layout) * 2 - 1)
    codes = torch.randn(3, 14, 256, device="cuda")
    back = WayBack([pictures, codes])
    assert back._shared[0] is not None and back._shared[1] is None
    for turn in range(2):
        pictures.add_(turn)
        back()
        assert torch.equal(back.pinned[0], pictures.cpu()) and torch.equal(back.pinned[1], codes.cpu())


def test_a_recorded_network_gives_its_pictures() -> None:
    class Draws(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return as_bytes(torch.tanh(x))

    example = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    engine = CudaGraphEngine(Network("draws", Draws(), (example,), "0"), Choice("cudagraph", "float32", 1))
    for _ in range(3):
        fresh = np.random.default_rng(4).standard_normal(example.shape, np.float32)
        got, expected = engine(fresh)[0], as_bytes(torch.tanh(torch.from_numpy(fresh))).numpy()
        assert np.abs(got.astype(int) - expected).max() <= 1
