"""What the panel and the program say to each other, without a browser."""

import json
import time
from types import SimpleNamespace

import pytest

from installation.control.osc.encoding import message
from installation.control.osc.packets import read_packet
from installation.control.parameters import parameter_table
from installation.control.presets.files import read_preset
from installation.control.presets.player import PresetPlayer
from installation.control.web.address_space import attributes
from installation.control.web.hub import Batch
from installation.control.web.metrics import WebCounts, metrics
from installation.control.web.server import WebPanel
from tests.control.web.conftest import ATTRIBUTES, CHILDREN, SEEN, Stage, control_config, table
from tests.control.web.stranger import Line


class Panel:
    """A panel that remembers what it was told."""

    def __init__(self, port: int) -> None:
        self.line = Line(port, "/panel/socket")
        self.values: dict[str, object] = {}
        self.told: dict[str, object] = {}
        self.hears(lambda: "rows" in self.told and "health" in self.told)

    def hears(self, check, seconds: float = 5.0) -> None:
        end = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < end, self.told.keys()
            told = json.loads(self.line.receive())
            self.values |= told.get("values", {})
            self.told |= told

    def close(self) -> None:
        self.line.close()


@pytest.fixture
def panels(stage):
    pair = Panel(stage.panel.port), Panel(stage.panel.port)
    yield pair
    for panel in pair:
        panel.close()


def test_a_panel_learns_the_table_and_how_the_show_fares(stage, panels):
    told = panels[0].told
    assert [row["name"] for row in told["rows"]] == list(table())
    gamma = next(row for row in told["rows"] if row["name"] == "look/gamma")
    assert (gamma["kind"], gamma["low"], gamma["high"], gamma["curve"], gamma["default"]) == ("float", 0.5, 2.5, "log", 1.0)
    assert panels[0].values == stage.state.targets()
    health = told["health"]
    assert (health["faces"], health["delay_ms"], health["memory_mb"], health["fault_count"]) == (2, 180.0, 900.0, 1)
    assert told["midi"] is None  # no desk: no learn buttons


def test_what_one_panel_sets_the_other_hears_and_the_first_is_told_that_it_was_heard(stage, panels):
    first, second = panels
    first.line.send({"set": {"look/grain": 0.5, "transport/freeze": True, "look/layout": "row"}, "n": 41})
    second.hears(lambda: second.values["look/layout"] == "row")
    assert second.values["look/grain"] == 0.5 and second.values["transport/freeze"] is True
    first.hears(lambda: first.told["heard"] == 41)
    assert first.values["look/grain"] == 0.5  # in the same message or before it
    first.line.send({"set": {"look/grain": 7}, "n": 42})
    first.hears(lambda: first.told["heard"] == 42)
    assert first.values["look/grain"] == 1.0  # clamped


def test_a_value_that_is_as_it_was_is_acknowledged_too(panels):
    panels[0].line.send({"set": {"look/grain": panels[0].values["look/grain"]}, "n": 7})
    panels[0].hears(lambda: panels[0].told["heard"] == 7)


def test_what_a_panel_cannot_set_is_counted(stage, panels):
    before = stage.state.counts().ignored
    panels[0].line.send(
        {"set": {"look/glitter": 1, "look/grain": [1], "look/layout": "../x", "__proto__": 3, "transport/bpm": None}, "n": 1}
    )
    panels[0].hears(lambda: panels[0].told["heard"] == 1)
    assert stage.state.counts().ignored - before == 5
    panels[0].line.send('{"set": {"look/grain": NaN, "look/zoom": Infinity}, "n": 2}')
    panels[0].hears(lambda: panels[0].told["heard"] == 2)
    assert stage.state.counts().ignored - before == 7
    assert stage.state.targets() == stage.state.beginnings()


def test_a_thousand_changes_come_as_few_messages_with_the_last_value(stage, panels):
    for i in range(1000):
        stage.state.set("edit/age/amount", i / 500)
    count = 0
    while panels[0].values["edit/age/amount"] != 999 / 500:
        panels[0].values |= json.loads(panels[0].line.receive()).get("values", {})
        count += 1
    assert count < 50


def test_a_table_that_changes_reaches_the_panel(stage, panels):
    stage.state.replace(parameter_table([*ATTRIBUTES, "glasses"], CHILDREN, presets=["calm"]))
    panels[1].hears(lambda: any(row["name"] == "edit/glasses/amount" for row in panels[1].told["rows"]))
    assert panels[1].values["edit/glasses/amount"] == 0.0


def test_a_fade_is_shown_on_its_way(stage, panels):
    now = 100.0
    stage.state.snapshot(now)
    stage.state.fade({"look/zoom": stage.state.table["look/zoom"].high}, 10.0)
    stage.state.snapshot(now)
    stage.state.snapshot(now + 5)
    panels[0].hears(lambda: "look/zoom" in panels[0].told.get("moving", {}))
    low, high = stage.state.beginnings()["look/zoom"], stage.state.table["look/zoom"].high
    assert low < panels[0].told["moving"]["look/zoom"] < high
    assert panels[0].values["look/zoom"] == high  # the target at once
    stage.state.snapshot(now + 20)
    panels[0].hears(lambda: panels[0].told["moving"] == {})


def test_presets_are_recalled_and_saved_through_the_panel(tmp_path):
    with Stage() as stage:
        player = PresetPlayer(tmp_path, stage.state, lambda names: table(presets=names), print, print, background=False)
        served = WebPanel(stage.state, control_config(), lambda: SEEN, stage.preview, presets=player)
        served.start()
        panel = Panel(served.port)
        panel.line.send({"set": {"look/grain": 0.875, "preset/save": "evening"}, "n": 1})
        panel.hears(lambda: panel.told["heard"] == 1)
        player.step(0.0)
        assert read_preset(tmp_path / "evening.yaml", stage.state.table).controls["look/grain"] == 0.875
        panel.hears(lambda: any(row["name"] == "preset/evening/recall" for row in panel.told["rows"]))
        stage.state.set("look/grain", 0.0)
        panel.line.send({"set": {"preset/evening/recall": True}, "n": 2})
        panel.hears(lambda: panel.told["heard"] == 2)
        player.step(1.0)
        panel.hears(lambda: panel.values["look/grain"] == 0.875 and panel.told["presets"]["current"] == "evening")
        panel.line.send({"set": {"preset/save": "../evil"}, "n": 3})
        panel.hears(lambda: panel.told["heard"] == 3)
        player.step(2.0)
        assert [path.name for path in tmp_path.parent.rglob("evil*")] == []
        panel.close()
        served.stop()
        player.stop()


def test_learning_goes_to_the_midi_desk():
    asked, forgotten = [], []
    midi = SimpleNamespace(learning=None, learn=asked.append, unlearn=forgotten.append, learned=lambda: {"look/grain": "CC 21"})
    with Stage() as stage:
        served = WebPanel(stage.state, control_config(), lambda: SEEN, stage.preview, midi=midi)
        served.start()
        panel = Panel(served.port)
        assert panel.told["midi"] == {"learning": None, "learned": {"look/grain": "CC 21"}}
        for name in ("look/zoom", "look/glitter", None):
            panel.line.send({"learn": name, "n": 1})
        panel.line.send({"unlearn": "look/grain", "n": 2})
        panel.line.send({"set": {"look/mirror": False}, "n": 9})
        panel.hears(lambda: panel.told["heard"] == 9)
        assert asked == ["look/zoom", None] and forgotten == ["look/grain"]
        panel.close()
        served.stop()


def test_the_figures_are_as_prometheus_reads_them(stage):
    text = metrics(SEEN, stage.state.counts(), WebCounts(3, 1, 2))
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values["facets_presented_fps"]) == 29.5 and float(values["facets_delay_seconds"]) == 0.18
    assert float(values["facets_memory_bytes"]) == 900 * 2**20 and values["facets_faults_total"] == "1"
    assert (values["facets_web_clients"], values["facets_web_dropped_total"], values["facets_web_refused_total"]) == ("3", "1", "2")
    assert text.count("# TYPE ") == len(values) == text.count("# HELP ")
    assert values['facets_info{engine="openvino",model="facets"}'] == "1"


@pytest.mark.parametrize("value", [0.25, 3, True, False, "row", "größe", None])
def test_a_packet_that_goes_out_is_one_that_could_come_in(value):
    packet = message("/facets/look/grain", value)
    assert len(packet) % 4 == 0
    assert read_packet(packet) == [(b"/facets/look/grain", value)]


def test_a_batch_forgets_the_values_of_rows_that_went():
    batch = Batch(values={"a": 1.0, "b": 2.0})
    batch.merge(Batch(values={"c": 3.0}, paths={"a": False, "d": True}))
    assert batch.values == {"b": 2.0, "c": 3.0} and batch.paths == {"a": False, "d": True}


def test_a_switch_has_the_type_of_its_value():
    row = table()["look/mirror"]
    assert [attributes(row, value)["TYPE"] for value in (True, False)] == ["T", "F"]


def test_a_show_whose_health_cannot_be_told_keeps_its_panel():
    with Stage() as stage:
        looks = []

        def observe():
            looks.append(1)
            if len(looks) < 3:
                raise RuntimeError("not yet")
            return SEEN

        served = WebPanel(stage.state, control_config(), observe, stage.preview)
        served.start()
        panel = Panel(served.port)
        assert panel.told["health"]["faces"] == 2
        panel.close()
        served.stop()


def test_what_is_asked_in_words_is_answered_in_words(tmp_path):
    with Stage() as stage:
        player = PresetPlayer(tmp_path, stage.state, lambda names: table(presets=names), print, print, background=False)
        served = WebPanel(stage.state, control_config(), lambda: SEEN, stage.preview, presets=player)
        served.start()
        panel, other = Panel(served.port), Panel(served.port)
        answers = {}

        def ask(number, **wish):
            panel.line.send({**wish, "n": number})

            def answered():
                player.step(float(number))
                answers.update({answer["n"]: answer for answer in panel.told.get("answers", ())})
                return number in answers

            panel.hears(answered)
            return answers[number]

        stage.state.set("look/grain", 0.875)
        assert ask(1, save="Été, encore", over=False)["text"] == "Saved as “Été, encore”."
        stage.state.set("look/grain", 0.25)
        asked = ask(2, save="été, ENCORE", over=False)
        assert asked["asks"] and asked["name"] == "ete-encore" and not asked["done"]
        assert ask(3, save="Été, encore", over=True)["done"]
        assert not ask(4, save="a/b", over=False)["done"] and "no slash" in answers[4]["text"]
        assert ask(5, recall="Ete encor")["text"].endswith("did you mean “Été, encore”?")
        assert ask(6, recall="Été, Encore") == {"n": 6, "done": True, "text": "", "name": "ete-encore", "asks": False}
        (backup,) = ask(7, backups="ete-encore")["backups"]
        assert ask(8, restore="ete-encore", key=backup["key"])["done"]
        assert read_preset(tmp_path / "ete-encore.yaml", stage.state.table).controls["look/grain"] == 0.875
        assert not ask(9, restore="ete-encore", key="gone")["done"]
        assert ask(10, backups="../../etc")["backups"] == []
        other.hears(lambda: other.told["presets"]["titles"].get("ete-encore") == "Été, encore")
        other.hears(lambda: other.told["presets"]["numbers"] == {"ete-encore": 0})  # it comes with the next look at the folder
        assert "answers" not in other.told  # they are for who asked
        for nonsense in ({"save": 3}, {"save": "x"}, {"save": "x", "over": 1}, {"restore": "x"}, {"recall": None}, {"backups": []}):
            panel.line.send({**nonsense, "n": 11})
        assert ask(12, recall="no such")["done"] is False  # it is still there
        panel.close()
        other.close()
        served.stop()
        player.stop()


def test_a_value_that_was_not_taken_is_told_as_it_is(stage, panels):
    first, _ = panels
    for number, value in enumerate(("spiral", "", 7), start=1):
        first.values.pop("look/layout")
        first.line.send({"set": {"look/layout": value}, "n": number})
        first.hears(lambda: "look/layout" in first.values)
        assert first.values["look/layout"] == "mirror" and first.told["heard"] >= number


def test_a_panel_hears_a_beat_whatever_happens(panels):
    first, _ = panels
    beat = first.told.get("beat", 0)
    first.hears(lambda: first.told.get("beat", 0) >= beat + 3)
