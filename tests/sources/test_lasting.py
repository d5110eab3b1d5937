"""A camera that is named by its number is found again when it comes back under another one."""

from pathlib import Path

import pytest

from installation.assembly import source as opening_module
from installation.assembly.source import SourceOpening
from installation.clock import MonotonicClock
from installation.config import load_config
from installation.errors import SourceError
from installation.operation.health import Health
from installation.sources.lasting import LastingNames
from installation.sources.scripted import ScriptedSource

LENS, PORT = "usb-Lens_7-video-index0", "pci-0000:00:14.0-usb-0:1:1.0-video-index0"


class Machine:
    """Folders as udev keeps them."""

    def __init__(self, folder: Path) -> None:
        self.devices, self.ids, self.ports = folder / "dev", folder / "dev" / "v4l" / "by-id", folder / "dev" / "v4l" / "by-path"
        for one in (self.ids, self.ports):
            one.mkdir(parents=True)
        self.names = LastingNames((self.ids, self.ports), self.devices)

    def plug(self, number: int, name: str = LENS, port: str = PORT) -> None:
        (self.devices / f"video{number}").touch()
        for folder, link in ((self.ids, name), (self.ports, port)):
            (folder / link).unlink(missing_ok=True)
            (folder / link).symlink_to(self.devices / f"video{number}")

    def unplug(self, number: int) -> None:
        device = self.devices / f"video{number}"
        for folder in (self.ids, self.ports):
            for link in folder.iterdir():
                if link.resolve() == device:
                    link.unlink()
        device.unlink()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("by_path", [False, True])
def test_a_camera_that_comes_back_under_another_number_is_the_same(machine: Machine, by_path: bool) -> None:
    spec = str(machine.devices / "video0") if by_path else "0"
    machine.plug(0)
    assert machine.names.now(spec) == spec
    machine.names.opened(spec)
    assert machine.names.now(spec) == spec  # as it was named, for as long as that is right
    machine.unplug(0)
    assert machine.names.now(spec) == spec
    machine.plug(2)
    assert machine.names.now(spec) == str(machine.ids / LENS)
    machine.plug(0, "usb-Other-video-index0", "pci-0000:00:14.0-usb-0:2:1.0-video-index0")  # which takes the number
    assert machine.names.now(spec) == str(machine.ids / LENS)
    machine.unplug(2)
    assert machine.names.now(spec) == spec  # what has the number now may be meant to stand in for it
    machine.plug(4, port="pci-0000:00:14.0-usb-0:3:1.0-video-index0")
    machine.names.opened(spec)
    assert machine.names.now(spec) == str(machine.ids / LENS)


def test_of_two_that_are_alike_the_port_tells(machine: Machine) -> None:
    other = "pci-0000:00:14.0-usb-0:2:1.0-video-index0"
    machine.plug(2, port=other)
    machine.plug(0)  # one name for both, and it leads to this one
    machine.names.opened("0")
    machine.unplug(0)
    (machine.ids / LENS).symlink_to(machine.devices / "video2")  # udev gives it to the one that is left
    assert machine.names.now("0") == "0"
    machine.plug(3)
    assert machine.names.now("0") == str(machine.ports / PORT)


def test_other_sources_are_what_they_are(machine: Machine) -> None:
    machine.plug(0)
    for spec in ("demo", "clip.mp4", "rtsp://camera/0", "stand-in:left", str(machine.ids / LENS), "/dev/video99", "²"):
        machine.names.opened(spec)
        assert machine.names.now(spec) == spec
    LastingNames((machine.devices / "none",), machine.devices).opened("0")


def test_the_show_opens_what_its_camera_is_called_now(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def found(spec: str, *_: object, **__: object) -> ScriptedSource:
        asked.append(spec)
        if not (machine.devices / "video0" if spec == "0" else Path(spec)).exists():
            raise SourceError("gone")
        return ScriptedSource([], MonotonicClock())

    monkeypatch.setattr(opening_module, "find_source", found)
    opening = SourceOpening(load_config(None, ["source=0"]), MonotonicClock(), Health(), False, names=machine.names)
    with pytest.raises(SourceError):
        opening.open()  # nothing is remembered of that
    machine.plug(0)
    opening.open()
    machine.unplug(0)
    assert opening.is_there() is False
    machine.plug(2)
    assert opening.is_there() is True
    opening.open()
    assert asked == ["0", "0", str(machine.ids / LENS)]
