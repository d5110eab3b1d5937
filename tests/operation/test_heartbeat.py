"""The house hears whether a mirror is there and how it fares, and a broker that is gone stops no show."""

import json
import os
import socket
import sys
import time

import pytest

from installation.assembly.house import broker_of
from installation.config import load_config
from installation.errors import ConfigError
from installation.observation import FaultRecord, Measures, Observation
from installation.operation import heartbeat as module
from installation.operation.heartbeat import Broker as Wanted
from installation.operation.heartbeat import Heartbeat, heartbeat
from installation.operation.supervisor import STOP_SECONDS
from run_installation import main
from tests.operation.small_broker import Broker

FAULT = FaultRecord("capture", "0: gone", "", "", 0.0, 0.0, 1)
OVER = FaultRecord("x", "over by now", "", "", 0.0, 0.0, 1, "", 1.0)
SEEN = Observation(61.2, 2, ((7, 0.5),), 29.96, 21.4, 74.6, 12, 811.7, "openvino", "facets", 256, (), (), (FAULT, OVER))


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


class Mirror:
    def __init__(self, broker_port, **other):
        self.faults, self.over = [], []
        wanted = Wanted(**{"host": "127.0.0.1", "port": broker_port, "tls": False, "user": "", "password": "", "topic": "house/facets",
                           "name": "left mirror/+#", "seconds": 0.05, **other})  # fmt: skip
        measures = Measures(visitors=31, gap=0.041)
        self.beat = Heartbeat(wanted, lambda: SEEN, lambda: measures, lambda text, kind: self.faults.append((text, kind)), self.over.append)
        self.beat.start()


@pytest.fixture
def broker():
    one = Broker()
    yield one
    one.close()


ONLINE, BEAT = "house/facets/left-mirror-/online", "house/facets/left-mirror-/heartbeat"


def test_it_is_there_beats_and_says_goodbye(broker):
    mirror = Mirror(broker.port)
    until(lambda: len(broker.published) > 4)
    assert broker.published[0] == (ONLINE, "true", 1, True)
    topic, payload, quality, retained = broker.published[1]
    body = json.loads(payload)
    assert (topic, quality, retained) == (BEAT, 1, True)
    assert (body["fps"], body["faces"], body["visitors"], body["gap_ms"], body["faults"]) == (30.0, 2, 31, 41, ["0: gone"])
    assert broker.keep_alive == module.KEEP_LEAST and mirror.faults == []
    mirror.beat.stop()
    mirror.beat.stop()
    assert broker.retained[ONLINE] == "false" and broker.published[-1] == (ONLINE, "false", 1, True)


def test_one_that_dies_is_called_dead_by_the_broker_and_comes_back(broker):
    mirror = Mirror(broker.port)
    until(lambda: BEAT in broker.retained)
    broker.clients[0].shutdown(socket.SHUT_RDWR)
    until(lambda: (ONLINE, "false", 1, True) in broker.published)
    until(lambda: broker.published.count((ONLINE, "true", 1, True)) == 2)
    assert mirror.faults and mirror.faults[0][1] == module.KIND and "the broker does not answer" in mirror.faults[0][0]
    assert mirror.over[-1] == module.KIND
    mirror.beat.stop()


def test_a_broker_that_comes_later(broker, monkeypatch):
    monkeypatch.setattr(module, "FIRST", 0.05)
    port = broker.port
    broker.close()
    mirror = Mirror(port)
    until(lambda: len(mirror.faults) >= 2)
    later = Broker(port=port)
    until(lambda: BEAT in later.retained)
    mirror.beat.stop()
    later.close()


def test_a_broker_that_says_nothing_does_not_keep_the_end_waiting():
    with socket.socket() as silent:  # takes connections, as a machine that hangs does
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        mirror = Mirror(silent.getsockname()[1])
        silent.accept()
        began = time.monotonic()
        mirror.beat.stop()
        assert time.monotonic() - began < STOP_SECONDS  # of all parts together


def test_a_password(monkeypatch):
    monkeypatch.setattr(module, "FIRST", 0.05)
    broker = Broker(("mirror", "geheim"))
    wrong = Mirror(broker.port, user="mirror", password="other")
    until(lambda: broker.refused and wrong.faults)
    wrong.beat.stop()
    right = Mirror(broker.port, user="mirror", password="geheim")
    until(lambda: BEAT in broker.retained)
    right.beat.stop()
    broker.close()


def test_one_that_never_begins_holds_no_file_and_can_be_ended():
    before = len(os.listdir("/proc/self/fd"))
    one = Heartbeat(Wanted("127.0.0.1", 1, False, "", "", "facets", "left", 1.0), lambda: SEEN, Measures, pytest.fail, pytest.fail)
    assert len(os.listdir("/proc/self/fd")) == before
    one.stop()


def test_nothing_of_a_visitor_is_told():
    body = heartbeat(SEEN, Measures())
    assert not {"smiles", "slots", "ids"} & set(body) and "0.5" not in json.dumps(body)


def test_what_the_configuration_says(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("geheim\n")
    lines = ("host=broker.local", "name=left", "user=u", f"password_file={secret}", "tls=true", "port=8883")
    mqtt = [f"operation.mqtt.{line}" for line in lines]
    assert broker_of(load_config(None, mqtt)) == Wanted("broker.local", 8883, True, "u", "geheim", "facets", "left", 30.0)
    assert broker_of(load_config()) is None
    assert broker_of(load_config(None, ["operation.mqtt.host=x"])).name == socket.gethostname()
    with pytest.raises(ConfigError, match=r"operation\.mqtt\.password_file: .*: cannot be read \(No such file"):
        broker_of(load_config(None, ["operation.mqtt.host=x", "operation.mqtt.password_file=/none"]))
    for topic in ("a/#", "+", "$SYS"):
        with pytest.raises(ConfigError, match=r"operation\.mqtt\.topic"):
            load_config(None, [f"operation.mqtt.topic={topic}"])


def test_a_package_that_is_missing_is_said_plainly(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "aiomqtt", None)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert main(["--validate-config", "--set", "operation.mqtt.host=broker"]) == 2
    told = capsys.readouterr().err
    assert "--set operation.mqtt.host=broker: operation.mqtt.host: 'broker': the heartbeat needs the Python package aiomqtt" in told
    assert "pip install aiomqtt" in told
