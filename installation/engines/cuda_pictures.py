"""Pictures to a GPU, on it and back, in CuPy: the frame's upload, the crops of all faces, and what the networks drew.

One kernel each, from ``pictures.cu``. Memory is torch's, and CuPy shares it (DLPack), so that nothing is copied between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from installation.engines.crops import NUMBERS, Cropper, Cut, numbers_of
from installation.engines.device import Device
from installation.engines.pictures_twin import TwinCropper
from installation.messages import Image

SOURCE = Path(__file__).with_name("pictures.cu")
THREADS = 256  # of a block
MOST_DIFFERENCE = 1  # grey level between the GPU's crop and its twin's


class Kernels:
    """The three kernels, compiled for this GPU; CuPy keeps the result on disk. Raises ImportError without CuPy, and whatever CuPy
    raises where they cannot be compiled."""

    def __init__(self) -> None:
        import cupy

        self.cupy: Any = cupy
        module = cupy.RawModule(code=SOURCE.read_text(encoding="utf-8"))
        self._take, self._cut, self._give = (module.get_function(name) for name in ("take_frame", "cut_faces", "give_pictures"))

    def stream(self) -> Any:
        """torch's current stream, for a ``with``: what torch does next waits for the kernels and they for what it did."""
        return self.cupy.cuda.ExternalStream(torch.cuda.current_stream().cuda_stream)

    def shared(self, tensor: Tensor) -> Any:
        """A tensor on the GPU as an array of CuPy, in the same memory."""
        return self.cupy.from_dlpack(tensor)

    def take_frame(self, words: int, pixels: Any, quads: int) -> None:
        """words: address of pinned memory, 12 bytes for each of ``quads``; pixels: uint32 [4 · quads] on the GPU."""
        self._take((-(-quads // THREADS),), (THREADS,), (np.uintp(words), pixels, np.int32(quads)))

    def cut_faces(self, pixels: Any, frame: tuple[int, int], cuts: Any, crops: Any, count: int) -> None:
        """frame: width and height, px; cuts: float32 [N, 8], crops: uint8 [N, S, S, 3] on the GPU; count: how many of them."""
        size = crops.shape[1]
        grid = (-(-size * size // THREADS), count)
        self._cut(grid, (THREADS,), (pixels, np.int32(frame[0]), np.int32(frame[1]), cuts, crops, np.int32(size)))

    def give_pictures(self, pictures: Any, words: int) -> None:
        """pictures: uint8 [N, H, W, 3] on the GPU, in any order of its bytes; words: address of as many bytes of pinned memory."""
        count, height, width = pictures.shape[:3]
        pixels = count * height * width
        strides = [np.int64(stride) for stride in pictures.strides]
        arguments = (pictures, np.uintp(words), np.int64(pixels), np.int32(height), np.int32(width), *strides)
        self._give((-(-pixels // (4 * THREADS)),), (THREADS,), arguments)


class CudaCropper:
    """Crops [size, size, 3] on the GPU. Its memory grows with the frame and the number of faces, and is used again."""

    def __init__(self, kernels: Kernels, size: int) -> None:
        self._kernels, self._size = kernels, size
        self._frame = torch.empty(0, dtype=torch.uint8, pin_memory=True)
        self._pixels = torch.empty(0, dtype=torch.int32, device="cuda")
        self._hold(1)

    def _hold(self, faces: int) -> None:
        self._told = torch.zeros(faces, NUMBERS, pin_memory=True)
        self._cuts = torch.zeros(faces, NUMBERS, device="cuda")
        self._crops = torch.empty(faces, self._size, self._size, 3, dtype=torch.uint8, device="cuda")
        self._back = torch.empty(faces, self._size, self._size, 3, dtype=torch.uint8, pin_memory=True)

    def __call__(self, image: Image, cuts: Sequence[Cut], out: Sequence[Image]) -> None:
        if not cuts:
            return
        if len(cuts) > len(self._told):
            self._hold(len(cuts))
        count = len(cuts)
        numbers_of(cuts, self._told.numpy())
        self._cuts.copy_(self._told, non_blocking=True)
        kernels = self._kernels
        with kernels.stream():
            pixels = kernels.shared(self._upload(image))
            crops = kernels.shared(self._crops)
            kernels.cut_faces(pixels, (image.shape[1], image.shape[0]), kernels.shared(self._cuts), crops, count)
            kernels.give_pictures(crops[:count], self._back.data_ptr())
        torch.cuda.current_stream().synchronize()
        for crop, back in zip(out, self._back.numpy(), strict=False):
            crop[:] = back

    def _upload(self, image: Image) -> Tensor:
        """The frame on the GPU, int32 [at least H · W], a word a pixel."""
        quads = -(-image.shape[0] * image.shape[1] // 4)
        if self._frame.numel() != 12 * quads:
            self._frame = torch.zeros(12 * quads, dtype=torch.uint8, pin_memory=True)
            self._pixels = torch.empty(4 * quads, dtype=torch.int32, device="cuda")
        self._frame.numpy()[: image.size].reshape(image.shape)[:] = image
        self._kernels.take_frame(self._frame.data_ptr(), self._kernels.shared(self._pixels), quads)
        return self._pixels


class WayBack:
    """Brings what a network left on the GPU to pinned memory: pictures by the kernel, everything else by a copy of torch's. Where CuPy
    is not installed or the kernel does not run, torch copies everything."""

    def __init__(self, results: Sequence[Tensor]) -> None:
        self._results = list(results)
        self.pinned = [torch.empty(r.shape, dtype=r.dtype, pin_memory=True) for r in results]
        self._kernels: Kernels | None = None
        self._shared: list[Any] = [None] * len(self._results)
        pictures = [k for k, r in enumerate(results) if r.dtype == torch.uint8 and r.ndim == 4 and r.shape[-1] == 3]
        if pictures and not self._share(pictures):
            self._shared = [None] * len(self._results)

    def _share(self, pictures: Sequence[int]) -> bool:
        """Let the kernel fetch these results. Whether it does, and right."""
        try:
            self._kernels = kernels = Kernels()
            for k in pictures:
                self._shared[k] = kernels.shared(self._results[k])
            self()
        except Exception:  # CuPy and its compiler fail in many ways, and torch does without them
            return False
        return all(torch.equal(self.pinned[k], self._results[k].cpu()) for k in pictures)

    def __call__(self) -> None:
        """Fetch all results; they are in ``pinned`` when this returns."""
        for result, pinned, shared in zip(self._results, self.pinned, self._shared, strict=True):
            if shared is None or self._kernels is None:
                pinned.copy_(result, non_blocking=True)
            else:
                with self._kernels.stream():
                    self._kernels.give_pictures(shared, pinned.data_ptr())
        torch.cuda.current_stream().synchronize()


def open_cropper(device: Device, size: int) -> tuple[Cropper | None, str]:
    """What cuts faces out on the device of the networks, and one sentence for the operator where that is not the GPU though there is
    one. None: the CPU does it. The GPU's crop is compared with its twin's before it is used."""
    if device == "cpu":
        return None, ""
    try:
        cropper = CudaCropper(Kernels(), size)
        difference = difference_to_twin(cropper, size)
    except ImportError:
        return None, "there is a GPU but no CuPy, so the CPU cuts the faces out; install the extra `gpu`, or `pip install cupy-cuda13x`"
    except Exception as err:  # a driver that is too old, a compiler that is missing
        return None, f"the GPU cannot cut the faces out ({str(err).splitlines()[0] if str(err) else type(err).__name__}), so the CPU does"
    if difference > MOST_DIFFERENCE:
        return None, f"the GPU cuts faces out wrongly (by {difference} grey levels), so the CPU does"
    return cropper, ""


def difference_to_twin(cropper: Cropper, size: int) -> int:
    """Largest difference in grey levels between a cropper's crops and its twin's, of a frame of noise: one crop inside, one that is
    turned and shrunk, and one that hangs over a corner."""
    image = np.random.default_rng(0).integers(0, 256, (90, 161, 3), np.uint8)
    matrices: list[tuple[list[list[float]], int]] = [
        ([[80 / size, 0.0, 30.2], [0.0, 80 / size, 4.6]], 1),
        ([[30 / size, -20 / size, 25.0], [20 / size, 30 / size, 10.0]], 2),
        ([[90 / size, 9 / size, -41.3], [-9 / size, 90 / size, -30.1]], 1),
    ]
    cuts = [Cut(np.array(matrix), shrink) for matrix, shrink in matrices]
    crops: list[list[NDArray[np.uint8]]] = []
    for one in (cropper, TwinCropper()):
        out = [np.zeros((size, size, 3), np.uint8) for _ in cuts]
        one(image, cuts, out)
        crops.append(out)
    return max(int(np.abs(a.astype(int) - b).max()) for a, b in zip(*crops, strict=True))
