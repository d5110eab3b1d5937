"""What is told outside of who is there, how old the picture is, and what went wrong."""

from dataclasses import replace

from installation.control.osc.readings import readings
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.control.web.desk_view import Show
from installation.control.web.metrics import WebCounts, metrics
from installation.observation import Observation, ScheduleSeen
from installation.operation.health import Health
from installation.operation.observer import PERIOD, SILENT, Observer


def figures(seen: Observation) -> dict[str, str]:
    controls = ControlState(parameter_table([], [])).counts()
    lines = metrics(seen, controls, WebCounts(0, 0, 0)).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))  # type: ignore[misc]


def test_nobody_is_counted_long_after_the_last_look() -> None:
    moment = [0.0]
    health = Health()
    observe = Observer(health, lambda: moment[0])
    health.saw_faces([1, 2], ((1, 0.5), (2, 0.0)), 0.0)
    assert observe().faces == 2
    moment[0] = SILENT + 1
    assert observe().faces == 0
    assert observe().smiles == ()


def test_metrics_tell_the_age_of_the_last_frame_and_the_faults_that_last() -> None:
    moment = [10.0]
    health = Health()
    health.fault_log.now = lambda: moment[0]
    observe = Observer(health, lambda: moment[0])
    assert "facets_frame_age_seconds" not in figures(observe())
    health.took_frame(10.0)
    health.fault("0: gone", "capture")
    health.fault("the snapshot could not be written")
    moment[0] = 60.0
    told = figures(observe())
    assert (told["facets_frame_age_seconds"], told["facets_faults_total"], told["facets_faults_open"]) == ("50", "2", "2")
    health.over("capture")
    moment[0] += 60
    told = figures(observe())
    assert (told["facets_faults_total"], told["facets_faults_open"]) == ("2", "0")


def test_the_panel_is_told_which_faults_last_and_how_long() -> None:
    moment = [10.0]
    health = Health()
    health.fault_log.now = lambda: moment[0]
    observe = Observer(health, lambda: moment[0])
    health.fault("0: gone", "capture")
    moment[0] = 70.0
    state = ControlState(parameter_table([], []))
    told = Show(state, lambda: replace(observe(), seconds=moment[0])).pulse()["health"]
    assert isinstance(told, dict)
    (fault,) = told["faults"]
    assert (fault["text"], fault["lasts"], fault["ended"], fault["count"]) == ("0: gone", 60.0, False, 1)
    assert told["fault_count"] == 1
    health.over("capture")
    moment[0] += 2 * PERIOD
    told = Show(state, observe).pulse()["health"]
    assert isinstance(told, dict)
    assert told["fault_count"] == 0
    assert [fault["ended"] for fault in told["faults"]] == [True]


def test_more_than_twenty_faults_are_counted() -> None:
    health = Health()
    for k in range(150):
        health.fault(f"fault {k}")
    seen = Observer(health, lambda: 0.0)()
    assert seen.fault_count == 150
    assert seen.faults[-1] == "fault 149"


def test_the_schedule_is_told_where_there_is_one() -> None:
    observe = Observer(Health(), lambda: 0.0)
    assert not [name for name in figures(observe()) if "schedule" in name or name == "facets_open"]
    assert not [one for one in readings(observe(), "") if one.name.startswith("schedule")]
    seen = ScheduleSeen(False, 'a "row"', "closed", "2026-11-26T18:00+01:00")
    observe = Observer(Health(), lambda: 0.0)
    observe.begin("", "", (), lambda: seen)
    told = figures(observe())
    assert told["facets_open"] == "0" and told["facets_next_change_timestamp_seconds"] == "1795712400"
    assert told[r'facets_schedule_info{row="a \"row\"",override="closed"}'] == "1"
    assert {one.name: one.value for one in readings(observe(), "") if one.name.startswith("schedule")} == {
        "schedule/open": 0, "schedule/row": 'a "row"', "schedule/next": "2026-11-26T18:00+01:00",
    }  # fmt: skip
    controls = ControlState(parameter_table([], []))
    assert Show(controls, observe).pulse()["health"]["schedule"]["override"] == "closed"
    never = replace(observe(), schedule=replace(seen, next_change=""))
    assert "facets_next_change_timestamp_seconds" not in figures(never)
