"""What a log keeps of a flood, and what it never says."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from installation.operation.folded_log import LINES_A_MINUTE, LONGEST, MOST_KINDS, FoldedLog

ROOT = Path(__file__).resolve().parents[2]


class Kept(logging.Handler):
    """A handler whose lines a test can read."""

    def __init__(self, fold: FoldedLog) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.addFilter(fold)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log():
    made = logging.Logger("one that floods")
    yield made
    made.handlers.clear()


def kept(log, **how):
    now = [0.0]
    handler = Kept(FoldedLog(clock=lambda: now[0], **how))
    log.addHandler(handler)
    return handler.lines, now


def test_what_is_said_again_is_a_line_a_minute_with_a_count(log):
    lines, now = kept(log)
    for i in range(3000):
        now[0] = i / 10
        log.warning("sender %d was refused", i)
        log.warning(f"packet {i} was broken")  # the number is in the words: the same kind all the same
    assert len(lines) == 10
    assert lines[:2] == ["sender 0 was refused", "packet 0 was broken"]
    assert lines[2:4] == ["sender 600 was refused (and 599 more like it since)", "packet 600 was broken (and 599 more like it since)"]


def test_words_that_are_never_the_same_fill_nothing_either(log):
    lines, _ = kept(log)
    for i in range(5000):
        log.warning("x" * (i % 300) + "y" * (i // 300))
    assert len(lines) == LINES_A_MINUTE
    assert len(log.handlers[0].filters[0]._counts) <= MOST_KINDS


def test_the_first_few_of_a_kind_pass_where_they_are_the_program_s_own(log):
    lines, _ = kept(log, free=10, foreign=False)
    for i in range(50):
        log.warning("preset %d is broken\nin two places", i)
    assert len(lines) == 10 and lines[3] == "preset 3 is broken\nin two places"


def test_an_error_is_a_line_without_a_traceback(log):
    lines, _ = kept(log)
    try:
        raise ValueError("a\nb\x1b[2J" + "c" * 5000)
    except ValueError:
        log.exception("it went wrong")
    assert len(lines) == 1 and "Traceback" not in lines[0] and len(lines[0]) <= LONGEST
    assert lines[0].startswith("it went wrong: ValueError: a b?[2Jccc")


@pytest.mark.parametrize(
    "said",
    ["GET /panel?token=s3cret&x=1 HTTP", "Cookie: a=b; facets_token=s3cret; c", "Authorization: Bearer s3cret", "'/?x&token=s3cret'"],
)
def test_what_opens_the_panel_is_left_out(log, said):
    lines, _ = kept(log)
    log.warning("%s", said)
    assert "s3cret" not in lines[0] and "…" in lines[0]


def test_a_line_whose_words_do_not_fit_is_kept(log):
    lines, _ = kept(log)
    words = "%d of %s"
    log.warning(words, "x")
    assert lines == [words]


@pytest.mark.parametrize(("level", "traceback"), [("WARNING", False), ("DEBUG", True)])
def test_the_program_s_own_log_is_folded(level, traceback):
    script = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import logging
from run_installation import begin_log
begin_log({level!r})
for i in range(1000):
    try:
        1 / 0
    except ZeroDivisionError:
        logging.getLogger("a part").exception("packet %d", i)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr.count("ERROR a part: packet") == 10 and ("Traceback" in done.stderr) is traceback
