"""A log of weeks: a line a minute, every fault once a minute, a few files, and no disk that stops it."""

import itertools
import logging
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from installation.assembly.chronicle import Chronicle
from installation.assembly.options import RunOptions
from installation.config import load_config
from installation.observation import Measures, Observation
from installation.operation.diary import LOGGER, Diary, figures
from installation.operation.faults import PASSING_SECONDS
from installation.operation.health import Health
from installation.operation.kept_log import NAME, KeptLog
from installation.operation.observer import Observer

ROOT = Path(__file__).resolve().parents[2]
SEEN = Observation(60.0, 2, (), 29.96, 21.4, 74.6, 12, 811.7, "openvino", "facets", 256, (), frame_age=0.1)


@pytest.fixture
def lines():
    kept = []

    class Keeps(logging.Handler):
        def emit(self, record):
            kept.append(record.getMessage())

    own, handler = logging.getLogger(LOGGER), Keeps()
    own.setLevel(logging.INFO)
    own.addHandler(handler)
    yield kept
    own.removeHandler(handler)


class Show:
    def __init__(self):
        self.now = 100.0
        self.health = Health()
        self.health.fault_log.now = lambda: self.now
        self.observe = Observer(self.health, lambda: self.now)
        self.diary = Diary(self.observe, Measures, lambda: self.now)

    def at(self, seconds):
        self.now = seconds
        self.diary.look()


def test_a_line_a_minute(lines):
    show = Show()
    for second in range(100, 400):
        show.at(float(second))
    assert len(lines) == 4 and all(" fps, gap " in line and "memory" in line for line in lines)
    for second in range(3000, 3030):  # the machine slept: one line, not forty
        show.at(float(second))
    assert len(lines) == 5


def test_a_fault_is_told_when_it_comes_once_a_minute_and_when_it_is_over(lines):
    show = Show()
    show.health.fault("0: the camera gives no more pictures", "capture")
    show.at(101.0)
    assert lines == ["fault: 0: the camera gives no more pictures"]
    for second in range(102, 130):
        show.health.fault("0: the camera gives no more pictures", "capture")
        show.at(float(second))
    assert len(lines) == 1
    show.health.fault("preview: passes by itself")
    show.health.over("capture")
    show.at(131.0)
    assert sorted(lines[1:]) == ["fault: preview: passes by itself", "over: 0: the camera gives no more pictures (after 29 s)"]
    del lines[:]
    show.health.fault("0: the camera gives no more pictures", "capture")
    show.at(140.0)  # within the minute: later
    show.at(158.0)
    assert lines == []
    show.at(162.0)
    assert re.fullmatch(r"fault: 0: the camera gives no more pictures \(30 times since .+\)", lines[0])
    show.at(162.0 + PASSING_SECONDS)
    assert not [line for line in lines if "over: preview" in line]


def test_the_line_of_figures_says_what_matters():
    told = figures(SEEN, Measures(visitors=31, gap=0.041, threads=24, files=41, celsius=61.4))
    assert told == (
        "30.0 fps, gap 41 ms, 21.4 portraits/s, delay 75 ms, faces 2, visitors 31, dropped 12, faults 0 of 0, memory 812 MB, "
        "threads 24, files 41, 61 °C"
    )
    assert figures(replace(SEEN, frame_age=31.0), Measures(safe="x")).endswith("files 0, last frame 31 s ago, safe mode")
    assert "no frame yet" in figures(replace(SEEN, frame_age=None), Measures())


def say(log, text):
    log.handle(logging.LogRecord("test", logging.WARNING, "", 0, text, None, None))


def test_files_take_turns(tmp_path):
    log = KeptLog(tmp_path / "logs", 0.001, 3, pytest.fail)
    for number in range(200):
        say(log, f"{chr(97 + number % 26) * 3}{chr(97 + number // 26)} a line of its own kind")
    log.close()
    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files] == [NAME, f"{NAME}.1", f"{NAME}.2"]
    assert all(file.stat().st_size <= 1100 for file in files)
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} WARNING test: ", files[0].read_text())


def test_a_log_of_one_file_begins_anew_and_never_outgrows_it(tmp_path):
    log = KeptLog(tmp_path, 0.001, 1, pytest.fail)
    for number in range(200):
        say(log, f"{chr(97 + number % 26) * 3}{chr(97 + number // 26)} a line of its own kind")
        assert (tmp_path / NAME).stat().st_size <= 1100
    log.close()
    assert [file.name for file in tmp_path.iterdir()] == [NAME]
    kept = (tmp_path / NAME).read_text()
    assert "aaaa a line" not in kept and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} WARNING test: ", kept)


def test_repeats_are_folded(tmp_path):
    log = KeptLog(tmp_path, 1, 2, pytest.fail)
    for number in range(500):
        say(log, f"frame {number} is corrupt")
    log.close()
    assert len((tmp_path / NAME).read_text().splitlines()) == 10


def test_a_log_that_cannot_be_written_is_told_once_and_goes_on_when_it_can(tmp_path):
    told = []
    (tmp_path / "logs").write_text("in the way")
    log = KeptLog(tmp_path / "logs", 1, 2, told.append)
    say(log, "one")
    say(log, "two")
    assert len(told) == 1 and "cannot be written" in told[0] and log.lost == 2
    (tmp_path / "logs").unlink()
    say(log, "three")
    written = (tmp_path / "logs" / NAME).read_text().splitlines()
    assert written[0].endswith("three") and written[1].endswith("2 lines before this one could not be written") and log.lost == 2
    log.close()
    (tmp_path / "logs" / NAME).unlink()
    (tmp_path / "logs").rmdir()
    (tmp_path / "logs").write_text("in the way again")
    say(log, "four")
    assert len(told) == 2 and log.lost == 3


FULL = """
import logging, resource, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from installation.operation.kept_log import KeptLog
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
told = []
log = KeptLog(Path({folder!r}), 1, 2, told.append)
for letter in "abcdefghij":
    log.handle(logging.LogRecord("test", 30, "", 0, letter * 80, None, None))
assert len(told) == 1 and log.lost >= 6, (told, log.lost)
log.close()
print(told[0])
"""


def test_a_full_disk_is_told_once(tmp_path):
    script = FULL.format(root=str(ROOT), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stderr == "" and "the log cannot be written (File too large)" in done.stdout


def test_warnings_and_the_diary_share_the_log_and_the_terminal_has_no_diary(tmp_path, caplog):
    config = load_config(None, [f"operation.log_folder={tmp_path}"])
    health = Health()
    observe = Observer(health, itertools.count().__next__)  # a second from look to look
    chronicle = Chronicle(config, RunOptions(unattended=True), observe, Measures, health.fault)
    chronicle.start()
    logging.getLogger("somewhere").warning("a driver complains")
    health.fault("broken", "x")
    chronicle.stop()
    chronicle.stop()
    text = (tmp_path / NAME).read_text()
    assert "INFO facets.diary: begin: Facets" in text and "WARNING somewhere: a driver complains" in text
    assert "facets.diary: fault: broken" in text and "facets.diary: end: " in text
    assert [record.name for record in caplog.records] == ["somewhere"]
    logging.getLogger("somewhere").warning("after the end")
    assert "after the end" not in (tmp_path / NAME).read_text()


def test_no_log_where_none_is_wanted(tmp_path):
    config = load_config(None, [f"operation.log_folder={tmp_path / 'logs'}"])
    chronicle = Chronicle(config, RunOptions(duration=1.0), lambda: SEEN, Measures, pytest.fail)
    chronicle.start()
    chronicle.stop()
    assert not (tmp_path / "logs").exists()
