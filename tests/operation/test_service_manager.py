"""What a service manager hears, on a real socket."""

import os
import socket

import pytest

from installation.operation.service_manager import LONGEST, SHARE, STATUS_SECONDS, ServiceManager
from installation.soak.program import Program
from tests.test_safe_show import LONG, SMALL


class Manager:
    """Listens as systemd does."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.setblocking(False)
        self.heard = []

    def hear(self):
        """Everything that has come since the last time, a list of lines for each datagram."""
        new = []
        try:
            while True:
                new.append(self.socket.recv(4096).decode().split("\n"))
        except BlockingIOError:
            self.heard += new
            return new

    def close(self):
        self.socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(tmp_path, request):
    address = str(tmp_path / "notify") if request.param == "path" else f"@facets-test-{os.getpid()}"
    listening = Manager(address)
    listening.address = address
    yield listening
    listening.close()


def test_ready_with_the_first_picture_then_the_watchdog_and_at_the_end_that_it_stops(manager):
    told = ServiceManager.of({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "9000000"}, lambda: "29.9 fps,\nfaces 2")
    assert told.watchdog == 9.0
    told(100.0)
    assert manager.hear() == [["READY=1", "WATCHDOG=1", "STATUS=29.9 fps, faces 2"]]
    heard = []
    for tenth in range(1, 301):
        told(100.0 + tenth / 10)
        heard += [line for lines in manager.hear() for line in lines]
    assert heard.count("WATCHDOG=1") == int(30 / (9.0 / SHARE)) and heard.count("STATUS=29.9 fps, faces 2") == int(30 / STATUS_SECONDS)
    assert "READY=1" not in heard
    told.stopping()
    told.stopping()
    told(200.0)
    assert manager.hear() == [["STOPPING=1", "STATUS=ending"]]


def test_no_picture_no_word(manager):
    ServiceManager.of({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "1000000"})
    assert manager.hear() == []


def test_a_start_that_takes_long_asks_for_more_time_but_not_for_ever(manager):
    told = ServiceManager.of({"NOTIFY_SOCKET": manager.address})
    for second in range(4000):
        told.starting(50.0 + second, "measuring " + "x" * 500)
        manager.hear()
    asked = manager.heard
    assert 80 < len(asked) < 100
    assert all(lines[0] == "EXTEND_TIMEOUT_USEC=60000000" and len(lines[1]) == len("STATUS=") + LONGEST for lines in asked)


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "relative"}, {"NOTIFY_SOCKET": "/nobody/is/there"}])
def test_nobody_listens(environ):
    told = ServiceManager.of({**environ, "WATCHDOG_USEC": "what"})
    told.starting(0.0, "x")
    told(1.0)
    told.stopping()


def test_the_watchdog_of_another_process_is_not_ours(manager):
    one = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "5000000"}
    assert ServiceManager.of({**one, "WATCHDOG_PID": str(os.getpid())}).watchdog == 5.0
    assert ServiceManager.of({**one, "WATCHDOG_PID": "1"}).watchdog == 0.0


def test_a_manager_that_does_not_listen_stops_no_picture(manager):
    told = ServiceManager.of({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "3"}, lambda: "x")
    for second in range(10_000):
        told(float(second))  # its queue is full long before
    assert told.lost > 1000


def test_the_real_show_is_ready_with_its_pictures_pets_and_says_that_it_stops(tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000000"}
    with Program(tmp_path / "show", SMALL, environ) as show:
        show.start()

        def count(line):
            manager.hear()
            return sum(line in lines for lines in manager.heard)

        show.until(lambda: count("READY=1"), "that it is ready", LONG)
        assert (show.figure("facets_presented_total") or 0) >= 1 and count("READY=1") == 1
        show.until(lambda: count("WATCHDOG=1") >= 4, "that its pictures go on", LONG)
        assert any(line.startswith("STATUS=") and " fps, " in line for lines in manager.heard for line in lines)
        assert count("STOPPING=1") == 0
        assert show.end(LONG) == 0
        assert count("STOPPING=1") == 1
    manager.close()
