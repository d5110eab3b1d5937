"""Small stand-ins for what scores need: a random model, networks that judge, aligned faces of a real clip."""

import struct
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from installation.checkpoints.loading import save_encoder, save_generator
from installation.clock import FrameClock
from installation.sources.base import CaptureSettings
from installation.sources.video import video_file
from installation.stages.align import Align
from installation.stages.track import Track, TrackSettings
from installation.training.model import Model, Shape

CLIPS = Path(__file__).resolve().parents[2] / "data"
SHAPE = Shape(64, 32, 0, 512, 32)


def write_model(folder: Path) -> tuple[Path, Path]:
    """Files of a tiny random generator and encoder."""
    torch.manual_seed(3)
    model = Model(SHAPE).eval()
    generator, encoder = folder / "generator.safetensors", folder / "encoder.safetensors"
    save_generator(model.generator, generator, torch.zeros(model.generator.styles, 32), {})
    save_encoder(model.encoder, encoder, {})
    return generator, encoder


def aligned_faces(count: int, every: int = 3) -> list[np.ndarray]:
    """Crops [256, 256, 3] of the persons in the clips, in turn."""
    crops = []
    for name in ("please.mkv", "yes.mkv"):
        clock, track, align = FrameClock(30.0), Track(TrackSettings(max_faces=1)), Align(256)
        with video_file(CLIPS / name, CaptureSettings(loop=False), clock, realtime=False) as source:
            for index in range(count // 2 * every):
                frame = source.read()
                clock.advance()
                tracked = track.track(frame)
                if index % every == 0:
                    crops.append(align.align(tracked).faces[0].crop.copy())
    return crops


def write_faces(folder: Path, crops: list[np.ndarray]) -> None:
    for k, crop in enumerate(crops):
        Image.fromarray(crop).save(folder / f"face-{k:02}.png")


def write_nets(folder: Path) -> Path:
    """A random perceptual network, and an identity network that averages eight by eight blocks: alike is what looks alike."""
    folder.mkdir(exist_ok=True)
    torch.manual_seed(0)
    widths = [3, 4, 4, 8, 4, 8, 8, 8, 8, 8, 8]
    tensors = {}
    for layer in range(1, 11):
        tensors[f"conv{layer}.weight"] = torch.randn(widths[layer], widths[layer - 1], 3, 3) / 6
        tensors[f"conv{layer}.bias"] = torch.zeros(widths[layer])
    save_file(tensors, folder / "darknet-tiny-imagenet.safetensors")
    kernel = np.zeros((3, 3, 8, 8), np.float32)
    kernel[range(3), range(3)] = 1 / 64
    (folder / "mobilefacenet.onnx").write_bytes(block_means(kernel))
    return folder


def block_means(kernel: np.ndarray) -> bytes:
    """An ONNX file of one convolution, x -> y, whose stride is its kernel's side."""
    side = kernel.shape[-1]
    bias = np.zeros(len(kernel), np.float32)
    attributes = [("strides", [side, side]), ("pads", [0, 0, 0, 0]), ("dilations", [1, 1]), ("group", [1])]
    node = b"".join(_text(1, name) for name in ("x", "weight", "bias")) + _text(2, "y") + _text(4, "Conv")
    for name, values in attributes:
        field = _number(3, values[0]) if name == "group" else b"".join(_number(8, v) for v in values)
        node += _message(5, _text(1, name) + field)
    graph = _message(1, node) + _message(5, _tensor("weight", kernel)) + _message(5, _tensor("bias", bias))
    return _message(7, graph + _message(11, _text(1, "x")) + _message(12, _text(1, "y")))


def _tensor(name: str, value: np.ndarray) -> bytes:
    return b"".join(_number(1, d) for d in value.shape) + _number(2, 1) + _text(8, name) + _message(9, value.tobytes())


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += struct.pack("B", value & 127 | 128)
        value >>= 7
    return out + struct.pack("B", value)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())


def frame_of(name: str, index: int) -> np.ndarray:
    """One frame [H, W, 3] of a clip."""
    clock = FrameClock(30.0)
    with video_file(CLIPS / name, CaptureSettings(loop=False), clock, realtime=False) as source:
        for _ in range(index):
            source.read()
        return source.read().image.copy()
