"""The GPU's kernels, without a GPU: their source compiled for the CPU gives what the numpy twin gives, and nvcc takes it."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from installation.engines import pictures_twin as twin
from installation.engines.crops import NUMBERS, Cut, numbers_of
from installation.engines.cuda_pictures import SOURCE, difference_to_twin, open_cropper
from installation.engines.device import device_of
from installation.engines.pictures_twin import TwinCropper
from installation.errors import ConfigError

COMPILER = next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))), None)

# What CUDA has and C++ has not; and one call for each kernel that runs all its threads, one after the other.
ON_CPU = """
#include <cmath>
struct uint4 {{ unsigned int x, y, z, w; }};
struct float3 {{ float x, y, z; }};
struct Place {{ int x, y; }};
static uint4 make_uint4(unsigned int x, unsigned int y, unsigned int z, unsigned int w) {{ return {{x, y, z, w}}; }}
static float3 make_float3(float x, float y, float z) {{ return {{x, y, z}}; }}
static Place blockIdx, blockDim, threadIdx;
#define __global__
#define __device__ static
#include "{source}"
template <class F> static void all(int blocks, int rows, int threads, F kernel) {{
    blockDim = {{threads, 1}};
    for (int row = 0; row < rows; ++row)
        for (int block = 0; block < blocks; ++block)
            for (int thread = 0; thread < threads; ++thread) {{ blockIdx = {{block, row}}; threadIdx = {{thread, 0}}; kernel(); }}
}}
extern "C" void run_take(const unsigned int* words, uint4* pixels, int quads) {{
    all((quads + 63) / 64, 1, 64, [&] {{ take_frame(words, pixels, quads); }});
}}
extern "C" void run_cut(const unsigned int* pixels, int width, int height, const float* cuts, byte* crops, int size, int faces) {{
    all((size * size + 63) / 64, faces, 64, [&] {{ cut_faces(pixels, width, height, cuts, crops, size); }});
}}
extern "C" void run_give(const byte* from, unsigned int* words, long long count, int height, int width, long long next, long long down,
                         long long right, long long plane) {{
    all(int((count + 255) / 256), 1, 64, [&] {{ give_pictures(from, words, count, height, width, next, down, right, plane); }});
}}
"""


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    if COMPILER is None or sys.byteorder != "little":
        pytest.skip("there is no C++ compiler here")
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "on_cpu.cpp").write_text(ON_CPU.format(source=SOURCE))
    command = [
        COMPILER,
        "-std=c++17",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fPIC",
        "-shared",
        "-ffp-contract=off",
        "on_cpu.cpp",
        "-o",
        "on_cpu.so",
    ]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return ctypes.CDLL(str(folder / "on_cpu.so"))


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def frame(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def taken(kernels, image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    quads = -(-height * width // 4)
    words, pixels = np.zeros(12 * quads, np.uint8), np.zeros(4 * quads, np.uint32)
    words[: image.size] = image.ravel()
    kernels.run_take(pointer(words), pointer(pixels), ctypes.c_int(quads))
    return pixels


@pytest.mark.parametrize("shape", [(64, 48), (33, 7), (1, 1), (5, 2)])
def test_a_frame_arrives_as_its_twin(kernels, shape: tuple[int, int]) -> None:
    image = frame(*shape)
    pixels = taken(kernels, image)
    assert np.array_equal(pixels[: image.size // 3].reshape(image.shape[:2]), twin.take_frame(image))


class KernelCropper:
    """The kernels in the place of a GPU."""

    def __init__(self, kernels) -> None:
        self._kernels = kernels

    def __call__(self, image, cuts, out) -> None:
        height, width = image.shape[:2]
        pixels, size = taken(self._kernels, image), out[0].shape[0]
        numbers = np.zeros((len(cuts), NUMBERS), np.float32)
        numbers_of(cuts, numbers)
        crops = np.zeros((len(cuts), size, size, 3), np.uint8)
        sizes = [ctypes.c_int(number) for number in (width, height)]
        self._kernels.run_cut(pointer(pixels), *sizes, pointer(numbers), pointer(crops), ctypes.c_int(size), ctypes.c_int(len(cuts)))
        for crop, made in zip(out, crops, strict=True):
            crop[:] = made


@pytest.mark.parametrize("size", [16, 128, 250])
def test_crops_are_those_of_the_twin(kernels, size: int) -> None:
    assert difference_to_twin(KernelCropper(kernels), size) <= 1  # the check that a GPU has to pass as well


@pytest.mark.parametrize("shape", [(160, 90), (31, 47), (3, 200), (1, 1)])
@pytest.mark.parametrize("shrink", [1, 2, 3, 5])
def test_crops_of_any_frame_and_far_outside_of_it(kernels, shape: tuple[int, int], shrink: int) -> None:
    shrink = min(shrink, *shape)
    image, rng = frame(*shape), np.random.default_rng(shrink)
    cuts = [Cut(np.array([[s, -t, x], [t, s, y]]), shrink) for s, t, x, y in rng.uniform(-3, 3, (6, 4)) * (1, 1, 90, 90)]
    cuts.append(Cut(np.array([[1e9, 0.0, -1e9], [0.0, 1.0, 0.0]]), shrink))
    made, expected = ([np.zeros((32, 32, 3), np.uint8) for _ in cuts] for _ in range(2))
    KernelCropper(kernels)(image, cuts, made)
    TwinCropper()(image, cuts, expected)
    assert np.abs(np.array(made).astype(int) - np.array(expected)).max() <= 1
    assert (np.array(made) != np.array(expected)).mean() < 0.001


@pytest.mark.parametrize("shape", [(2, 8, 8, 3), (1, 5, 3, 3), (3, 7, 2, 3)])
def test_pictures_come_back_packed_from_any_order(kernels, shape: tuple[int, ...]) -> None:
    whole = np.random.default_rng(2).integers(0, 256, shape, np.uint8)
    planar = np.ascontiguousarray(whole.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)  # as networks leave them
    for pictures in (whole, planar, np.ascontiguousarray(whole[:, ::-1])[:, ::-1], np.repeat(whole, 2, axis=2)[:, :, ::2]):
        packed = np.zeros(whole.size + 4, np.uint8)
        numbers = [ctypes.c_longlong(stride) for stride in pictures.strides]
        count, height, width = pictures.shape[:3]
        kernels.run_give(
            pointer(pictures),
            pointer(packed),
            ctypes.c_longlong(count * height * width),
            ctypes.c_int(height),
            ctypes.c_int(width),
            *numbers,
        )
        assert np.array_equal(packed[: whole.size].reshape(shape), twin.give_pictures(pictures))
        assert not packed[whole.size :].any()  # nothing is written beyond the end


def test_nvcc_takes_the_kernels(tmp_path: Path) -> None:
    if shutil.which("nvcc") is None:
        pytest.skip("there is no nvcc here")
    for architecture in ("sm_75", "sm_90"):
        command = ["nvcc", f"-arch={architecture}", "-cubin", "-Werror", "all-warnings", str(SOURCE), "-o", str(tmp_path / "out.cubin")]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr


def test_a_wrong_crop_is_noticed_before_it_is_used() -> None:
    assert difference_to_twin(TwinCropper(), 64) == 0

    aside = np.array(((0, 0, 0.5), (0, 0, 0)))

    def half_a_pixel_off(image, cuts, out) -> None:
        TwinCropper()(image, [Cut(cut.matrix + aside, cut.shrink) for cut in cuts], out)

    assert difference_to_twin(half_a_pixel_off, 64) > 10


def test_without_a_gpu_the_cpu_cuts_and_nothing_is_said() -> None:
    assert open_cropper("cpu", 128) == (None, "")
    assert device_of("cpu") == "cpu"


def test_a_gpu_without_cupy_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)  # as if it were not installed
    cropper, notice = open_cropper("cuda", 128)
    assert cropper is None
    assert "no CuPy, so the CPU cuts the faces out; install the extra `gpu`" in notice and "\n" not in notice


def test_a_gpu_that_does_not_compile_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        @staticmethod
        def RawModule(code: str) -> None:
            raise RuntimeError("nvrtc: error: invalid value\nand forty lines more")

    monkeypatch.setitem(sys.modules, "cupy", Broken)
    cropper, notice = open_cropper("cuda", 128)
    assert cropper is None
    assert notice == "the GPU cannot cut the faces out (nvrtc: error: invalid value), so the CPU does"


def test_the_device_is_decided_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert [device_of(*asked) for asked in (("auto",), ("cuda",), ("auto", "cudagraph"), ("cpu",), ("auto", "openvino"))] == [
        "cuda", "cuda", "cuda", "cpu", "cpu",
    ]  # fmt: skip
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert device_of("auto") == "cpu"
    for asked in (("cuda",), ("auto", "cudagraph")):
        with pytest.raises(ConfigError, match="does not run on this machine"):
            device_of(*asked)
