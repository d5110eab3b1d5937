"""What the tools that work on codes have in common on the command line: which models."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from installation.config import load_config
from installation.darkroom.code_words import CodeBench, Wanted, is_picture, open_code_bench
from installation.operation.patience import told
from installation.registry.manifest import signed


def add_models(parser: argparse.ArgumentParser) -> None:
    """The options that name models."""
    parser.add_argument("--generator", type=Path, metavar="FILE", help="any that can be read, StyleGAN3 too; default: the embedded one")
    parser.add_argument("--encoder", type=Path, metavar="FILE", help="codes photographs; default: the embedded one, or the generator's")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration that names models")


def bench_of(a: argparse.Namespace, words: Sequence[str] = (), directions: bool = False) -> CodeBench:
    """What these options name. words: the faces that are asked for, of which photographs need an encoder. Raises FacetsError."""
    config = load_config(a.config)
    wanted = Wanted(a.generator, a.encoder, any(is_picture(word) for word in words), directions)
    a.generator_file = a.generator or config.models.generator
    with told(f"reading {a.generator_file.name}", lambda line: print(f"facets: {line}", file=sys.stderr)):
        bench = open_code_bench(wanted, config)
    for notice in bench.base.notices if bench.models is None else bench.models.notices:
        print(f"facets: {notice}", file=sys.stderr)
    return bench


def signature(a: argparse.Namespace, bench: CodeBench) -> dict[str, str]:
    """What a code says of the generator that draws it."""
    return {"generator": signed(a.generator_file), "generator_name": Path(a.generator_file).stem}
