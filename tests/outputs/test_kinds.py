"""The table of outputs: what is wanted is opened, what is not allowed is not, and nothing stays open after a failure."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from installation.config import load_config
from installation.errors import ConfigError
from installation.outputs import kinds
from installation.outputs.kinds import KINDS, open_outputs
from installation.outputs.output import Shown
from run_installation import parse

PICTURE = np.zeros((32, 48, 3), np.uint8)


def shown():
    return Shown((48, 32), 25.0, realtime=False, fault=pytest.fail)


def test_every_kind_is_an_option_of_the_command_line_and_has_a_module_that_opens_it():
    arguments = vars(parse([f"--{kind.name}=there" for kind in KINDS]))
    for kind in KINDS:
        assert str(arguments[kind.name]) == "there"
        assert callable(importlib.import_module(kind.module).open_output)


def test_only_what_is_wanted_is_opened(tmp_path):
    assert open_outputs({}, shown(), load_config(), may_keep=True) == ()
    (output,) = open_outputs({"record": tmp_path / "a.mp4"}, shown(), load_config(), may_keep=True)
    assert (output.name, output.notice) == ("record", "")
    output.write(PICTURE, 0.0)
    output.close()
    output.close()
    assert (tmp_path / "a.mp4").stat().st_size > 0


def test_what_stores_pictures_of_a_live_camera_is_opened_only_where_that_is_allowed(tmp_path, monkeypatch):
    path = tmp_path / "a.mp4"
    with pytest.raises(ConfigError, match=r"--record: a live camera is recorded only where privacy\.allow_recording is true"):
        open_outputs({"record": path}, shown(), load_config(), may_keep=False)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(kinds, "KINDS", (replace(KINDS[0], keeps=False),))  # such as a screen elsewhere
    (output,) = open_outputs({"record": path}, shown(), load_config(), may_keep=False)
    output.close()


def test_an_output_that_cannot_be_opened_leaves_none_open(tmp_path, monkeypatch):
    monkeypatch.setattr(kinds, "KINDS", (KINDS[0], replace(KINDS[0], name="second")))
    (tmp_path / "folder").mkdir()
    first = tmp_path / "a.mp4"
    with pytest.raises(ConfigError, match="folder"):
        open_outputs({"record": first, "second": tmp_path / "folder"}, shown(), load_config(), may_keep=True)
    (again,) = open_outputs({"record": first}, shown(), load_config(), may_keep=True)  # one that was open would hold its lock
    again.close()
