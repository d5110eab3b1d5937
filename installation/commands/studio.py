"""The photo page without a mirror beside it: one server, one link.

python -m installation studio
python -m installation studio --host 0.0.0.0    # for phones in this network; the link then lets one in for a short time

Photographs stay in the memory of this machine, and are gone when their page closes.
"""

from __future__ import annotations

import argparse
import select
import sys
import threading
import time
from pathlib import Path

import cv2

from installation.assembly.networks import build_networks, models_of, table_of
from installation.config import Config, load_config
from installation.control.state import ControlState
from installation.control.web.preview import Preview
from installation.control.web.server import WebPanel
from installation.models.bundle import Models
from installation.observation import Observation
from installation.operation.health import rss_mb
from installation.operation.saying import say
from installation.operation.signals import on_ending
from installation.stages.silhouette import Silhouette
from installation.studio.atelier import Atelier
from installation.studio.networks import StudioNetworks
from installation.studio.portraying import Offer
from installation.styles.library import Library

WAIT = 0.5  # s between two looks at the keyboard


def main(argv: list[str] | None = None) -> int:
    """0 done. Raises FacetsError where a model is missing or the port is taken."""
    a = _arguments(argv)
    overrides = [f"control.web.{key}={value}" for key, value in (("host", a.host), ("port", a.port)) if value is not None]
    config = load_config(a.config, [*a.set, *overrides])
    cv2.setNumThreads(1)
    models = models_of(config)
    ended = threading.Event()
    with on_ending(ended.set):
        atelier, panel = opened(config, models)
        try:
            panel.start()
            _say_link(panel)
            _wait(panel, ended)
        finally:
            panel.stop()
            atelier.close()
    return 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m installation studio", description="Edit photographs in a browser, without a mirror.")
    parser.add_argument("--host", metavar="ADDRESS", help="address to listen on, 0.0.0.0 for every network (this machine alone)")
    parser.add_argument("--port", type=int, metavar="N", help="TCP port to listen on, 0: any free one (8600)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one configuration key")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration: models, engines, styles, the token")
    return parser.parse_args(argv)


def opened(config: Config, models: Models) -> tuple[Atelier, WebPanel]:
    """The studio, and its server, which does not listen yet. Raises FacetsError."""
    library = Library(config.models.styles)
    palette, notice = library.look()
    for text in filter(None, (library.notice, notice)):
        say(f"facets: {text}")
    table, began = table_of(models, palette), time.monotonic()
    stages = build_networks(config, models)
    stages.generate.wait()
    atelier = Atelier(config, Offer(models, lambda: table, lambda: models.directions, lambda: palette), alone=True)
    atelier.use(StudioNetworks(stages, Silhouette()), None)

    def observe() -> Observation:
        """There is no show: nobody is seen, and nothing is presented."""
        seconds, generate = time.monotonic() - began, stages.generate
        return Observation(seconds, 0, (), 0.0, 0.0, 0.0, 0, rss_mb(), generate.choice, models.name, generate.portrait_px, ())

    return atelier, WebPanel(ControlState(table), config.control, observe, Preview(), osc_port=lambda: None, studio=atelier)


def _say_link(panel: WebPanel) -> None:
    say(f"facets: the studio is at {panel.studio_url}")
    if panel.public:
        say("facets: that link lets one browser in, for a minute and a half; Enter makes another" if sys.stdin.isatty() else _TOKEN)
    say("facets: Ctrl-C ends it")


_TOKEN = "facets: that link lets one browser in, for a minute and a half; control.web.token in the configuration lets it in at any time"


def _wait(panel: WebPanel, ended: threading.Event) -> None:
    """Until it is to end; Enter asks for another link."""
    while not ended.is_set():
        if not sys.stdin.isatty():
            ended.wait(WAIT)
        elif select.select([sys.stdin], [], [], WAIT)[0]:
            if not sys.stdin.readline():  # the terminal is gone
                ended.wait()
            elif not ended.is_set():
                say(f"facets: the studio is at {panel.studio_url}")


if __name__ == "__main__":
    raise SystemExit(main())
