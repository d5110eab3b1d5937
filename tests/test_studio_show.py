"""The photo page beside a running show: its engines make the pictures, between its own, and the show goes on."""

import json
import urllib.request

import numpy as np
import pytest

from benchmarks.show_aside import show_aside
from installation.assembly.options import RunOptions
from installation.config import load_config
from tests.control.web.small_show import until
from tests.studio.conftest import change, decoded

STEADY = ("engine.backend=eager", "engine.precision=float32", "engine.device=cpu", "engine.threads=1", "engine.portrait_px=128")
QUIET = ("control.osc.enabled=false", "control.midi.enabled=false", "control.resume=false", "control.web.port=0", "canvas.mode=headless")
SMALL = ("canvas.width=320", "canvas.height=180", "canvas.renderer=plain", "models.children=[]")


def ask(url, body):
    with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=300) as reply:
        return reply.read()


@pytest.mark.slow
def test_a_portrait_is_made_while_the_show_goes_on():
    config = load_config(None, [*STEADY, *QUIET, *SMALL])
    with show_aside(config, RunOptions()) as show:
        url = show.desk.panel.studio_url
        until(lambda: show.health.portraits_per_face, seconds=300)
        told = json.loads(ask(f"{url}/pictures?sample=2", b""))
        assert told["chosen"] == 1
        drawn, visitors = show.health.presented.count, sum(show.health.portraits_per_face.values())
        one, wish = f"{url}/pictures/{told['id']}", {"faces": {"1": {"edit/age/amount": 2.0}}}
        before, after = (decoded(ask(f"{one}/{what}", json.dumps(wish).encode())) for what in ("before", "drawn"))
        assert change(before, after) > 0.5
        draft = decoded(ask(f"{one}/drawn", json.dumps({**wish, "fine": False}).encode()))
        assert np.abs(draft.mean(axis=(0, 1)) - after.mean(axis=(0, 1))).max() < 5
        until(lambda: show.health.presented.count > drawn and sum(show.health.portraits_per_face.values()) > visitors, seconds=120)
        assert not [fault for fault in show.health.faults if "Error" in fault]  # a slow machine may tell of slow turns
        assert show.encode.cache.misses <= show.health.captured  # the studio's face is none of the show's
        assert all(id in show.health.ids for id in show.health.portraits_per_face)
    assert show.atelier is not None and len(show.atelier._visits) == 0
