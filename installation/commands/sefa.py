"""Find a generator's strongest directions without any data.

python -m installation sefa --generator F --count 8 --layers 0-6 --out F.safetensors
"""

import argparse
from pathlib import Path

from installation.checkpoints.loading import load_generator
from installation.errors import ConfigError
from installation.latents.direction_files import plain_name
from installation.latents.direction_lists import parse_layers
from installation.latents.directions import save_directions
from installation.models.sefa import sefa
from installation.output_file import check_output, whole_file


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m installation sefa", description="Find a generator's strongest directions.")
    parser.add_argument("--generator", type=Path, required=True, metavar="FILE")
    parser.add_argument("--count", type=int, default=8, help="how many, strongest first")
    parser.add_argument("--layers", metavar="0-6", help="styles that they move, the last one included; default all")
    parser.add_argument("--name", default="sefa", help="what their controls are called: NAME-1, NAME-2, …")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .safetensors file for models.directions")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    a = parser.parse_args(argv)
    check_output(a.out, a.force, [a.generator])
    generator = load_generator(a.generator)
    for notice in generator.notices:
        print(f"note: {notice}")
    try:
        layers = parse_layers(a.layers) if a.layers is not None else None
        directions = sefa(generator, a.count, layers, plain_name(a.name))
    except ValueError as err:
        raise ConfigError(f"{a.generator}: {err}") from err
    with whole_file(a.out) as part:
        save_directions(directions, part, {"method": "closed-form factorisation", "generator": a.generator.name})
    first, end = directions[0].layers
    print(f"{a.out}: {directions[0].name} to {directions[-1].name}, layers {first}-{end - 1}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
