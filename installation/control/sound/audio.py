"""Sound as a hand: how loud it is, as a whole and in three bands, from a microphone or a line in. An optional extra."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from installation.control.sound.levels import Analyser, block_size
from installation.errors import ConfigError
from installation.latents.oscillators import SILENCE, Levels

log = logging.getLogger(__name__)

LOOK = 0.5  # s between two looks at whether the device is still there
STALE = 0.5  # s without a block, after which it is silent
LOST = 2.0  # s without a block, after which the device is opened anew
RETRY = 3.0  # s between two tries to open it
MISSING = "control.audio.enabled: true: needs the sound extra; install it with 'pip install sounddevice', or set false"

Hear = Callable[[NDArray[np.float32]], None]  # a block, [samples, channels], -1…1


class Stream(Protocol):
    """An open input. active: whether blocks still come."""

    active: bool

    def close(self) -> None:
        """Let go of the device."""
        ...


class Sound(Protocol):
    """The system's sound."""

    def open(self, device: str, hear: Callable[[float], Hear]) -> Stream:
        """Open the input of this name, "" for the system's own. hear: given the rate in Hz, what takes the blocks. Raises
        OSError where there is no such input."""
        ...


def check_package() -> None:
    """Raise ConfigError where ``sounddevice`` is missing. The system's sound is left alone."""
    if find_spec("sounddevice") is None:
        raise ConfigError(MISSING)


class PortAudio:
    """The system's sound, through sounddevice. Raises ConfigError where that is not installed."""

    def __init__(self) -> None:
        try:
            import sounddevice
        except ImportError as err:
            raise ConfigError(MISSING) from err
        except OSError as err:
            text = f"control.audio.enabled: true: {err}; install PortAudio (the system's package libportaudio2), or set false"
            raise ConfigError(text) from err
        self._sounddevice: Any = sounddevice
        self._fresh = True

    def open(self, device: str, hear: Callable[[float], Hear]) -> Stream:
        """See ``Sound``."""
        sd = self._sounddevice
        try:
            if not self._fresh:  # PortAudio knows only what was plugged in when it began
                sd._terminate()
                sd._initialize()
            self._fresh = False
            number, channels, rate = self._input(device)
            take = hear(rate)
            stream = sd.InputStream(
                rate, block_size(rate), number, min(2, channels), "float32", callback=lambda block, frames, when, status: take(block)
            )
            stream.start()
        except sd.PortAudioError as err:
            raise OSError(str(err)) from err
        opened: Stream = stream
        return opened

    def _input(self, device: str) -> tuple[int, int, float]:
        """Number, channels and rate of the input that is meant."""
        if not device:
            info = self._sounddevice.query_devices(kind="input")
            return int(info["index"]), int(info["max_input_channels"]), float(info["default_samplerate"])
        inputs = [info for info in self._sounddevice.query_devices() if info["max_input_channels"] > 0]
        for info in inputs:
            if device.lower() in str(info["name"]).lower():
                return int(info["index"]), int(info["max_input_channels"]), float(info["default_samplerate"])
        raise OSError(f"there is no such input; there is {', '.join(repr(info['name']) for info in inputs) or 'none'}")


class AudioInput:
    """Listens in threads of its own. A device that is lost, or not there yet, is silence, and looked for again. on_fault: told
    once of a device that is not there."""

    def __init__(self, device: str, on_fault: Callable[[str], None], sound: Callable[[], Sound] = PortAudio, retry: float = RETRY) -> None:
        self._device, self._on_fault, self._find, self._retry = device, on_fault, sound, retry
        self._levels, self._heard = SILENCE, float("-inf")
        self._told = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen. Raises ConfigError where this machine's sound cannot be used at all."""
        sound = self._find()
        self._thread = threading.Thread(target=self._run, args=(sound,), name="audio", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let go of the device."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._levels = SILENCE

    def levels(self) -> Levels:
        """How loud it is now."""
        return self._levels if time.monotonic() - self._heard < STALE else SILENCE

    def _run(self, sound: Sound) -> None:
        stream: Stream | None = None
        while True:
            if stream is not None and (not stream.active or time.monotonic() - self._heard > LOST):
                log.info("the sound input is gone")
                _close(stream)
                stream, self._levels = None, SILENCE
            if stream is None:
                stream = self._open(sound)
            if self._stop.wait(self._retry if stream is None else LOOK):
                break
        if stream is not None:
            _close(stream)

    def _open(self, sound: Sound) -> Stream | None:
        try:
            stream = sound.open(self._device, self._hear)
        except Exception as err:  # a driver may fail in any way; the picture goes on without sound
            if not self._told:
                self._told = True
                self._on_fault(f"control.audio.device: {self._device!r}: cannot be opened ({err}); it is tried again while the show runs")
            return None
        self._told, self._heard = False, max(self._heard, time.monotonic())
        return stream

    def _hear(self, rate: float) -> Hear:
        if not math.isfinite(rate) or rate <= 0:
            raise OSError(f"a rate of {rate} Hz")
        analyser = Analyser(rate)

        def take(block: NDArray[np.float32]) -> None:
            self._levels, self._heard = analyser.feed(block), time.monotonic()

        return take


def _close(stream: Stream) -> None:
    try:
        stream.close()
    except Exception:  # the device is gone already
        log.debug("the sound input could not be closed", exc_info=True)
