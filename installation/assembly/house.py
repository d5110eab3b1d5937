"""What tells the house of this mirror: the heartbeat, where the configuration names a broker."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from installation.config import Config
from installation.errors import ConfigError
from installation.observation import Measures, Observation
from installation.operation.heartbeat import Broker, Heartbeat, check_package
from installation.places import kept

LONGEST = 4096  # bytes of a password's file


def broker_of(config: Config) -> Broker | None:
    """The broker; None where none is named. Raises ConfigError: a package or a password's file that is not there."""
    m = config.operation.mqtt
    if not m.host:
        return None
    try:
        check_package()
    except ConfigError as err:
        raise config.error({"operation.mqtt.host": str(err)}) from None
    password = ""
    if m.password_file:
        try:
            password = _secret(kept(m.password_file))
        except (OSError, ValueError) as err:
            raise config.error({"operation.mqtt.password_file": f"cannot be read ({getattr(err, 'strerror', None) or err})"}) from None
    return Broker(m.host, m.port, m.tls, m.user, password, m.topic, m.name or socket.gethostname(), m.seconds)


def _secret(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(LONGEST).decode().strip()


def heartbeat_of(
    config: Config,
    observe: Callable[[], Observation],
    measure: Callable[[], Measures],
    fault: Callable[[str, str], None],
    over: Callable[[str], None],
) -> Heartbeat | None:
    """The heartbeat, not started yet; None where none is wanted. Raises ConfigError as ``broker_of``."""
    broker = broker_of(config)
    return None if broker is None else Heartbeat(broker, observe, measure, fault, over)
