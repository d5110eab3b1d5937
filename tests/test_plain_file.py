"""Every file that a person names: a pipe, a device or a socket is refused at once, by what it is."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest

from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.checkpoints.loading import load_generator
from installation.config import load_config
from installation.config_file import read_document
from installation.control.midi.mapping import read_mapping
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.control.timeline.file import read_timeline
from installation.control.timeline.player import TimelineRecorder
from installation.errors import FacetsError
from installation.latents.direction_files import read_directions
from installation.latents.direction_lists import read_list
from installation.output_file import check_output, whole_file
from installation.plain_file import NotAFileError, check_plain, check_target, open_plain

TABLE = parameter_table(["age"], [])
SUFFIXED = {read_directions: ".npy", load_generator: ".pt"}


def timeline(path: Path) -> object:
    return read_timeline(path, TABLE)


def mapping(path: Path) -> object:
    return read_mapping(path, TABLE)


def make(kind: str, path: Path) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(path))


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "socket"])
@pytest.mark.parametrize("read", [read_document, load_config, timeline, mapping, read_directions, read_list, load_generator])
def test_what_is_no_file_is_refused_at_once(tmp_path, monkeypatch, kind, read):
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    path = Path("named").with_suffix(SUFFIXED.get(read, ".yaml"))
    make(kind, path)
    with pytest.raises(FacetsError, match=rf"{path}.*\b(this is a {kind}|is a folder|is a device or a pipe)"):
        read(path)


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "socket"])
def test_nothing_that_is_no_file_is_written_over(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = Path("target")
    make(kind, path)
    before = path.stat().st_ino

    def into() -> None:
        with whole_file(path) as part:
            part.write_text("x")

    def record() -> None:
        TimelineRecorder(path, ControlState(TABLE), float, int, print)

    for write in (into, record, lambda: check_output(path, force=True)):
        with pytest.raises(FacetsError, match=f"{path}.*this is a {kind}"):
            write()
    wanted = {
        "--record": RunOptions(outputs={"record": path}),
        "--report": RunOptions(report=path),
        "--timeline-record": RunOptions(timeline_record=path),
    }
    for option, options in wanted.items():
        with pytest.raises(FacetsError, match=f"{option} {path}: this is a {kind}"):
            Installation(load_config(), options)
    assert path.stat().st_ino == before


def test_a_file_is_read_and_a_free_place_is_no_fault(tmp_path):
    file = tmp_path / "file.npy"
    np.save(file, np.ones((1, 8)))
    check_plain(file)
    check_target(tmp_path / "free")
    with open_plain(file) as opened:
        assert opened.read(6) == b"\x93NUMPY"
    with pytest.raises(FileNotFoundError):
        open_plain(tmp_path / "free")


def test_a_file_that_becomes_a_pipe_after_it_was_looked_at_is_not_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "named"
    os.mkfifo(path)
    monkeypatch.setattr("installation.plain_file.check_plain", lambda path: None)
    with pytest.raises(NotAFileError, match="this is a pipe"):
        open_plain(path)
