"""The set-up in a small tree of its own, with packages made here: two at once, what a hand removed, what was interrupted."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("tiny", "small", "little")  # one in each lock file


def make_wheel(folder: Path, name: str, more: str = "") -> None:
    """A package of one module and one file of data."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}/__init__.py": b"HERE = True\n",
        f"{name}/data.txt": b"some words that take their room\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{more}".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    sums = {path: urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode() for path, data in files.items()}
    record = [f"{path},sha256={sums[path]},{len(data)}" for path, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for path, data in files.items():
            wheel.writestr(path, data)


class Tree:
    def __init__(self, folder: Path, by: str) -> None:
        self.folder = folder
        (folder / "scripts").mkdir()
        (folder / "wheels").mkdir()
        for name in ("setup", "check_packages.py"):
            shutil.copy(ROOT / "scripts" / name, folder / "scripts")
        (folder / "scripts" / "check_imports.py").write_text("")
        for name, lock in zip(PACKAGES, ("requirements.lock", "requirements-nodeps.lock", "requirements-dev.lock"), strict=True):
            make_wheel(folder / "wheels", name)
            (folder / lock).write_text(f"{name}==1.0   # MIT\n")
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))}
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder / "wheels"), "PIP_CONFIG_FILE": os.devnull}
        uv = {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(folder / "wheels"), "UV_NO_CONFIG": "1"} if by == "uv" else {}
        own, beside = Path(sys.executable).resolve().parent, Path(sys.executable).parent  # a Python, and where uv is
        self.environ = clean | pip | uv | {"PATH": f"{own}:{beside}:{os.environ['PATH']}"}

    def log(self) -> str:
        return (self.folder / ".cache" / "setup.log").read_text()

    def start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(self.folder / "scripts" / "setup"), "dev"], env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def set_up(self, code: int = 0) -> str:
        process = self.start()
        said = process.communicate(timeout=600)[0]
        assert process.returncode == code, said
        return said

    def file(self, name: str, file: str) -> Path:
        return next((self.folder / ".venv" / "lib").glob("python*")) / "site-packages" / name / file


@pytest.fixture(scope="module", params=["pip", "uv"])
def tree(tmp_path_factory, request):
    if request.param == "uv" and not shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"):
        pytest.skip("there is no uv here; make setup dev brings one")
    tree = Tree(tmp_path_factory.mktemp("tree"), request.param)
    both = [tree.start(), tree.start()]
    said = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum(text.count("Making .venv") for text in said) == 1, said  # one did it, the other waited
    assert sum("MB of Python packages" in text for text in said) == 1
    installer = (tree.file(f"{PACKAGES[2]}-1.0.dist-info", "INSTALLER")).read_text().strip()
    assert installer == request.param
    return tree


def test_when_all_is_there_nothing_is_said(tree):
    assert tree.set_up() == ""


@pytest.mark.parametrize("name", PACKAGES)
def test_what_a_hand_removed_is_found(tree, name):
    shutil.rmtree(tree.file(name, ""))
    assert "Ready." in tree.set_up()
    assert tree.file(name, "data.txt").read_text().startswith("some words")
    shutil.rmtree(tree.file(f"{name}-1.0.dist-info", ""))
    assert "Ready." in tree.set_up()
    assert tree.set_up() == ""


def test_what_was_cut_off_by_an_interruption_is_mended(tree):
    tree.file("small", "data.txt").write_text("some")
    (tree.folder / ".venv" / ".facets-underway").touch()
    assert "Ready." in tree.set_up()
    assert tree.file("small", "data.txt").read_text().startswith("some words")


def test_the_installers_own_words_go_to_a_file_that_is_named(tree):
    lock = tree.folder / "requirements.lock"
    before = lock.read_text()
    lock.write_text("no-such-package==1.0\n")
    try:
        said = tree.set_up(code=1)
    finally:
        lock.write_text(before)
    assert "The Python packages could not be installed: " in said and ".cache/setup.log" in said
    assert not [line for line in said.splitlines() if line.startswith(("ERROR", "WARNING"))]
    assert "no-such-package" in tree.log()
    assert "Ready." in tree.set_up()  # and goes on from there


def test_nobody_is_told_of_packages_that_do_not_fit_one_another(tree):
    """As MediaPipe asks for an older NumPy than the mirror's, so one of the tools here asks for what is not there."""
    make_wheel(tree.folder / "wheels", "demanding", "Requires-Dist: tiny==9.0\n")
    lock = tree.folder / "requirements-dev.lock"
    before = lock.read_text()
    lock.write_text(f"{before}demanding==1.0   # MIT\n")
    try:
        said = tree.set_up() + tree.set_up()
    finally:
        lock.write_text(before)
    assert "Ready." in said and "ERROR" not in said
    assert tree.file("demanding", "data.txt").is_file()
    tree.set_up()


def test_what_uv_does_not_find_pip_brings_without_a_word_of_errors(tmp_path):
    tree = Tree(tmp_path, "uv")
    make_wheel(tmp_path / "wheels", "torch")
    (tmp_path / "requirements.lock").write_text("tiny==1.0   # MIT\ntorch==1.0   # MIT\n")
    tree.environ |= {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_OFFLINE": "1"}
    del tree.environ["UV_NO_INDEX"], tree.environ["UV_FIND_LINKS"]
    said = tree.set_up()
    assert "Ready." in said and "error" not in said.lower()
    assert tree.file("torch-1.0.dist-info", "INSTALLER").read_text().strip() == "pip"


def test_a_package_for_older_pythons_alone_is_asked_of_them_alone(tmp_path):
    lock = tmp_path / "some.lock"
    check = [sys.executable, str(ROOT / "scripts" / "check_packages.py"), str(lock)]
    for version, code in ((sys.version_info.minor, 0), (sys.version_info.minor + 1, 1)):
        lock.write_text(f'no-such-package==1.0; python_version < "3.{version}"   # MIT\n')
        assert subprocess.run(check, capture_output=True, check=False).returncode == code


def test_the_set_up_takes_the_pythons_that_the_package_takes():
    assert 'requires-python = ">=3.11,<3.15"' in (ROOT / "pyproject.toml").read_text()
    assert "(3, 11) <= sys.version_info[:2] <= (3, 14)" in (ROOT / "scripts" / "setup").read_text()
