"""The panel's pictures in docs/: a headless Chromium looks at it over the embedded visitors, as a desktop and as a phone.

python -m benchmarks.panel_pictures [--to docs] [--url http://127.0.0.1:8600/panel] [--seconds 30]

Without --url it runs the show itself. Needs what `make setup-browser` installs.
"""

from __future__ import annotations

import argparse
import io
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

LARGEST = 150_000  # bytes
PRESET = "painted-salon"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
PHONE = {"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2.0, "touch": True, "mobile": True}}


def browser(width: int, height: int, phone: bool) -> webdriver.Chrome:
    """A headless Chromium with a profile of its own."""
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    if phone:
        options.add_experimental_option("mobileEmulation", PHONE)
    return webdriver.Chrome(options, Service(executable_path=shutil.which("chromedriver") or "chromedriver"))


@contextmanager
def show(wait: float) -> Iterator[str]:
    """A show over the demo; the address of its panel, once the picture had ``wait`` seconds to come alive."""
    from benchmarks.show_aside import show_aside
    from installation.assembly.options import RunOptions
    from installation.config import load_config

    config = load_config(
        None, ["canvas.mode=headless", "control.web.port=0", "control.osc.enabled=false", "engine.portrait_px=128", "faces.max=3"]
    )
    with show_aside(config, RunOptions()) as installation:
        assert installation.desk.panel is not None
        installation.controls.set("preset/recall", PRESET)
        time.sleep(wait)
        yield installation.desk.panel.panel_url


def shoot(url: str, width: int, height: int, phone: bool, act: Callable[[webdriver.Chrome], None]) -> Image.Image:
    """One picture of the panel."""
    driver = browser(width, height, phone)
    try:
        driver.get(url)
        deadline = time.monotonic() + 30
        while not driver.execute_script("return Number(document.getElementById('picture').dataset.pictures||0) > 2"):
            if time.monotonic() > deadline:
                raise SystemExit("the panel shows no picture")
            time.sleep(0.1)
        act(driver)
        time.sleep(1.5)
        return Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
    finally:
        driver.quit()


def save(picture: Image.Image, path: Path) -> None:
    """As a JPEG that is small enough for a README."""
    for quality in range(90, 40, -4):
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=quality, optimize=True, progressive=True)
        if data.tell() <= LARGEST:
            break
    path.write_bytes(data.getvalue())
    print(f"{path}: {picture.width}×{picture.height}, {data.tell() / 1000:.0f} kB")


def pictures(url: str, folder: Path) -> None:
    """Both."""
    unfold = "document.querySelectorAll('.edit details')[1].open = true;"
    save(shoot(url, 1280, 1000, False, lambda driver: driver.execute_script(unfold)), folder / "panel-desktop.jpg")
    save(shoot(url, 390, 844, True, lambda driver: None), folder / "panel-phone.jpg")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--to", type=Path, default=Path("docs"), help="folder for the pictures")
    parser.add_argument("--url", help="a panel that is running already")
    parser.add_argument("--seconds", type=float, default=30, help="s that the show has to come alive")
    given = parser.parse_args()
    if given.url:
        pictures(given.url, given.to)
        return
    with show(given.seconds) as url:
        pictures(url, given.to)


if __name__ == "__main__":
    main()
