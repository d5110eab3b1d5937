"""What the tools that work on codes have in common on the command line: which models."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from installation.assembly.networks import models_of
from installation.config import load_config
from installation.darkroom.code_words import CodeBench, is_picture, open_code_bench
from installation.registry.manifest import signed


def add_models(parser: argparse.ArgumentParser) -> None:
    """The options that name models."""
    parser.add_argument("--generator", type=Path, metavar="FILE", help="any that can be read, StyleGAN3 too; default: the embedded one")
    parser.add_argument("--encoder", type=Path, metavar="FILE", help="codes photographs; default: the embedded one, or the generator's")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration that names models")


def bench_of(a: argparse.Namespace, words: Sequence[str] = (), directions: bool = False) -> CodeBench:
    """What these options name. words: the faces that are asked for, of which photographs need an encoder. Raises FacetsError."""
    config = load_config(a.config)
    pictures = any(is_picture(word) for word in words)
    bench = open_code_bench(a.generator, a.encoder, pictures, directions, lambda: models_of(config))
    a.generator_file = a.generator or a.encoder or config.models.generator
    for notice in bench.base.notices if bench.models is None else bench.models.notices:
        if a.generator is not None or a.encoder is not None:
            print(f"facets: {notice}", file=sys.stderr)
    return bench


def signature(a: argparse.Namespace, bench: CodeBench) -> dict[str, str]:
    """What a code says of the generator that draws it."""
    return {"generator": signed(a.generator_file), "generator_name": Path(a.generator_file).stem}
