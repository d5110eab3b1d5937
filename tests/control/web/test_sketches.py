"""The live face in each style, for whoever may open the panel, and for nobody else."""

import json
import urllib.error
import urllib.request

import numpy as np
import pytest

from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.control.web.desk_view import Show
from installation.control.web.preview import Preview
from installation.control.web.server import WebPanel
from installation.control.web.sketches import SketchBoard
from tests.control.web.conftest import SEEN, control_config


@pytest.fixture
def board() -> SketchBoard:
    return SketchBoard()


@pytest.fixture
def panel(board):
    state = ControlState(parameter_table([], [], styles=(("ink", "black ink"),)))
    serving = WebPanel(state, control_config(), lambda: SEEN, Preview(allowed=True), sketches=board)
    serving.start()
    yield serving
    serving.stop()


def get(panel, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{panel.port}/panel/styles/{name}", timeout=10) as answer:
        return answer.headers, answer.read()


def test_no_sketch_that_was_being_made_comes_after_pictures_were_forbidden(board):
    board.put("ink", np.zeros((8, 8, 3), np.uint8))
    board.forbid()
    assert board.jpeg("ink") is None and not board.numbers()
    board.put("ink", np.zeros((8, 8, 3), np.uint8))
    assert board.jpeg("ink") is None and not board.numbers()


def test_a_sketch_is_served_and_kept_nowhere(panel, board):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(panel, "ink")
    board.put("ink", np.full((96, 96, 3), 90, np.uint8))
    headers, data = get(panel, "ink")
    assert data.startswith(b"\xff\xd8") and headers["Content-Type"] == "image/jpeg" and headers["Cache-Control"] == "no-store"
    board.clear()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(panel, "ink")


@pytest.mark.parametrize("name", ["..%2Fpanel.js", "%2e%2e", "a" * 500, "ink%00"])
def test_a_name_that_is_none_is_no_file(panel, name):
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(panel, name)
    assert refused.value.code in (400, 404)


def test_the_pulse_tells_which_sketch_is_the_newest(board):
    show = Show(ControlState(parameter_table([], [])), lambda: SEEN, sketches=board)
    board.put("ink", np.zeros((8, 8, 3), np.uint8))
    board.put("ink", np.zeros((8, 8, 3), np.uint8))
    assert json.loads(json.dumps(show.pulse()))["sketches"] == {"ink": 2} and board.wanted
    assert "sketches" not in Show(show.state, lambda: SEEN).pulse()
