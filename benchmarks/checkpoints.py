"""Memory and time of loading a published 1024 px pSp checkpoint (about 1.2 GB, random weights, in a temporary folder).

    python -m benchmarks.checkpoints

Each load runs in a process of its own; what is printed is its peak resident memory above that before the load, over the
size of the file. The aim for encoder and generator together is below 1.3.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AIM = 1.3
PARTS = ("generator", "encoder", "both")
STAGES = ((64, 3), (128, 4), (256, 14), (512, 3))  # widths and blocks of IR-SE-50
SQUEEZE = 16


def build(path: Path, size: int) -> None:
    """Write a pSp checkpoint with random weights for pictures of ``size`` pixels."""
    import torch

    from installation.checkpoints.generator_plan import GeneratorPlan
    from installation.networks.ir_se import BackbonePlan, BlockPlan
    from installation.networks.psp_encoders import EncoderPlan, GradualStyleEncoder
    from installation.networks.stylegan2 import channel_table

    blocks, width = [], 64
    for depth, count in STAGES:
        for index in range(count):
            blocks.append(BlockPlan(width, depth, 1 if index else 2, depth // SQUEEZE))
            width = depth
    plan = GeneratorPlan(size, 512, 8, dict(channel_table(size)))
    with torch.device("meta"):
        encoder = GradualStyleEncoder(EncoderPlan("GradualStyleEncoder", BackbonePlan(3, 64, tuple(blocks)), plan.styles, 512))
        networks = {"encoder": encoder, "decoder": plan.build()}
    state = {
        f"{part}.{name}": torch.randn(value.shape) if value.is_floating_point() else torch.zeros(value.shape, dtype=value.dtype)
        for part, network in networks.items()
        for name, value in network.state_dict().items()
    }
    options = argparse.Namespace(encoder_type="GradualStyleEncoder", output_size=size, start_from_latent_avg=True)
    torch.save({"state_dict": state, "opts": options, "latent_avg": torch.randn(plan.styles, 512)}, path)


def resident(key: str) -> int:
    """Bytes of VmRSS (now) or VmHWM (the most so far) of this process."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def measure(path: Path, part: str) -> None:
    """Load in this process and print the peak."""
    import torch  # noqa: F401 - what the program has in memory anyway

    from installation.checkpoints.loading import load_encoder, load_generator

    before, start = resident("VmRSS"), time.perf_counter()
    held = [load(path) for load, name in ((load_encoder, "encoder"), (load_generator, "generator")) if part in (name, "both")]
    seconds = time.perf_counter() - start
    size = path.stat().st_size
    numbers = sum(value.numel() * value.element_size() for network in held for value in network.state_dict().values())
    peak = resident("VmHWM") - before
    print(f"{part:>10}: peak {peak / 1e6:7.0f} MB = {peak / size:.3f} of the file; networks {numbers / 1e6:7.0f} MB; {seconds:.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1024, help="pixels of the generator's pictures")
    parser.add_argument("--step", choices=("build", *PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.step == "build":
        build(a.file, a.size)
        return 0
    if a.step:
        measure(a.file, a.step)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"psp_{a.size}.pt")
        again = [sys.executable, "-m", "benchmarks.checkpoints", "--size", str(a.size), "--file", str(file), "--step"]
        subprocess.run([*again, "build"], check=True, env=os.environ)
        print(
            f"pSp with a {a.size} px generator: {file.stat().st_size / 1e6:.0f} MB on disk; the aim is a peak below {AIM} of it", flush=True
        )
        for part in PARTS:
            subprocess.run([*again, part], check=True, env=os.environ)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
