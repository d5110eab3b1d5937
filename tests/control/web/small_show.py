"""A panel over real controls, presets and pictures, without cameras and networks; and a browser to look at it as a phone."""

import os
import shutil
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest

from installation.control.presets.player import PresetPlayer
from installation.control.state import ControlState
from installation.control.web.preview import Preview
from installation.control.web.server import WebPanel
from installation.control.zone_book import ZoneBook
from installation.zones import Zone
from tests.control.web.conftest import SEEN, control_config, table

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,900",
)  # fmt: skip
ATTRIBUTES = ("smile", "age", "gender", "hair-length", "glasses", "yaw")

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="there is no Chromium with a chromedriver; `make setup-browser` installs them where the system has packages",
)


class SmallShow:
    """Steps the presets and gives the preview a picture, as a display loop does. canvas: px, width and height."""

    def __init__(self, folder, canvas=(320, 180)):
        self.folder, self.canvas, self.seen = folder, canvas, SEEN
        self.state = ControlState(self.rows([]))
        self.faults = []
        self.presets = PresetPlayer(folder, self.state, self.rows, self.faults.append, self.faults.append)
        self.preview, self.camera = Preview(allowed=True), Preview(allowed=True)
        self.zones = ZoneBook((Zone(0.0, 0.0, 0.1, 0.2),), folder / "zones.json")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._display)
        self._thread.start()
        self.port = 0
        self.panel = None
        self.open()

    @staticmethod
    def rows(names):
        return table(ATTRIBUTES, names)

    def open(self):
        """Serve, at the same port as before."""
        config, made = control_config(port=self.port), {"presets": self.presets, "zones": self.zones, "camera": self.camera}
        self.panel = WebPanel(self.state, config, lambda: self.seen, self.preview, **made)
        self.panel.start()
        self.port = self.panel.port

    def shut(self):
        """Serve no more; the show goes on."""
        self.panel.stop()

    def stall(self, seconds):
        """The server does nothing for a while, as a process that was stopped; its connections stay. The end of the show ends it."""
        self.panel._loop.call_soon_threadsafe(self._stop.wait, seconds)

    def _display(self):
        while not self._stop.wait(1 / 30):
            now = time.monotonic()
            width, height = self.canvas
            self.state.snapshot(now)
            self.presets.step(now)
            self.camera.offer(self.room(), now)
            if self.preview.wanted(now):
                self.preview.put(np.full((height, width, 3), 90, np.uint8), now)

    @staticmethod
    def room():
        """What the camera sees: darker to the left."""
        return np.repeat(np.linspace(20, 220, 320, dtype=np.uint8)[None, :, None], 240, axis=0).repeat(3, axis=2)

    def end(self):
        self._stop.set()
        self.shut()
        self._thread.join()
        self.presets.stop()


@contextmanager
def chromium(folder):
    """A headless browser with a profile of its own in ``folder``."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(executable_path=DRIVER, env={**os.environ, "SE_OFFLINE": "true"}))
    driver.set_script_timeout(20)
    try:
        yield driver
    finally:
        driver.quit()


def screen(browser, width, height, touch):
    """From now on the browser has this screen, in px, and fingers or a mouse."""
    told = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", told)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch, "maxTouchPoints": 1})


def visit(browser, show):
    browser.get(f"http://127.0.0.1:{show.port}/panel/icon.svg")  # what another page was doing is over
    browser.execute_script("sessionStorage.clear()")
    browser.get(show.panel.panel_url)
    wait(browser, "return document.body.classList.contains('ready') && !document.body.classList.contains('lost')")


def complaints(browser):
    """What the browser's console holds against the panel; that a bare picture has no icon is not the panel's."""
    said = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    return [line for line in said if "/favicon.ico" not in line]


def wait(browser, script, *arguments, seconds=30):
    """Until a script answers with something true, which is given back."""
    end = time.monotonic() + seconds
    while not (answer := browser.execute_script(script, *arguments)):
        assert time.monotonic() < end, script
        time.sleep(0.05)
    return answer


def until(check, seconds=30):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.02)


def press(browser, key):
    """A key for whatever has the focus at that moment: pages draw their parts anew and give the focus on, and no element outlives that."""
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(key).perform()


class Finger:
    """One finger on the screen, as the browser gets it from a real one. Places in px of the viewport."""

    def __init__(self, browser):
        self._browser, self._at = browser, (0.0, 0.0)

    def _send(self, kind, points):
        self._browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def down(self, x, y):
        self._at = (x, y)
        self._send("touchStart", [{"x": x, "y": y}])

    def move(self, dx, dy, steps=12):
        x, y = self._at
        for step in range(1, steps + 1):
            self._send("touchMove", [{"x": x + dx * step / steps, "y": y + dy * step / steps}])
            time.sleep(0.016)
        self._at = (x + dx, y + dy)

    def up(self):
        self._send("touchEnd", [])

    def cancel(self):
        """The system takes the finger away: a call comes in, a hand lies on the screen."""
        self._send("touchCancel", [])


def place(browser, x, y, layer=".layer"):
    """Px of the viewport, of a place 0…1 of the camera's picture as it is shown under a layer that is drawn on."""
    left, top, width, height = browser.execute_script(
        "const b = document.querySelector(arguments[0]).getBoundingClientRect(); return [b.left, b.top, b.width, b.height]", layer
    )
    return left + x * width, top + y * height


def drag(browser, start, end, layer=".layer"):
    """With the mouse, from a place of the picture to another."""
    (x0, y0), (x1, y1) = place(browser, *start, layer), place(browser, *end, layer)
    for kind, x, y in (("Pressed", x0, y0), ("Moved", (x0 + x1) / 2, (y0 + y1) / 2), ("Moved", x1, y1), ("Released", x1, y1)):
        told = {"type": f"mouse{kind}", "x": x, "y": y, "button": "left", "buttons": int(kind != "Released"), "clickCount": 1}
        browser.execute_cdp_cmd("Input.dispatchMouseEvent", told)
