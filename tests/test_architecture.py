"""Holds the arrows: what a part of the program may import, read from the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "installation"

# A part may import those of the rows above it; within a row, only where its row says so.
ROWS = (
    ("errors", "clock", "messages", "config_file", "config_layers", "config", "output_file", "plain_file", "start", "utf8"),
    ("slot", "film", "faces", "latents", "networks", "engines", "compositing", "gl", "sources", "control", "operation"),
    ("stages",),
    ("pipeline",),
    ("app",),
    ("setup_engines", "gallery", "aside"),
    ("__main__",),
)
NEIGHBOURS_MAY = {0, 1}  # rows whose parts may import each other
BESIDE_APP = ("training", "demo", "export", "registry", "sefa", "swap", "scenes")  # command-line tools


def part_of(module: str) -> str:
    """``installation.stages.track`` -> ``stages``."""
    return module.split(".")[1] if "." in module else ""


def imports_of(path: Path) -> set[str]:
    """Modules of the program that a file imports, anywhere in it."""
    return imports_in(path.read_text(encoding="utf-8"), path.relative_to(ROOT).with_suffix("").parts)


def imports_in(source: str, here: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: len(here) - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            names = {f"{module}.{alias.name}" for alias in node.names}
            found |= {name for name in names if is_module(name)} or {module}
    return {name for name in found if name.split(".")[0] in ("installation", "run_installation")}


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def row_of(part: str) -> int:
    return next(index for index, row in enumerate(ROWS) if part in row)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_every_part_has_its_place() -> None:
    known = {part for row in ROWS for part in row} | set(BESIDE_APP)
    assert {part_of(module_of(path)) for path in files()} <= known


@pytest.mark.parametrize("path", files(), ids=module_of)
def test_imports_point_one_way(path: Path) -> None:
    here = part_of(module_of(path))
    for module in imports_of(path):
        there = part_of(module)
        if here == there or not there:
            continue
        if here in BESIDE_APP:
            assert there != "app", f"{path}: tools stand beside the app, and it imports {module}"
            continue
        assert there not in BESIDE_APP, f"{path}: nothing at run time imports a tool, and it imports {module}"
        low, high = row_of(there), row_of(here)
        assert low < high or (low == high and low in NEIGHBOURS_MAY), f"{path}: {here} must not import {module}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "stages").glob("*.py")), ids=module_of)
def test_stages_do_not_know_each_other(path: Path) -> None:
    others = {module for module in imports_of(path) if part_of(module) == "stages" and module != module_of(path)}
    assert not others, f"{path} imports {others}"


def test_nothing_imports_the_main_program() -> None:
    for path in files():
        assert "run_installation" not in imports_of(path), path


def test_there_is_no_circle() -> None:
    graph = {module_of(path): {name for name in imports_of(path) if is_module(name)} for path in files()}
    done: set[str] = set()

    def walk(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join((*way, module))
        if module in done:
            return
        for other in graph.get(module, ()):
            walk(other, (*way, module))
        done.add(module)

    for module in graph:
        walk(module, ())


def test_the_reader_of_imports_reads_them_all() -> None:
    source = """
import os, installation.errors
from installation.control import state
from .align import Align
def late():
    from installation.slot import Slot
"""
    assert imports_in(source, ("installation", "stages", "track")) == {
        "installation.errors", "installation.control.state", "installation.stages.align", "installation.slot",
    }  # fmt: skip


def top_packages(path: Path) -> set[str]:
    """Packages imported at the top of a file: what merely importing it costs."""
    tops: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            tops.add((node.module or "").split(".")[0])
    return tops


def test_torch_and_gl_stay_where_they_belong() -> None:
    # torch is the networks' affair; GL is the canvas'.
    for path in files():
        here = part_of(module_of(path))
        tops = top_packages(path)
        if here in ("faces", "gl", "control", "operation", "sources", "config", "slot", "clock", "errors"):
            assert "torch" not in tops, path
        if here in ("faces", "latents", "networks", "engines", "control", "operation", "sources"):
            assert not tops & {"moderngl", "pygame"}, path
