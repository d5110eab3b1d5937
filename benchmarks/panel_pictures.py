"""The panel's pictures in docs/, and the studio's: a headless Chromium looks at them over the embedded visitors, as a desktop and as a
phone.

python -m benchmarks.panel_pictures [--to docs] [--url http://127.0.0.1:8600/panel] [--seconds 30] [--studio]

--studio: the studio's alone. Without --url it runs the show itself. Needs what `make setup-browser` installs.
"""

from __future__ import annotations

import argparse
import io
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

LARGEST = 150_000  # bytes
PRESET = "painted-salon"
VISITOR = 1  # of the drawn ones, from 0
EDITS = {"edit/age/amount": 0.78, "edit/smile/amount": 0.62}  # of the studio's portrait, as shares of their sliders' way
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


def until(driver: webdriver.Chrome, script: str, seconds: float = 60) -> None:
    """Wait until a script answers with something true. Raises SystemExit where it never does."""
    deadline = time.monotonic() + seconds
    while not driver.execute_script(script):
        if time.monotonic() > deadline:
            raise SystemExit(f"the page does not come to where {script}")
        time.sleep(0.1)


def shoot(url: str, width: int, height: int, phone: bool, act: Callable[[webdriver.Chrome], None]) -> Image.Image:
    """One picture of a page."""
    driver = browser(width, height, phone)
    try:
        driver.get(url)
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


def alive(driver: webdriver.Chrome, script: str = "") -> None:
    """The panel shows its picture; then the script is run."""
    until(driver, "return Number(document.getElementById('picture').dataset.pictures||0) > 2")
    driver.execute_script(script)


def pictures(url: str, folder: Path) -> None:
    """The panel's."""
    unfold = "document.querySelectorAll('.edit details')[1].open = true;"
    save(shoot(url, 1280, 1000, False, lambda driver: alive(driver, unfold)), folder / "panel-desktop.jpg")
    save(shoot(url, 390, 844, True, alive), folder / "panel-phone.jpg")


def made(driver: webdriver.Chrome, wipe: int) -> None:
    """A portrait of a drawn visitor in the studio, half of it as it came."""
    until(driver, "return document.body.classList.contains('ready')")
    driver.execute_script("document.querySelectorAll('#samples button')[arguments[0]].click()", VISITOR)
    until(driver, "return document.getElementById('tile-code').naturalWidth > 0", 300)  # the last thing to come
    for name, value in EDITS.items():
        driver.execute_script(
            """const input = document.querySelector(`[data-name="${arguments[0]}"] input[type=range]`);
            input.value = input.max * arguments[1]; input.dispatchEvent(new Event("input"));
            dispatchEvent(new PointerEvent("pointerup"))""",
            name, value,
        )  # fmt: skip
    until(driver, "return !document.body.matches('.drawing, .tools-held')", 300)
    driver.execute_script("const w = document.getElementById('wipe'); w.value = arguments[0]; w.dispatchEvent(new Event('input'))", wipe)


def studio_pictures(url: str, folder: Path) -> None:
    """The studio's."""
    save(shoot(url, 1280, 800, False, lambda driver: made(driver, 50)), folder / "studio-desktop.jpg")
    save(shoot(url, 390, 844, True, lambda driver: made(driver, 50)), folder / "studio-phone.jpg")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--to", type=Path, default=Path("docs"), help="folder for the pictures")
    parser.add_argument("--url", help="a panel that is running already")
    parser.add_argument("--seconds", type=float, default=30, help="s that the show has to come alive")
    parser.add_argument("--studio", action="store_true", help="the studio's pictures alone")
    given = parser.parse_args()
    with nullcontext(given.url) if given.url else show(given.seconds) as url:
        if not given.studio:
            pictures(url, given.to)
        studio_pictures(url.replace("/panel", "/studio"), given.to)


if __name__ == "__main__":
    main()
