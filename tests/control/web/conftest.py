"""A running server over the whole table of controls, with no show behind it."""

import asyncio
from collections.abc import Iterator

import pytest

from installation.config import ControlConfig, OscConfig, WebConfig
from installation.control.osc.server import OscServer
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.control.web.preview import Preview
from installation.control.web.server import WebPanel
from installation.observation import Observation

ATTRIBUTES = ("smile", "age", "gender", "hair-length")
CHILDREN = ("painted", "toon")
PRESETS = ("calm", "snow")
SEEN = Observation(12.5, 2, ((3, 0.4), (4, 0.9)), 29.5, 14.0, 180.0, 7, 900.0, "openvino", "facets", 128, ("a fault",))


def table(attributes=ATTRIBUTES, presets=PRESETS):
    return parameter_table(attributes, CHILDREN, presets=presets)


def control_config(**web) -> ControlConfig:
    return ControlConfig(osc=OscConfig(port=0, out_port=0), web=WebConfig(**{"port": 0, **web}))


class Stage:
    """State, OSC and web server together."""

    def __init__(self, config: ControlConfig | None = None) -> None:
        self.state = ControlState(table())
        config = config or control_config()
        self.preview = Preview(allowed=True)
        self.seen = SEEN
        self.osc = OscServer(self.state, config.osc)
        self.panel = WebPanel(self.state, config, lambda: self.seen, self.preview, osc_port=lambda: self.osc.port, camera=Preview(True))

    def __enter__(self) -> "Stage":
        self.osc.start()
        self.panel.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.panel.stop()
        self.osc.stop()
        assert not asyncio.all_tasks(self.panel._loop)  # what is left would say so in the log of whoever comes after


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as running:
        yield running
