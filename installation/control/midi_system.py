"""The system's MIDI through RtMidi (the package rtmidi2): ports by name, messages as mido's.

RtMidi speaks ALSA's sequencer, Core MIDI or JACK. Every error of its is an OSError here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import rtmidi2
from mido import Message

CLIENT = "Facets"  # under which the system's tools list this program


class SystemInput:
    """An open input. heard: told each message, in RtMidi's thread. Exclusive messages and active sensing are left out: they mean
    nothing here, and RtMidi would gather the first whole, however long."""

    def __init__(self, name: str, heard: Callable[[Message], None], api: int) -> None:
        with _errors():
            self._port = rtmidi2.MidiIn(CLIENT, api=api)
            self._port.ignore_types(midi_sysex=True, midi_time=False, midi_sense=True)
            self._port.callback = lambda data, seconds: _hand_on(data, heard)
            self._port.open_port(_number(self._port.ports, name))

    def close(self) -> None:
        """No message is heard afterwards."""
        with _errors():
            self._port.callback = None
            self._port.close_port()


class SystemOutput:
    """An open output."""

    def __init__(self, name: str, api: int) -> None:
        with _errors():
            self._port = rtmidi2.MidiOut(CLIENT, api=api)
            self._port.open_port(_number(self._port.ports, name))

    def send(self, message: Message) -> None:
        with _errors():
            self._port.send_raw(*message.bytes())

    def close(self) -> None:
        with _errors():
            self._port.close_port()


class RtMidi:
    """Every port of the system. api: one of rtmidi2's, the first that works where it is left out. Raises OSError where none does."""

    def __init__(self, api: int = rtmidi2.API_UNSPECIFIED) -> None:
        self._api = api
        with _errors():
            self._inputs, self._outputs = rtmidi2.MidiIn(CLIENT, api=api), rtmidi2.MidiOut(CLIENT, api=api)

    def get_input_names(self) -> list[str]:
        with _errors():
            return list(self._inputs.ports)

    def get_output_names(self) -> list[str]:
        with _errors():
            return list(self._outputs.ports)

    def open_input(self, name: str, *, callback: Callable[[Message], None]) -> SystemInput:
        return SystemInput(name, callback, self._api)

    def open_output(self, name: str) -> SystemOutput:
        return SystemOutput(name, self._api)


def _hand_on(data: Any, heard: Callable[[Message], None]) -> None:
    """A message of bytes; what is none (a cable that was pulled in the middle of one) is passed over."""
    with contextlib.suppress(ValueError):
        heard(Message.from_bytes(data))


def _number(ports: list[str], name: str) -> int:
    if name not in ports:  # unplugged since it was listed
        raise OSError(f"{name}: there is no such MIDI port")
    return ports.index(name)


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """RtMidi's errors come as RuntimeError and ValueError."""
    try:
        yield
    except (RuntimeError, ValueError, IndexError) as err:
        raise OSError(str(err)) from err
