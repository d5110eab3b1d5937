"""Figures as Prometheus reads them: any text in a label, any number, summaries; and those of a show."""

import math

import pytest

from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.control.web.metrics import WebCounts, metrics
from installation.observation import Measures, Observation, ScheduleSeen
from installation.operation.exposition import Family, Sample, exposition
from installation.operation.health import Health
from installation.operation.measures import Beat, Measurer
from tests.exposition_format import read

SEEN = Observation(12.5, 2, (), 29.5, 14.0, 180.0, 7, 900.0, 'open"vino\\', "new\nline", 128, (), frame_age=0.25)


def test_any_text_and_any_number_comes_through():
    texts = ['say "no"', "back\\slash", "two\nlines", "größe,{}=", ""]
    samples = tuple(Sample(i, (("text", text), ("n", str(i)))) for i, text in enumerate(texts))
    family = Family("a_total", "counter", "what \\ it\nis", samples)
    numbers = Family("b", "gauge", "b", tuple(Sample(n, (("n", str(i)),)) for i, n in enumerate((0.1, -1e-9, 3 << 31, 1764165600.25))))
    odd = Family("c", "gauge", "c", (Sample(math.inf, (("n", "1"),)), Sample(-math.inf, (("n", "2"),)), Sample(math.nan)))
    told = read(exposition((family, numbers, odd)))
    assert {dict(labels)["text"] for _, labels in told["a_total"][2]} == set(texts)
    assert list(told["b"][2].values()) == [0.1, -1e-9, 3 << 31, 1764165600.25]
    first, second, third = told["c"][2].values()
    assert (first, second) == (math.inf, -math.inf) and math.isnan(third)


HEAD = "# HELP a b\n# TYPE a gauge\n"


@pytest.mark.parametrize("broken", ["a 1\n", f"{HEAD}a 1\na 2\n", f'{HEAD}a{{b="c"d"}} 1\n', "# HELP a b", f"{HEAD}a one\n"])
def test_the_reader_is_strict(broken):
    with pytest.raises((AssertionError, KeyError, ValueError)):
        read(broken)


def test_the_figures_of_a_show():
    health, beat = Health(), Beat()
    for number in range(100):
        health.took("track", 0.010 if number < 90 else 0.050)
        health.took_frame(number / 30)
        beat.showed(number / 30 + (0.4 if number >= 50 else 0.0))
        health.presented.add(number / 30)
    health.glass_to_glass.extend([0.07] * 9 + [0.2])
    health.saw_faces([1, 2, 7])
    health.drew([1, 2], 256, 1.0)
    measures = Measurer(health, beat, lambda: {"perception": 3})()
    controls = ControlState(parameter_table([], [])).counts()
    told = read(metrics(SEEN, controls, WebCounts(1, 0, 0), measures))
    value = {name: next(iter(samples.values())) for name, (_, _, samples) in told.items() if len(samples) == 1}
    assert (value["facets_captured_total"], value["facets_presented_total"], value["facets_visitors_total"]) == (100, 100, 3)
    assert value["facets_portraits_total"] == 2 and value["facets_longest_gap_seconds"] == pytest.approx(0.4 + 1 / 30)
    assert value["facets_threads"] >= 1 and value["facets_open_files"] >= 3 and value["facets_safe_mode"] == 0
    stage = told["facets_stage_seconds"]
    assert stage[0] == "summary" and stage[2]["facets_stage_seconds", (("quantile", "0.5"), ("stage", "track"))] == pytest.approx(0.01)
    assert stage[2]["facets_stage_seconds_count", (("stage", "track"),)] == 100
    assert stage[2]["facets_stage_seconds_sum", (("stage", "track"),)] == pytest.approx(1.4)
    assert told["facets_interval_seconds"][2]["facets_interval_seconds_count", ()] == 99
    assert told["facets_worker_restarts_total"][2]["facets_worker_restarts_total", (("worker", "perception"),)] == 3
    assert told["facets_info"][2]["facets_info", (("engine", 'open"vino\\'), ("model", "new\nline"))] == 1
    assert told["facets_glass_to_glass_seconds"][2]["facets_glass_to_glass_seconds", (("quantile", "0.5"),)] == pytest.approx(0.07)


def test_what_is_not_known_is_not_told():
    from dataclasses import replace

    controls = ControlState(parameter_table([], [])).counts()
    told = read(metrics(replace(SEEN, frame_age=None), controls, WebCounts(0, 0, 0), Measures(safe="a crash loop")))
    assert "facets_processor_celsius" not in told and "facets_frame_age_seconds" not in told and "facets_stage_seconds" not in told
    assert told["facets_safe_mode"][2]["facets_safe_mode", ()] == 1
    seen = replace(SEEN, schedule=ScheduleSeen(False, "late", "auto", "2026-12-01T10:00+01:00"))
    told = read(metrics(seen, controls, WebCounts(0, 0, 0), Measures(celsius=61.5)))
    assert told["facets_open"][2]["facets_open", ()] == 0 and told["facets_processor_celsius"][2]["facets_processor_celsius", ()] == 61.5
    assert told["facets_next_change_timestamp_seconds"][2]["facets_next_change_timestamp_seconds", ()] == 1796115600


def test_whoever_asks_too_often_costs_no_more():
    health, moment, asked = Health(), [5.0], []
    measure = Measurer(health, Beat(), lambda: asked.append(1) or {}, now=lambda: moment[0])
    first = measure()
    health.captured = 7
    assert all(measure() is first for _ in range(100)) and len(asked) == 1
    moment[0] += 1.0
    assert measure().captured == 7 and len(asked) == 2


def test_the_longest_gap_is_that_of_the_last_minute():
    beat = Beat()
    now = 0.0
    beat.showed(now)
    for step in [3.0] + [0.05] * 1300 + [0.9] + [0.05] * 100:
        now += step
        beat.showed(now)
    assert beat.longest() == pytest.approx(0.9)
    assert beat.longest(1000.0) == pytest.approx(3.0)
    assert Beat().longest() == 0.0
