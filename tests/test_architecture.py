"""Holds the arrows: what a part of the program may import, read from the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "installation"

# What everybody may import: values, errors, settings, and the few files that know the disk.
COMMON = {
    "errors", "clock", "messages", "observation", "slot", "config_file", "config_layers", "config_times", "config",
    "kept_file", "output_file", "picture_file", "places", "plain_file", "sheet_file", "start", "time_zone", "utf8", "zones",
}  # fmt: skip
# The arrows: what each part may import besides, and nothing else.
ARROWS: dict[str, set[str]] = {
    "faces": set(),
    "latents": {"faces", "checkpoints"},
    "networks": set(),
    "checkpoints": {"networks"},
    "engines": {"faces"},
    "models": {"latents", "networks", "checkpoints"},
    "portraits": {"networks", "engines", "models"},
    "codes": {"latents", "networks", "checkpoints"},
    "inversion": {"networks", "checkpoints", "codes"},
    "compositing": {"faces", "latents"},
    "styles": {"latents", "engines", "sources", "canvas"},
    "sources": set(),
    "outputs": set(),
    "operation": set(),
    "canvas": {"operation"},
    "takeaways": {"canvas", "outputs"},
    "control": {"latents", "models", "operation", "canvas", "styles", "takeaways"},
    "stages": {"faces", "latents", "networks", "engines", "models", "portraits", "compositing", "canvas", "styles", "control"},
    "capturing": {"sources", "operation"},
    "pipeline": {"faces", "outputs", "operation", "canvas", "styles", "control", "stages"},
    "assembly": {
        "faces", "latents", "networks", "checkpoints", "codes", "engines", "models", "portraits", "sources", "outputs", "operation",
        "canvas", "styles", "takeaways", "control", "stages",
    },
    "running": {"operation", "canvas", "control", "capturing", "pipeline"},
    "openings": {"sources", "outputs", "operation", "canvas", "control", "assembly"},
    "joining": {
        "engines", "sources", "operation", "canvas", "styles", "control", "stages", "capturing", "pipeline", "assembly", "running",
        "openings",
    },
    "app": {"operation", "canvas", "control", "assembly", "running", "openings", "joining", "studio"},
    "show": {"sources", "outputs", "operation", "canvas", "assembly"},
    "__main__": {"show"},
    # Beside the show: of all above, the app alone imports the studio, and the studio the darkroom.
    "registry": {"latents", "checkpoints"},
    "export": {"networks", "checkpoints", "models"},
    "demo": {"faces", "engines"},
    "darkroom": {
        "faces", "latents", "networks", "checkpoints", "codes", "inversion", "models", "sources", "outputs", "canvas", "styles", "control",
        "stages", "assembly",
    },
    "doctor": {"models", "sources", "operation", "canvas", "styles", "control", "assembly", "registry"},
    "service": set(),
    "soak": set(),
    "bot": {"faces", "latents", "engines", "models", "sources", "operation", "styles", "stages", "assembly", "darkroom"},
    "drawings": set(),
    "paintings": set(),
    "studio": {
        "faces", "latents", "networks", "checkpoints", "inversion", "engines", "models", "portraits", "sources", "operation", "canvas",
        "styles", "control", "stages", "assembly", "darkroom", "training",
    },
    "training": {
        "faces", "latents", "networks", "checkpoints", "inversion", "engines", "models", "portraits", "compositing", "sources", "styles",
        "stages", "registry",
    },
    "commands": {
        "latents", "networks", "checkpoints", "codes", "inversion", "engines", "models", "sources", "outputs", "operation", "canvas",
        "styles", "control", "stages", "assembly", "show", "registry", "export", "darkroom", "bot", "drawings", "doctor", "service", "soak",
        "paintings", "training", "studio",
    },
}  # fmt: skip


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


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_every_part_has_its_place() -> None:
    assert {part_of(module_of(path)) for path in files()} == COMMON | set(ARROWS)


def test_the_arrows_themselves_have_no_circle() -> None:
    order: list[str] = []
    while len(order) < len(ARROWS):
        ready = [part for part, arrows in ARROWS.items() if part not in order and arrows <= set(order)]
        assert ready, f"a circle among {set(ARROWS) - set(order)}"
        order += ready


def test_every_arrow_is_used() -> None:
    """An arrow that nobody uses is a door left open."""
    used: dict[str, set[str]] = {part: set() for part in ARROWS}
    for path in files():
        here = part_of(module_of(path))
        if here in used:
            used[here] |= {part_of(module) for module in imports_of(path)} - COMMON - {here, ""}
    assert used == ARROWS


@pytest.mark.parametrize("path", files(), ids=module_of)
def test_imports_follow_the_arrows(path: Path) -> None:
    here = part_of(module_of(path))
    may = COMMON | ARROWS.get(here, set()) | {here, ""}
    for module in imports_of(path):
        assert part_of(module) in may, f"{path}: {here} must not import {module}"


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
    # torch is the networks' affair; OpenGL belongs to one room of the canvas, pygame to the window.
    for path in files():
        here = part_of(module_of(path))
        tops = top_packages(path)
        if here in ("faces", "compositing", "canvas", "control", "operation", "sources", "outputs", *COMMON):
            assert "torch" not in tops, path
        if not path.is_relative_to(PACKAGE / "canvas"):
            assert not tops & {"moderngl", "pygame"}, path
        if not path.is_relative_to(PACKAGE / "canvas" / "opengl") and path.name != "window.py":
            assert "moderngl" not in tops, path


def test_readers_and_networks_live_apart() -> None:
    """What reads somebody's file is in ``checkpoints``; ``networks`` has modules and nothing that opens a file."""
    for path in (PACKAGE / "networks").glob("*.py"):
        assert not top_packages(path) & {"pickle", "zipfile", "safetensors", "pathlib"}, path
