"""A whole show by a clock on the wall that is handed in: its looks, its dark hours, and what rests in them."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config
from installation.errors import ConfigError

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT / "tests" / "data" / "yes.mkv"
BERLIN = ZoneInfo("Europe/Berlin")
# What is measured on a machine, engine and renderer, is named: a loaded machine may choose another.
CHOSEN = ("engine.backend=openvino", "engine.precision=float32", "engine.threads=1", "engine.portrait_px=64", "canvas.renderer=plain")
SCHEDULE = (
    "schedule.zone=Europe/Berlin",
    "schedule.fade_seconds=0.5",
    "schedule.hours={daily: '10:00-18:00'}",
    "schedule.rows=[{name: day, preset: calm}, {name: evening, preset: noir, hours: '17:00-18:00'}]",
)
# From the captured frame of that number on, what the clock on the wall shows; a second has 30 frames.
CLOCK = {0: "2026-11-26 16:59", 10: "2026-11-26 17:00", 45: "2026-11-26 18:00", 105: "2026-11-27 10:00"}
FRAMES = 160


def config(*overrides):
    return load_config(None, [f"source={CLIP}", "canvas.mode=headless", "canvas.width=240", "canvas.height=160", *CHOSEN, *overrides])


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """What was noted of each picture: the preset, how bright the canvas is, and how many pictures had been looked at."""
    report = tmp_path_factory.mktemp("schedule") / "report.json"
    moment = [CLOCK[0]]
    show = Installation(
        config(*SCHEDULE),
        RunOptions(frames=FRAMES, lockstep=True, report=report),
        lambda: datetime.fromisoformat(moment[0]).replace(tzinfo=BERLIN),
    )
    step, noted = show.desk.step, []

    def look(now):
        moment[0] = CLOCK.get(show.health.captured, moment[0])
        step(now)
        counts = tuple(len(show.health.stages.get(stage, ())) for stage in ("track", "generate"))
        noted.append((show.desk.presets.current, int(show.canvas.read().max()), counts))

    show.desk.step = look
    show.run()
    return noted, json.loads(report.read_text())


def test_the_row_that_begins_is_shown(day) -> None:
    noted, _ = day
    assert [noted[frame][0] for frame in (0, 9, 44, 159)] == ["calm", "calm", "noir", "calm"]


def test_the_canvas_fades_to_black_at_closing_and_back_at_opening(day) -> None:
    noted, report = day
    lights = [light for _, light, _ in noted]
    assert min(lights[:45]) > 100 and max(lights[95:105]) == 0 and min(lights[155:]) > 100
    partly = [light for light in lights[45:95] if 20 < light < max(lights[:45]) - 20]
    assert len(partly) > 8  # not at once
    assert report["schedule"] == {"open": True, "row": "day", "override": "auto", "next_change": "2026-11-27T17:00+01:00"}
    assert report["faults"] == []


def test_nobody_is_looked_for_and_nothing_is_drawn_in_the_dark(day) -> None:
    noted, report = day
    assert noted[104][2] == noted[95][2]
    assert noted[159][2][0] >= noted[104][2][0] + 24 and noted[159][2][1] > noted[104][2][1]
    assert report["frames_captured"] == FRAMES and report["frames_dropped"] == 0


def test_a_run_that_depends_on_its_input_alone_knows_no_time_of_day(tmp_path) -> None:
    closed = config("schedule.hours={mon: '00:00-00:01'}", "schedule.zone=Europe/Berlin")
    show = Installation(closed, RunOptions(frames=2, lockstep=True, report=tmp_path / "r.json"))
    show.run()
    assert show.desk.schedule is None and show.canvas_picture.max() > 100
    assert json.loads((tmp_path / "r.json").read_text())["schedule"] is None


def test_a_bad_schedule_ends_the_start_before_anything_opens() -> None:
    with pytest.raises(ConfigError, match=r"schedule\.rows\.0\.preset: 'nior': there is no such preset"):
        Installation(config("schedule.rows=[{name: a, preset: nior}]", "source=nowhere.mp4"), RunOptions(frames=1, lockstep=True))


def test_a_start_in_closed_hours_is_dark_from_its_first_picture(capsys) -> None:
    night = datetime(2026, 11, 26, 23, 0, tzinfo=BERLIN)
    show = Installation(config(*SCHEDULE), RunOptions(frames=1, lockstep=True), lambda: night)
    show.run()
    assert show.canvas_picture.max() == 0
    said = capsys.readouterr().out
    assert "facets: closed until Fri 2026-11-27 10:00, and the canvas is dark; schedule/override opens it" in said
    assert said.count("schedule: where rows overlap the later one wins: 'evening' over 'day'") == 1
