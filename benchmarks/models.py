"""How fast a published model runs in the mirror's engines, beside the eager arithmetic of its authors, in one run.

    scripts/run -m benchmarks.models [--size 256] [--rounds 7] [--precision float32 bf16]
    scripts/run -m benchmarks.models --cuda [--size 1024]

A random pSp of full width (IR-SE-50 GradualStyleEncoder and StyleGAN2): speed does not depend on what it has learnt. Each
round runs reference and engine one after the other, so that a neighbour's burst meets both; the medians are printed, with the
machine's float32 matrix rate and the share of stolen time. Where other programs keep the cores busy, ``--busy`` compares
processor time on one thread instead.
"""

import argparse
import copy
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.mirror import cpu_times, matrix_rate
from benchmarks.reference_arithmetic import ReferenceDecoder
from installation.engines.base import Choice, Engine, Network
from installation.engines.fingerprint import digest
from installation.engines.select import EngineSettings, build, candidates, choose, relative_error
from installation.networks.encoder_parts import WholeEncoder, example_crops
from installation.networks.fused_psp import fused
from installation.networks.ir_se import BackbonePlan, BlockPlan
from installation.networks.mixed_generator import MixedCodes, MixedGenerator, as_bytes
from installation.networks.psp_encoders import EncoderPlan, PublishedEncoder
from installation.networks.stylegan2 import Generator, channel_table

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "engines"
STAGES = ((64, 3), (128, 4), (256, 14), (512, 3))  # width and blocks of IR-SE-50
NARROW = ((8, 1), (8, 1), (16, 1), (16, 1))
WORK = {256: 2 * 89e9, 1024: 2 * 148e9}  # FLOP to encode and to draw one face


@dataclass(frozen=True)
class Pair:
    """One part of the work: as its authors run it, and as our engines do."""

    name: str
    reference: nn.Module
    network: Network


@torch.no_grad()
def random_psp(size: int, small: bool) -> tuple[PublishedEncoder, Generator]:
    """Untrained, with activations of ordinary size. small: a few channels, to try the program itself."""
    torch.manual_seed(0)
    blocks, width = [], (NARROW if small else STAGES)[0][0]
    stem, w_dim = width, 32 if small else 512
    for depth, count in NARROW if small else STAGES:
        for index in range(count):
            blocks.append(BlockPlan(width, depth, 2 if index == 0 else 1, max(1, depth // 16)))
            width = depth
    generator = Generator(size, w_dim, 8, dict.fromkeys(channel_table(size), 8) if small else channel_table(size))
    encoder = PublishedEncoder(EncoderPlan("GradualStyleEncoder", BackbonePlan(3, stem, tuple(blocks)), generator.styles, w_dim))
    for module in encoder.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    for block in encoder.network.body:
        block.res_layer[3].weight.mul_(0.3)  # as trained ones do, a block adds a little to what passes by it
    for name, value in generator.named_parameters():
        if name.endswith("noise.weight"):
            nn.init.constant_(value, 0.1)
    return encoder.eval().requires_grad_(False), generator.eval().requires_grad_(False)


class AsBytes(nn.Module):
    """A decoder's pictures as the mirror needs them."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, ws: Tensor) -> Tensor:
        return as_bytes(self.decoder(ws))


def pairs(size: int, batch: int, small: bool) -> list[Pair]:
    """Encoder and generator."""
    encoder, generator = random_psp(size, small)
    quick = WholeEncoder(fused(copy.deepcopy(encoder)), generator.styles).eval()
    ws = generator.mapping(torch.randn(batch, generator.style_dim)).contiguous()
    drawn = MixedCodes(MixedGenerator(generator)).eval()
    key = digest(quick, generator)
    encode = Network(f"bench-psp-{size}-{batch}", quick, (example_crops(batch, encoder.input_px),), key)
    draw = Network(f"bench-stylegan2-{size}-{batch}", drawn, (ws,), key)
    whole = WholeEncoder(encoder, generator.styles).eval()
    return [Pair("encode", whole, encode), Pair("generate", AsBytes(ReferenceDecoder(generator)).eval(), draw)]


def milliseconds(run: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    run()
    return (clock() - start) * 1e3


@torch.inference_mode()
def compare(pair: Pair, engine: Engine, rounds: int, busy: bool) -> tuple[float, float, float]:
    """Median milliseconds of the reference and of the engine, and the engine's relative error. busy: see above."""
    example = pair.network.example
    arrays = [value.numpy() for value in example]
    error = relative_error(pair.reference(*example).numpy(), engine(*arrays)[0])
    threads, times = 1 if busy else len(os.sched_getaffinity(0)), []
    clock = time.process_time if busy else time.perf_counter
    for _ in range(rounds):
        torch.set_num_threads(threads)
        reference = milliseconds(lambda: pair.reference(*example), clock)
        times.append((reference, milliseconds(lambda: engine(*arrays), clock)))
    return statistics.median(t[0] for t in times), statistics.median(t[1] for t in times), error


def on_cpu(size: int, rounds: int, precisions: Sequence[str], small: bool, busy: bool) -> None:
    """The chosen engine, and any precision asked for, against the reference."""
    stolen, total = cpu_times()
    print(f"float32 matrix rate {matrix_rate():.0f} GFLOP/s on {torch.get_num_threads()} threads; one face, {size} px")
    print("part       engine                        reference ms  engine ms  speed-up  relative error")
    work = pairs(size, 1, small)
    threads = 1 if busy else 0
    for precision in precisions if busy else ["auto", *precisions]:
        sums = [0.0, 0.0]
        for pair in work:
            settings = EngineSettings("auto" if precision == "auto" else "openvino", precision, threads, "cpu", CACHE)
            if precision == "auto":
                engine = choose(pair.network, settings)
            else:
                engine = build(pair.network, candidates(settings, thorough=False)[0], CACHE)
            slow, fast, error = compare(pair, engine, rounds, busy)
            sums = [sums[0] + slow, sums[1] + fast]
            print(f"{pair.name:<10} {engine.choice!s:<29} {slow:12.0f}  {fast:9.0f}  {slow / fast:7.2f}x  {error:.1e}", flush=True)
        print(f"{'both':<10} {precision:<29} {sums[0]:12.0f}  {sums[1]:9.0f}  {sums[0] / sums[1]:7.2f}x", flush=True)
    stolen, total = (b - a for a, b in zip((stolen, total), cpu_times(), strict=True))
    print(f"float32 matrix rate {matrix_rate():.0f} GFLOP/s at the end; {100 * stolen / max(1, total):.1f} % of the time stolen")


def half_rate() -> float:
    """FLOP/s of a float16 8192³ matrix product on the card."""
    a = torch.randn(8192, 8192, device="cuda", dtype=torch.float16)
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    for _ in range(3):
        a @ a
    start.record()
    for _ in range(10):
        a @ a
    end.record()
    torch.cuda.synchronize()
    return 10 * 2 * 8192**3 / (start.elapsed_time(end) / 1e3)


def on_cuda(size: int, rounds: int, small: bool) -> None:
    """One face and four, encoded and drawn, with CUDA graphs: from the crop in memory to the portrait in memory."""
    rate = half_rate()
    print(f"{torch.cuda.get_device_name()}: float16 matrix rate {rate / 1e12:.0f} TFLOP/s; {size} px")
    print("faces  precision  p50 ms  p95 ms  faces/s  share of the matrix rate  relative error")
    for batch in (1, 4):
        for precision in ("fp16", "bf16"):
            work = pairs(size, batch, small)
            engines = [build(pair.network, Choice("cudagraph", precision, 1), None) for pair in work]
            inputs = [[value.numpy() for value in pair.network.example] for pair in work]
            with torch.inference_mode():
                expected = [pair.network.module(*pair.network.example).numpy() for pair in work]
            error = max(relative_error(e, engine(*i)[0]) for e, engine, i in zip(expected, engines, inputs, strict=True))

            def face(engines: Sequence[Engine] = engines, inputs: Sequence[Sequence[object]] = inputs) -> None:
                for engine, arrays in zip(engines, inputs, strict=True):
                    engine(*arrays)  # type: ignore[arg-type]

            times = sorted(milliseconds(face) for _ in range(rounds))
            middle = times[rounds // 2]
            share = batch * WORK.get(size, 0.0) / (middle / 1e3) / rate
            tail, rate_of_faces = times[int(rounds * 0.95)], 1e3 * batch / middle
            print(
                f"{batch:5}  {precision:<9}  {middle:6.2f}  {tail:6.2f}  {rate_of_faces:7.0f}  {share:24.2f}  {error:.1e}",
                flush=True,
            )


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a published model against its own eager arithmetic.")
    parser.add_argument("--size", type=int, help="px of the generator; 256, with --cuda 1024")
    parser.add_argument("--rounds", type=int, help="7, with --cuda 200")
    parser.add_argument("--precision", nargs="*", default=[], help="OpenVINO precisions to measure beside the chosen engine")
    parser.add_argument("--busy", action="store_true", help="processor time on one thread, where the cores are shared")
    parser.add_argument("--cuda", action="store_true", help="one face and four on a CUDA machine")
    parser.add_argument("--small", action="store_true", help="a few channels only, to try this program")
    a = parser.parse_args()
    if a.cuda:
        on_cuda(a.size or 1024, a.rounds or 200, a.small)
    else:
        on_cpu(a.size or 256, a.rounds or 7, a.precision or ["float32"] * a.busy, a.small, a.busy)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
