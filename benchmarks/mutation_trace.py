"""Which test runs which lines of the modules that are to be mutated, and what it takes: a plugin of pytest, for ``mutation.py``.

    MUTATION_LINES=out/lines.json python -m pytest -p benchmarks.mutation_trace tests/faces

MUTATION_MODULES: the files that are watched, from the root of the tree, one a line. What runs while fixtures are set up is said of all
tests of a file: fixtures are shared. What runs while modules are imported is said of none: it is the same for all.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

LINES, MODULES = "MUTATION_LINES", "MUTATION_MODULES"  # in the environment


class LineWatch:
    """Notes the lines that run in some files, in the thread that starts it and in all that begin after it."""

    def __init__(self, root: Path, modules: list[str]) -> None:
        self._followers = {str(root / module): self._follower(module) for module in modules}
        self.seen: set[tuple[str, int]] = set()

    def start(self) -> None:
        """From now on."""
        threading.settrace(self._called)
        sys.settrace(self._called)

    def _called(self, frame: FrameType, event: str, arg: Any) -> Any:
        return self._followers.get(frame.f_code.co_filename)

    def _follower(self, module: str) -> Callable[[FrameType, str, Any], Any]:
        def follow(frame: FrameType, event: str, arg: Any) -> Any:
            self.seen.add((module, frame.f_lineno))
            return follow

        return follow


class Notes:
    """What each test ran, by its id, in the order of the tests."""

    def __init__(self) -> None:
        self.watch = LineWatch(Path.cwd(), os.environ[MODULES].splitlines())
        self.seconds: dict[str, float] = {}
        self.own: dict[str, set[tuple[str, int]]] = defaultdict(set)
        self.shared: dict[str, set[tuple[str, int]]] = defaultdict(set)  # by the file of the tests

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        self.seconds[item.nodeid] = -time.process_time()
        return (yield from self._noted(self.shared[str(item.path)]))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        return (yield from self._noted(self.own[item.nodeid]))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        try:
            return (yield from self._noted(self.own[item.nodeid]))
        finally:
            self.seconds[item.nodeid] += time.process_time()

    def _noted(self, into: set[tuple[str, int]]) -> Iterator[None]:
        self.watch.seen = set()
        self.watch.start()  # anew: a test may have ended it
        try:
            return (yield)
        finally:
            into |= self.watch.seen

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        sys.settrace(None)
        tests = []
        for item in session.items:
            if item.nodeid in self.seconds:
                lines = sorted(self.own[item.nodeid] | self.shared[str(item.path)])
                tests.append({"test": item.nodeid, "seconds": self.seconds[item.nodeid], "lines": lines})
        Path(os.environ[LINES]).write_text(json.dumps(tests))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Notes())
