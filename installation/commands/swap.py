"""Make one generator of two: the coarse layers of one, the fine layers of the other.

python -m installation swap A B --at 32 --width 1.0 --coarse-from A --out FILE
"""

import argparse
from pathlib import Path

from installation.checkpoints.loading import CheckpointError, load_generator, save_generator
from installation.errors import ConfigError
from installation.models.layer_swap import swap_shares, swapped
from installation.networks.stylegan2 import Generator
from installation.output_file import check_output, whole_file
from installation.registry.manifest import signed


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m installation swap", description="Make one generator of two: coarse layers of one, fine layers of the other."
    )
    parser.add_argument("a", type=Path, metavar="A", help="file of a generator")
    parser.add_argument("b", type=Path, metavar="B", help="file of a generator of the same shape; a child may lack layers that A has")
    parser.add_argument("--at", type=int, default=32, metavar="PX", help="the first resolution of the fine half, default 32")
    parser.add_argument("--width", type=float, default=1.0, metavar="OCTAVES", help="over how many octaves they blend; 0 is a hard cut")
    parser.add_argument("--coarse-from", choices=("A", "B"), default="A", help="whose coarse layers; the other gives the fine ones")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .safetensors file")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    args = parser.parse_args(argv)
    check_output(args.out, args.force, [args.a, args.b])
    a, b = load_pair(args.a, args.b)
    if args.at not in a.resolutions:
        raise ConfigError(f"--at: {args.at}: {args.a} has layers of {', '.join(map(str, a.resolutions))} px")
    try:
        shares = swap_shares(a.resolutions, args.at, args.width)
        if args.coarse_from == "A":
            coarse, fine, files = a, b, (args.a, args.b)
        else:
            coarse, fine, files = b, a, (args.b, args.a)
        result = swapped(coarse, fine, shares)
    except ValueError as err:
        raise ConfigError(f"{args.a} and {args.b} cannot be swapped: {err}") from err
    card = {"name": args.out.stem, "coarse": signed(files[0]), "fine": signed(files[1]), "at": str(args.at), "width": str(args.width)}
    with whole_file(args.out) as part:
        save_generator(result, part, result.latent_avg.expand(result.styles, -1), card)
    print(f"{args.out}: {files[0].name} below, {files[1].name} from {args.at} px")
    for resolution, share in zip(result.resolutions, shares, strict=True):
        print(f"{resolution:>5} px  {share:4.0%} {files[1].name}")
    return 0


def load_pair(first: Path, second: Path) -> tuple[Generator, Generator]:
    """Both generators; a child's file is completed by the other one. Raises CheckpointError."""
    try:
        a = _stylegan2(first)
    except CheckpointError as whole:
        b = _stylegan2(second)
        try:
            return _stylegan2(first, b), b
        except CheckpointError:
            raise whole from None
    try:
        return a, _stylegan2(second)
    except CheckpointError as whole:
        try:
            return a, _stylegan2(second, a)
        except CheckpointError:
            raise whole from None


def _stylegan2(path: Path, base: Generator | None = None) -> Generator:
    generator = load_generator(path, base).layered
    if generator is None:
        raise CheckpointError(f"{path}: a StyleGAN3 generator; its layers have no resolutions to swap at, StyleGAN2 is needed")
    for notice in generator.notices:
        print(f"note: {notice}")
    return generator


if __name__ == "__main__":
    raise SystemExit(main())
