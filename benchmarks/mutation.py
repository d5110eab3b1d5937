"""How many small bugs the tests notice: a seeded random sample of the mutants that Cosmic Ray makes, each tried by the related tests.

    pip install cosmic-ray
    python -m benchmarks.mutation installation/faces --count 60
    python -m benchmarks.mutation installation/canvas/flashes.py --count 0 --out out/flashes.txt

A copy of the tree is mutated, never the tree itself. The related tests of a module are those of its
package that import it or something that imports it, up to ``--budget`` seconds in all, and where these are few, whichever import it;
they are timed once at the start, and must pass.
Annotations are not mutated: nothing runs them. The rate is given with its 95 % interval (Wilson 1927).
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import cv2  # noqa: F401  # what takes long to import is there before the first mutant
import numpy as np  # noqa: F401
import pytest
import torch  # noqa: F401

if TYPE_CHECKING:
    from cosmic_ray.work_item import MutationSpec

ROOT = Path(__file__).parents[1]
FEW = 2  # files of tests
SLACK = 30.0  # s beyond three times the usual that the tests of a mutant may take
OPTIONS = ("-q", "-x", "-p", "no:cacheprovider")  # of pytest
Span = tuple[tuple[int, int], tuple[int, int]]  # line and column, of both ends


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant. change: its line, before and after."""

    place: str
    change: str
    noticed: bool


# ---- which tests


@cache
def imported(path: Path) -> set[str]:
    """Dotted names of the program's modules that a file of Python names, in imports or in words (a patch)."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("installation."):
            parts = node.value.split(".")
            found |= {".".join(parts[:i]) for i in range(2, len(parts) + 1)}
    return {name for name in found if name.startswith("installation.")}


def name_of(module: Path) -> str:
    """Its dotted name, of a path from the root."""
    parts = module.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def related(module: Path) -> list[Path]:
    """Files of tests, from the root, that may notice a bug in a module: those of its package that import it or one of its users, and
    where these are few, whichever import it."""
    name, home = name_of(module), Path("tests") / module.parent.relative_to("installation")
    users = {name_of(path.relative_to(ROOT)) for path in (ROOT / "installation").rglob("*.py") if name in imported(path)}
    tests = {path.relative_to(ROOT): imported(path) for path in sorted((ROOT / "tests").rglob("test_*.py"))}
    own = {path: names for path, names in tests.items() if home in path.parents}
    found = [path for path, names in own.items() if name in names]
    found += [path for path, names in own.items() if names & users and path not in found]
    if len(found) < FEW:
        found += [path for path, names in tests.items() if name in names and path not in found]
    return found


def timed(tests: Sequence[Path], folder: Path) -> dict[Path, float]:
    """Seconds that each file of tests takes. Ends the program where one fails."""
    report = folder / "times.xml"
    command = [sys.executable, "-m", "pytest", *OPTIONS, f"--junitxml={report}", "-o", "junit_family=xunit1", *map(str, tests)]
    run = subprocess.run(command, cwd=folder, check=False)
    if run.returncode:
        sys.exit("the tests fail without any mutant")
    seconds: Counter[Path] = Counter()
    for case in ElementTree.parse(report).iter("testcase"):
        seconds[Path(case.get("file", ""))] += float(case.get("time", 0.0))  # type: ignore[assignment]  # seconds are no whole numbers
    return {path: float(seconds[path]) for path in tests}


def within(tests: Sequence[Path], seconds: Mapping[Path, float], budget: float) -> list[Path]:
    """The first of the tests, up to a budget in seconds and at least one; the quickest begins, so that most mutants are done soon."""
    kept: list[Path] = []
    for path in tests:
        if kept and seconds[path] > budget:
            continue
        kept.append(path)
        budget -= seconds[path]
    return sorted(kept, key=lambda path: seconds[path])


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
    """``count`` of them, 0: all; sorted by module, so that what tries one stays warm."""
    chosen = list(all_of_them) if not count else random.Random(seed).sample(all_of_them, min(count, len(all_of_them)))
    return sorted(chosen, key=lambda m: (str(m.module_path), m.start_pos))


# ---- what becomes of them


def tried(mutation: MutationSpec, module: Path, tests: Sequence[Path], longest: float) -> Verdict | None:
    """Mutate the copy that is the working folder, run the tests, mend it. None where Cosmic Ray cannot make what it has announced."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    before = module.read_text()
    try:
        after = mutate_code(before, get_operator(mutation.operator_name)(**mutation.operator_args), mutation.occurrence)
    except AttributeError:
        after = None
    if after is None or after == before:
        return None
    try:
        module.write_text(after)
        noticed = not passes(tests, longest)
    finally:
        module.write_text(before)
    old, new = next((old, new) for old, new in zip_longest(before.splitlines(), after.splitlines(), fillvalue="") if old != new)
    return Verdict(f"{module}:{mutation.start_pos[0]}", f"{old.strip()}  ->  {new.strip()}", noticed)


def passes(tests: Sequence[Path], longest: float) -> bool:
    """Whether the tests pass within ``longest`` s, in a process that has the large libraries already."""
    child = os.fork()
    if not child:
        status = 1
        try:
            os.setsid()
            quiet = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(quiet, stream)
            status = pytest.main([*OPTIONS, *map(str, tests)])
        finally:
            os._exit(int(status))
    end = time.monotonic() + longest
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _kill(child)  # what its tests may have left
            return status == 0
        time.sleep(0.02)
    _kill(child)
    os.waitpid(child, 0)
    return False


def _kill(session: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


def interval(noticed: int, count: int) -> tuple[float, float]:
    """95 % interval of a share, after Wilson."""
    z = 1.96
    share, spread = noticed / count, z * z / count
    middle, half = share + spread / 2, z * sqrt(share * (1 - share) / count + spread / (4 * count))
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
    parser.add_argument("--budget", type=float, default=90.0, metavar="SECONDS", help="that the tests of one mutant may take (%(default)g)")
    parser.add_argument("--also", nargs="*", default=[], metavar="FILE", help="files of tests that are taken besides the related ones")
    parser.add_argument("--skip", nargs="*", default=[], metavar="FILE", help="files of tests that are left out")
    parser.add_argument("--out", type=Path, help="file that the survivors are written to as well")
    options = parser.parse_args()

    every = mutants(modules_of(options.target))
    chosen = [(m, m.module_path.relative_to(ROOT)) for m in sample(every, options.count, options.seed)]
    also, skip = [Path(path) for path in options.also], {Path(path) for path in options.skip}
    tests = {module: [path for path in (*also, *related(module)) if path not in skip] for module in {module for _, module in chosen}}
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # mutants of the same second and size would be taken for each other
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        folder = Path(name)
        copy_to(folder)
        os.chdir(folder)
        sys.path[:] = [name, *(path for path in sys.path if Path(path).resolve() != ROOT)]
        seconds = timed(sorted({path for files in tests.values() for path in files}), folder)
        for mutation, module in chosen:
            files = within(tests[module], seconds, options.budget)
            began = time.monotonic()
            verdict = tried(mutation, module, files, SLACK + 3 * sum(seconds[path] for path in files))
            if verdict is None:
                continue
            verdicts.append(verdict)
            told = "noticed" if verdict.noticed else "SURVIVED"
            print(
                f"{len(verdicts):4}/{len(chosen)}  {told:8}  {time.monotonic() - began:5.1f} s  {verdict.place}  {verdict.change}",
                flush=True,
            )
    report(verdicts, len(every), options)


def report(verdicts: Sequence[Verdict], count: int, options: argparse.Namespace) -> None:
    """Rate and survivors."""
    noticed = sum(verdict.noticed for verdict in verdicts)
    low, high = interval(noticed, len(verdicts))
    where = ", ".join(map(str, options.target))
    told = f"{where}: {noticed} of {len(verdicts)} mutants noticed, {100 * noticed / len(verdicts):.0f} % "
    told += f"(95 %: {100 * low:.0f} to {100 * high:.0f} %); sampled from {count:,}, seed {options.seed}"
    print(told)
    if options.out is not None:
        survivors = [f"{verdict.place}  {verdict.change}" for verdict in verdicts if not verdict.noticed]
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text("\n".join([told, *survivors, ""]))


if __name__ == "__main__":
    main()
