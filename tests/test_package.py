"""The wheel, in an environment of its own: built, installed, and run from an empty folder, into which alone it may write."""

import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from installation import places

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ("config.yaml", "texts.yaml", "shaders", "presets", "backgrounds", "styles", "weights")  # what a checkout has beside the package


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built of a copy with what a person leaves lying about: a fetched model, backups, numbers."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    skipped = shutil.ignore_patterns("__pycache__", "fetched", ".backups", ".numbers")
    for name in ("installation", *BESIDE, "pyproject.toml", "README.md", "LICENSE", "run_installation.py", ".gitignore"):
        place = ROOT / name
        shutil.copytree(place, source / name, ignore=skipped) if place.is_dir() else shutil.copy(place, source / name)
    for litter in ("weights/fetched/large.pt", "presets/.backups/calm.1.yaml", "presets/.numbers"):
        (source / litter).parent.mkdir(exist_ok=True)
        (source / litter).write_text("mine")
    pip(sys.executable, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(out), str(source))
    return next(out.glob("facets-*.whl"))


def test_the_image_is_made_of_nothing_that_a_show_wrote_and_of_every_file_that_it_needs():
    left_out = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    def outside(name):
        return any(fnmatch(name, one) or fnmatch(name, one.removeprefix("**/")) for one in left_out)

    written = [line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line]
    assert [name for name in written if not outside(name) and name != "*.pyc"] == []  # visitors' pictures, tokens, cameras among it
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    needed = [name for words in copied for name in words.split() if name != "."] + [
        "requirements-dev.lock",
        "pyproject.toml",
        "installation",
        *BESIDE,
    ]
    assert len(copied) == 2 and all((ROOT / name).exists() and not outside(name) for name in needed)


def pip(python, *words):
    done = subprocess.run([python, "-m", "pip", "-q", *words], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def place(wheel, tmp_path_factory):
    """An environment with the wheel, whose other packages are those that these tests run with; nothing in it can be written."""
    place = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=300)
    pip(str(place / "bin" / "python"), "install", "--no-deps", "--no-index", str(wheel))
    site = next((place / "lib").glob("python*")) / "site-packages"
    (site / "others.pth").write_text("".join(f"{path}\n" for path in sys.path if path.endswith("site-packages")))
    writable(place, False)
    yield place
    writable(place, True)


def writable(place: Path, yes: bool) -> None:
    for folder, _, names in os.walk(place):
        for path in (Path(folder), *(Path(folder) / name for name in names)):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | stat.S_IWUSR if yes else mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


def listing(place: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in place.rglob("*")}


def facets(place, folder, *words, **more):
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "FACETS_CACHE", "DISPLAY", "WAYLAND_DISPLAY")}
    clean |= {"HOME": str(folder / "home"), "FACETS_CACHE": str(places.cache()), "PYTHONDONTWRITEBYTECODE": "1"} | more
    command = [str(place / "bin" / "facets"), *words]
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=300, check=False)


def test_the_wheel_holds_what_a_checkout_has_beside_the_package(wheel):
    with zipfile.ZipFile(wheel) as file:
        there = {name.removeprefix("installation/shipped/") for name in file.namelist() if name.startswith("installation/shipped/")}
        modules = {name for name in file.namelist() if name.endswith(".py")}
    listed = subprocess.run(["git", "ls-files", *BESIDE], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    assert there == set(listed) or not listed
    assert not {name for name in there if "fetched" in name or "/." in name}
    assert all(name.startswith("installation/") for name in modules)  # one name among everybody's packages


def test_the_command_tells_its_arguments_and_its_commands(place, tmp_path):
    done = facets(place, tmp_path, "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: facets ")
    assert "--source S" in done.stdout and "list the live controls" in done.stdout
    assert facets(place, tmp_path, "controls").stdout.startswith("| address |")
    assert facets(place, tmp_path, "--sauce").returncode == 2


def test_models_presets_and_backgrounds_are_found_wherever_it_is_started(place, tmp_path):
    checked = facets(place, tmp_path, "weights", "verify")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "mine.yaml").write_text("title: Mine\ncontrols: {look/grain: 0.5}\n")
    assert facets(place, tmp_path, "--validate-config").returncode == 0
    layout = facets(place, tmp_path, "touchosc", "--out", "all.tosc")
    assert layout.returncode == 0, layout.stderr
    for name in ("mine", "golden-hour"):  # one's own lie over the shipped ones
        done = facets(place, tmp_path, "--headless", "--frames", "2", "--as-fast-as-possible", "--preset", name)
        assert done.returncode == 0, done.stderr


def test_a_show_of_the_package_writes_in_its_own_folder_alone(place, tmp_path):
    before = listing(place)
    report = tmp_path / "out" / "report.json"
    report.parent.mkdir()
    words = ("--source", "demo", "--headless", "--frames", "30", "--report", str(report))
    off = ("--set", "control.osc.enabled=false", "--set", "control.web.enabled=false", "--set", "control.resume=true")
    done = facets(place, tmp_path, *words, *off)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pictures at" in done.stdout and report.is_file()
    assert (tmp_path / "state.json").is_file()
    assert listing(place) == before


KEEP = """
from pathlib import Path
from installation import places
from installation.joining import SNAPSHOTS
from installation.config import load_config
from installation.control.installed import PRESETS, backgrounds
from installation.control.parameters import parameter_table
from installation.control.presets.player import PresetPlayer
from installation.control.installed import SHIPPED_PRESETS
from installation.control.state import ControlState
from installation.places import kept
from installation.registry.manifest import read_manifest

table = lambda names=(): parameter_table(["smile"], ["painted", "woodcut", "toon"], [32], 32, names, tuple(backgrounds().paths))
state = ControlState(table())
told = []
player = PresetPlayer(PRESETS, state, table, told.append, told.append, background=False, beneath=SHIPPED_PRESETS)
player.save("golden hour", over=True)
player.step(0.0)
player.step(1.0)
manifest = read_manifest()
fetched = next(m for m in manifest.models.values() if not m.shipped)
known = player.catalogue.presets
print(sorted(p.name for p in PRESETS.iterdir() if p.suffix), len(known), SNAPSHOTS, manifest.place(fetched.files[0]).parent)
print(len(backgrounds().paths), places.cache())
alone = [path.name for path in load_config().models.directions]
Path("directions").mkdir()
print(alone, *load_config().models.directions[1:], kept("midi.yaml"))
"""


def test_what_is_saved_or_fetched_goes_to_the_folder_of_the_show(place, tmp_path):
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "FACETS_CACHE")} | {"XDG_CACHE_HOME": "/users"}
    (tmp_path / "backgrounds").mkdir()
    shutil.copy(ROOT / "backgrounds" / "fireside.webp", tmp_path / "backgrounds" / "own.webp")
    command = [str(place / "bin" / "python"), "-c", KEEP]
    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    shipped = len(list((ROOT / "presets").glob("*.yaml")))
    first, second, third = done.stdout.splitlines()
    assert first == f"['golden-hour.yaml'] {shipped} {tmp_path / 'out'} {tmp_path / 'weights' / 'fetched'}"
    assert second == f"{1 + len(list((ROOT / 'backgrounds').iterdir()))} /users/facets"
    assert third == f"['directions.safetensors'] {tmp_path / 'directions'} {tmp_path / 'midi.yaml'}"
