"""How many small bugs the tests notice: a seeded random sample of the mutants that Cosmic Ray makes, each tried by the related tests.

    pip install cosmic-ray
    python -m benchmarks.mutation installation/faces --count 60
    python -m benchmarks.mutation installation/canvas/flashes.py --count 0 --out out/flashes.txt

A copy of the tree is mutated, never the tree itself. The related tests of a module are those of its package that import it or something
that imports it, and where these are few, whichever import it. They run once at the start, must pass, and say which lines each of them
runs; a mutant is tried by those that run its line, up to ``--budget`` seconds in all.
Annotations are not mutated: nothing runs them. The rate is given with its 95 % interval (Wilson 1927).
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import math
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp  # noqa: F401  # what takes long to import is there before the first mutant
import av  # noqa: F401
import cv2  # noqa: F401
import moderngl  # noqa: F401
import numpy as np  # noqa: F401
import openvino  # noqa: F401
import pydantic  # noqa: F401
import pytest
import torch  # noqa: F401

from benchmarks.mutation_trace import LINES, MODULES

if TYPE_CHECKING:
    from cosmic_ray.work_item import MutationSpec

ROOT = Path(__file__).parents[1]
FEW = 2  # files of tests
SLACK = 30.0  # s of the processor, beyond three times the usual, that the tests of a mutant may take ...
PATIENCE = 10  # ... and for each of them so many by the clock: the machine may be busy, and some tests wait
OPTIONS = ("-q", "-x", "-p", "no:cacheprovider")  # of pytest
Span = tuple[tuple[int, int], tuple[int, int]]  # line and column, of both ends


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant. change: its line, before and after; tests: how many were asked; by: which noticed, None where none did."""

    place: str
    change: str
    tests: int
    by: str | None

    @property
    def noticed(self) -> bool:
        return self.by is not None


# ---- which tests


@cache
def named(path: Path) -> set[str]:
    """Dotted names of the program's modules, and of those of the tests, that a file of Python names, in imports or in words (a patch)."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("installation."):
            parts = node.value.split(".")
            found |= {".".join(parts[:i]) for i in range(2, len(parts) + 1)}
    return {name for name in found if name.startswith(("installation.", "tests."))}


@cache
def imported(path: Path) -> set[str]:
    """Dotted names of the program's modules that a file of Python names, or of tests with what they share: their helpers and fixtures."""
    names = set(named(path))
    shared = [ROOT / Path(*name.split(".")).with_suffix(".py") for name in names if name.startswith("tests.")]
    shared += [path.parent / "conftest.py"] if ROOT / "tests" in path.parents else []
    for helper in shared:
        names |= named(helper) if helper.is_file() and helper != path else set()
    return {name for name in names if name.startswith("installation.")}


def name_of(module: Path) -> str:
    """Its dotted name, of a path from the root."""
    parts = module.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def users_of(name: str) -> set[str]:
    """The program's modules that import one, or import what imports it, and so on."""
    all_of_them = {name_of(path.relative_to(ROOT)): imported(path) for path in (ROOT / "installation").rglob("*.py")}
    users, newest = set[str](), {name}
    while newest:
        newest = {other for other, names in all_of_them.items() if names & newest} - users
        users |= newest
    return users


def related(module: Path) -> list[Path]:
    """Files of tests, from the root, that may notice a bug in a module: those of its package that import it or whatever leads to it, and
    where these are few, whichever import it."""
    name, home = name_of(module), Path("tests") / module.parent.relative_to("installation")
    users = users_of(name)
    tests = {path.relative_to(ROOT): imported(path) for path in sorted((ROOT / "tests").rglob("test_*.py"))}
    own = {path: names for path, names in tests.items() if home in path.parents}
    found = [path for path, names in own.items() if name in names or names & users]
    if len(found) < FEW:
        found += [path for path, names in tests.items() if name in names and path not in found]
    return found


def farness(tests: Path, module: Path) -> tuple[bool, bool, bool]:
    """Sorts files of tests, from the root: those named after a module come first, those that import it, those of its own folder."""
    home = Path("tests") / module.parent.relative_to("installation")
    return not tests.stem.startswith(f"test_{module.stem}"), name_of(module) not in imported(ROOT / tests), tests.parent != home


@dataclass(frozen=True)
class Test:
    """One test. seconds: of the processor; lines: what it runs of the modules, but for what runs at their import."""

    id: str
    seconds: float
    lines: frozenset[tuple[str, int]]

    @property
    def file(self) -> Path:
        return Path(self.id.partition("::")[0])


def traced(files: Sequence[Path], modules: Sequence[Path], folder: Path) -> list[Test]:
    """All tests of these files, tried once. Ends the program where one fails."""
    found = folder / "lines.json"
    watch = {LINES: str(found), MODULES: "\n".join(map(str, modules))}
    command = [sys.executable, "-m", "pytest", *OPTIONS, "-p", "benchmarks.mutation_trace", *map(str, files)]
    # What is compiled here is read by every mutant's process, which writes nothing down itself: mutants of one second and size would be
    # taken for each other.
    run = subprocess.run(command, cwd=folder, check=False, env={**os.environ, **watch})
    os.environ["PYTHONDONTWRITEBYTECODE"], sys.dont_write_bytecode = "1", True
    if run.returncode:
        sys.exit("the tests fail without any mutant")
    tests = json.loads(found.read_text())
    return [Test(one["test"], one["seconds"], frozenset((module, line) for module, line in one["lines"])) for one in tests]


def chosen_tests(tests: Sequence[Test], files: Sequence[Path], module: Path, lines: range | None, budget: float) -> list[Test]:
    """Of the related ``files``, the nearest first: the quickest that run any of the ``lines`` (None: all), up to a budget in seconds and at
    least one. The quickest file begins, so that most mutants are done soon."""
    touched = None if lines is None else {(str(module), line) for line in lines}
    there = [test for test in tests if test.file in files and (touched is None or not touched.isdisjoint(test.lines))]
    kept: dict[Path, list[Test]] = {}
    left = budget
    for test in sorted(there, key=lambda test: (farness(test.file, module), test.seconds)):
        if test.seconds <= left or not kept:
            kept.setdefault(test.file, []).append(test)
            left -= test.seconds
    return [test for of_one in sorted(kept.values(), key=lambda of_one: sum(test.seconds for test in of_one)) for test in of_one]


def lines_of(tree: ast.Module, line: int, column: int) -> range | None:
    """The lines of which some run when what stands there is run: of its statement, without those within it; of its function, for a default.
    None: it runs when the module is imported."""
    way = list(_way_to(tree, (line, column)))
    functions = [node for node in way if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    if not functions:
        return None
    outer = functions[0]
    if isinstance(outer, ast.Lambda) or not any(outer.body[0].lineno <= node.lineno for node in way if isinstance(node, ast.stmt)):
        return range(outer.lineno, (outer.end_lineno or outer.lineno) + 1)
    statement = [node for node in way if isinstance(node, ast.stmt)][-1]
    body = getattr(statement, "body", None)
    last = max(statement.lineno, body[0].lineno - 1) if body else statement.end_lineno or statement.lineno
    return range(statement.lineno, last + 1)


def _way_to(node: ast.AST, place: tuple[int, int]) -> Iterator[ast.stmt | ast.expr]:
    """The statements and expressions within one another that hold a place."""
    for child in ast.iter_child_nodes(node):
        decorators = getattr(child, "decorator_list", None)
        first = min((one.lineno, one.col_offset) for one in (child, *(decorators or ()))) if hasattr(child, "lineno") else None
        if first is None or (first <= place < (child.end_lineno or 0, child.end_col_offset or 0)):
            if isinstance(child, ast.stmt | ast.expr):
                yield child
            yield from _way_to(child, place)


# ---- which mutants


def mutants(modules: Sequence[Path]) -> list[MutationSpec]:
    """All that Cosmic Ray makes of the modules, but for annotations."""
    from cosmic_ray.commands.init import _all_work_items

    found = []
    for module in modules:
        skipped = list(annotations((ROOT / module).read_text()))
        for item in _all_work_items([ROOT / module], {}):
            (mutation,) = item.mutations
            if not any(start <= mutation.start_pos and mutation.end_pos <= end for start, end in skipped):
                found.append(mutation)
    return found


def annotations(source: str) -> Iterator[Span]:
    """Where the types stand in a file of Python, and ``if TYPE_CHECKING``."""
    for node in ast.walk(ast.parse(source)):
        parts = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            parts.append(node)
        for part in parts:
            if isinstance(part, ast.AST):
                yield (part.lineno, part.col_offset), (part.end_lineno or 0, part.end_col_offset or 0)


def sample(all_of_them: Sequence[MutationSpec], count: int, seed: int) -> list[MutationSpec]:
    """``count`` of them, 0: all; in an order of chance, so that the first of them are a sample as well."""
    return random.Random(seed).sample(all_of_them, min(count or len(all_of_them), len(all_of_them)))


# ---- what becomes of them


def tried(mutation: MutationSpec, module: Path, tests: Sequence[Test], longest: float) -> Verdict | None:
    """Mutate the copy that is the working folder, run the tests, mend it. None where Cosmic Ray cannot make what it has announced, or
    makes of it what is no Python."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    before = module.read_text()
    try:
        after = mutate_code(before, get_operator(mutation.operator_name)(**mutation.operator_args), mutation.occurrence)
        compile(after or "", str(module), "exec")
    except (AttributeError, SyntaxError):
        return None
    if after is None or after == before:
        return None
    try:
        module.write_text(after)
        by = noticed_by([test.id for test in tests], longest) if tests else None
    finally:
        module.write_text(before)
    old, new = next((old, new) for old, new in zip_longest(before.splitlines(), after.splitlines(), fillvalue="") if old != new)
    return Verdict(f"{module}:{mutation.start_pos[0]}", f"{old.strip()}  ->  {new.strip()}", len(tests), by)


def noticed_by(tests: Sequence[str], longest: float) -> str | None:
    """The test that fails, in a process that has the large libraries already, or what else told; None: all pass, in ``longest`` s of the
    processor."""
    with tempfile.TemporaryFile() as said:
        status = _in_child(lambda: int(pytest.main([*OPTIONS, "-rfE", "--tb=no", *tests])), said.fileno(), longest)
        if status == 0:
            return None
        said.seek(0)
        failed = re.search(rb"^(?:FAILED|ERROR) (\S+)", said.read(), re.MULTILINE)
    if status is None or status == -signal.SIGXCPU:
        return f"the time, it had not ended after {longest:.0f} s of the processor"
    return failed[1].decode(errors="replace") if failed else f"its end, with {status}"


def _in_child(run: Callable[[], int], out: int, longest: float) -> int | None:
    """What ``run`` returns in a child of this process, which writes to ``out``; None, or the signal of that limit, where it takes longer
    than so many s of the processor."""
    child = os.fork()
    if not child:
        status = 1
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (int(longest) + 1, int(longest) + 9))
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream, to in ((0, nothing), (1, out), (2, nothing)):
                os.dup2(to, stream)
            status = run()
            sys.stdout.flush()
        finally:
            os._exit(status)
    end = time.monotonic() + PATIENCE * longest
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _kill(child)  # what its tests may have left
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    _kill(child)
    os.waitpid(child, 0)
    return None


def _kill(session: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


def interval(noticed: int, count: int) -> tuple[float, float]:
    """95 % interval of a share, after Wilson."""
    z = 1.96
    share, spread = noticed / count, z * z / count
    middle, half = share + spread / 2, z * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    return (middle - half) / (1 + spread), (middle + half) / (1 + spread)


def copy_to(folder: Path) -> None:
    """What git knows or would, without what it ignores."""
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True).stdout
    archive = subprocess.run(
        ["tar", "--null", "--ignore-failed-read", "-T", "-", "-cf", "-"], cwd=ROOT, input=listed, check=True, capture_output=True
    )
    subprocess.run(["tar", "-xf", "-"], cwd=folder, input=archive.stdout, check=True)


def modules_of(targets: Sequence[Path]) -> list[Path]:
    """Files of Python, from the root."""
    files = [path for target in targets for path in (sorted(target.rglob("*.py")) if target.is_dir() else [target])]
    return [path.resolve().relative_to(ROOT) for path in files]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("target", type=Path, nargs="+", help="a file or folder of the program")
    parser.add_argument("--count", type=int, default=60, help="mutants to try; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--budget", type=float, default=60.0, metavar="SECONDS", help="of the processor that the tests of one mutant may take (%(default)g)"
    )
    parser.add_argument("--minutes", type=float, default=math.inf, help="after which no other mutant is tried")
    parser.add_argument("--also", nargs="*", default=[], metavar="FILE", help="files of tests that are taken besides the related ones")
    parser.add_argument("--skip", nargs="*", default=[], metavar="FILE", help="files of tests that are left out")
    parser.add_argument("--out", type=Path, help="file that the survivors are written to as well")
    options = parser.parse_args()
    out = None if options.out is None else options.out.resolve()  # the working folder will be another

    every = mutants(modules_of(options.target))
    chosen = [(m, m.module_path.relative_to(ROOT)) for m in sample(every, options.count, options.seed)]
    also, skip = [Path(path) for path in options.also], {Path(path) for path in options.skip}
    tests = {module: [path for path in (*also, *related(module)) if path not in skip] for module in {module for _, module in chosen}}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # no test of ours needs one
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        folder = Path(name)
        copy_to(folder)
        os.chdir(folder)
        sys.path[:] = [name, *(path for path in sys.path if Path(path).resolve() != ROOT)]
        modules = sorted(tests)
        known = traced(sorted({path for files in tests.values() for path in files}), modules, folder)
        end = time.monotonic() + 60 * options.minutes
        for mutation, module in chosen:
            if time.monotonic() > end:
                break
            lines = lines_of(ast.parse(module.read_text()), *mutation.start_pos)
            asked = chosen_tests(known, tests[module], module, lines, options.budget)
            began = time.monotonic()
            verdict = tried(mutation, module, asked, SLACK + 3 * sum(test.seconds for test in asked))
            if verdict is not None:
                verdicts.append(verdict)
                print(f"{len(verdicts):4}/{len(chosen)}  {told(verdict, time.monotonic() - began)}", flush=True)
    report(verdicts, len(every), options, out)


def told(verdict: Verdict, seconds: float) -> str:
    """One mutant in a line."""
    if verdict.noticed:
        return f"noticed   {seconds:5.1f} s  {verdict.place}  {verdict.change}   by {verdict.by}"
    return f"SURVIVED  {seconds:5.1f} s  {verdict.place}  {verdict.change}   ({verdict.tests} tests run it)"


def report(verdicts: Sequence[Verdict], count: int, options: argparse.Namespace, out: Path | None) -> None:
    """Rate and survivors. out: a file for them, too."""
    noticed = sum(verdict.noticed for verdict in verdicts)
    low, high = interval(noticed, len(verdicts))
    where = ", ".join(map(str, options.target))
    told = f"{where}: {noticed} of {len(verdicts)} mutants noticed, {100 * noticed / len(verdicts):.0f} % "
    told += f"(95 %: {100 * low:.0f} to {100 * high:.0f} %); sampled from {count:,}, seed {options.seed}"
    print(told)
    if out is not None:
        survivors = [f"{verdict.place}  {verdict.change}" for verdict in verdicts if not verdict.noticed]
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text("\n".join([told, *survivors, ""]))


if __name__ == "__main__":
    main()
