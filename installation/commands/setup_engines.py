"""Measure the engines once, so that the first start need not: ``python -m installation setup-engines``."""

from __future__ import annotations

import argparse
from pathlib import Path

from installation.assembly.networks import build_networks, device_name, models_of, painter_settings
from installation.config import load_config
from installation.styles.painter import Painter


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m installation setup-engines", description="Measure which engine is fastest here.")
    parser.add_argument("--config", type=Path, metavar="FILE")
    parser.add_argument("--thorough", action="store_true", help="also torch.compile, which takes a minute to build")
    a = parser.parse_args(argv)
    config = load_config(a.config)
    stages = build_networks(config, models_of(config), a.thorough)
    encode, generate = stages.encode, stages.generate
    generate.wait()
    drawn = f"generator {generate.choice}, {generate.portrait_px} px, {generate.milliseconds():.0f} ms"
    painter = Painter(painter_settings(config), print)
    painter.prepare()
    painter.wait()
    styles = f"; styles {painter.long_side} px" if painter.long_side else ""
    print(f"{device_name()}: {drawn}; encoder {encode.choice}{styles}")
    if generate.fault:
        print(generate.fault)
    return 0
