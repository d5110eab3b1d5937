"""What a panel is told, and what is understood of it: the parts behind its socket, by themselves."""

import asyncio
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from installation.control.presets.asks import RecallAnswer
from installation.control.presets.catalogue import Catalogue
from installation.control.presets.files import Preset
from installation.control.state import ControlState
from installation.control.web import panel as panel_module
from installation.control.web.desk_view import MOST_FAULTS, Show, row_json
from installation.control.web.hub import PERIOD, Batch, Hub, Outbox
from installation.control.web.panel import NewestPreview, PreviewWatcher
from installation.control.web.panel_talk import MOST_ANSWERS, MOST_SET, PanelTalk
from installation.control.web.preview import Preview
from installation.control.web.sockets import NonsenseError
from installation.observation import FaultRecord
from tests.control.web.conftest import SEEN, table

ROWS = table()


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


# What is told of each control


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("look/gamma", {"kind": "float", "access": "rw", "low": 0.5, "high": 2.5, "curve": "log", "unit": "", "default": 1.0}),
        ("facets/rows", {"kind": "int", "access": "rw", "unit": "", "curve": "linear"}),
        ("look/mirror", {"kind": "bool", "access": "rw", "default": True}),
        ("look/tint-hue", {"kind": "float", "circular": True}),
        ("look/layout", {"kind": "str", "choices": list(ROWS["look/layout"].choices), "default": "mirror"}),
        ("preset/next", {"kind": "trigger", "access": "w"}),
        ("preset/save", {"kind": "command", "access": "w", "learn": False}),
    ],
)
def test_of_a_control_a_panel_is_told_what_it_draws_it_with(name, told):
    row = row_json(ROWS[name])
    assert row["name"] == name and row["what"] == ROWS[name].description and row | told == row
    absent = {
        "bool": {"low", "high", "choices", "circular", "learn"}, "float": {"choices", "learn"}, "int": {"choices", "circular", "learn"},
        "str": {"low", "high", "circular", "learn"}, "trigger": {"default", "low", "choices", "circular", "learn"},
        "command": {"default", "low", "choices", "circular"},
    }[told["kind"]]  # fmt: skip
    assert not absent & set(row) and (name == "look/tint-hue" or "circular" not in row)


def record(text, ended=""):
    at = "2026-11-26T10:00:00+00:00"
    return FaultRecord("", text, at, at, 1.0, 1.0, 1, ended or None, 2.0 if ended else None)


def test_the_newest_faults_are_told_and_those_that_last_are_counted():
    log = tuple(record(f"fault {k}", "2026-11-26T10:00:05+00:00" if k % 3 == 0 else "") for k in range(MOST_FAULTS + 5))
    show = Show(ControlState(ROWS), lambda: replace(SEEN, fault_log=log, faults=("only its text",)))
    health = show.pulse()["health"]
    assert [one["text"] for one in health["faults"]] == [f"fault {k}" for k in range(5, MOST_FAULTS + 5)]
    assert health["fault_count"] == sum(k % 3 != 0 for k in range(MOST_FAULTS + 5)) and health["fault_log"] == ()
    quiet = Show(ControlState(ROWS), lambda: replace(SEEN, faults=()))
    assert quiet.pulse()["health"]["faults"] == [] and quiet.pulse()["health"]["fault_count"] == 0


def test_the_pulse_tells_what_there_is_and_none_for_what_there_is_not():
    state = ControlState(ROWS)
    bare = Show(state, lambda: SEEN).pulse()
    assert {name: bare[name] for name in ("midi", "takeaways", "zones", "phases", "pictures")} == {
        "midi": None, "takeaways": None, "zones": None, "phases": {}, "pictures": True,
    }  # fmt: skip
    assert bare["presets"] == {"names": [], "current": "", "titles": {}, "numbers": {}} and "sketches" not in bare
    state.set("look/grain", 7.0)
    state.set("no/such", 1)
    state.fade({"look/zoom": 2.0}, 5.0)
    catalogue = Catalogue({"calm": Preset("calm", title="Calm sea"), "new": Preset("new")}, {"calm": 4})
    full = Show(
        state,
        lambda: SEEN,
        presets=SimpleNamespace(current="calm", catalogue=catalogue),
        midi=SimpleNamespace(learning="look/zoom", learned=lambda: {"look/grain": 21}),
        phases=lambda: {"age": 0.25},
        takeaways=lambda: {"kept": 3},
        pictures=lambda: False,
        sketches=SimpleNamespace(numbers=lambda: {"ink": 2}),
        studio=True,
    )
    told = full.pulse()
    assert told["midi"] == {"learning": "look/zoom", "learned": {"look/grain": "21"}} and told["takeaways"] == {"kept": 3}
    assert told["presets"] == {
        "names": ["calm", "new"], "current": "calm", "titles": {"calm": "Calm sea", "new": "New"}, "numbers": {"calm": 4, "new": None},
    }  # fmt: skip
    assert (told["phases"], told["pictures"], told["sketches"]) == ({"age": 0.25}, False, {"ink": 2})
    health = told["health"]
    assert (health["ignored"], health["clamped"], health["last"], health["fading"]) == (1, 1, "no/such: no such control", True)
    assert (full.rows()["studio"], full.rows()["operator"]) == (True, False) and full.rows()["values"] == state.targets()


def test_what_is_under_way_is_told_for_numbers_alone_until_they_are_there():
    state = ControlState(ROWS)
    show = Show(state, lambda: SEEN)
    state.snapshot(0.0)
    state.fade({"identity/mix": 1.0, "look/layout": "row", "look/grain": state.target("look/grain")}, 4.0, "linear")
    state.snapshot(0.0)
    state.snapshot(1.0)
    assert show.under_way() == {"identity/mix": 0.25}
    state.snapshot(5.0)
    assert show.under_way() == {}


# What one panel and the program say to each other


class Spoken:
    """A talk, and what it has said."""

    def __init__(self, **given):
        self.state = ControlState(ROWS)
        self.hub = Hub(self.state)
        self.talk = PanelTalk(Show(self.state, lambda: SEEN, **given), self.hub)

    async def says(self, message):
        await self.talk.read(json.dumps(message))

    async def hears(self, heard=None):
        """heard: the number up to which the program's effects are there."""
        self.talk.outbox.heard = self.talk.outbox.heard if heard is None else heard
        (text,) = await self.talk.write()
        return json.loads(text)


def test_what_means_nothing_is_told_from_what_does():
    async def visit():
        one = Spoken()
        names = [*ROWS, *(f"none/{k}" for k in range(MOST_SET))]
        await one.says({"set": dict.fromkeys(names[:MOST_SET], 0)})
        await one.says({"learn": None})
        await one.says({"unlearn": "look/grain", "n": 3})
        for wrong in (
            {"set": dict.fromkeys(names[: MOST_SET + 1], 0)}, {"set": {}}, {"set": []}, {}, {"n": 4}, {"learn": 3}, {"unlearn": None},
            {"set": {"look/grain": 0.5}, "n": "1"}, {"set": {"look/grain": 0.5}, "n": 1.5}, {"recall": "calm"}, {"zones": []}, [], None, 3,
        ):  # fmt: skip
            with pytest.raises(NonsenseError):
                await one.says(wrong)
        for raw in (b'{"set": {"look/grain": 1}}', "{", "[" * 5000):
            with pytest.raises(NonsenseError):
                await one.talk.read(raw)
        assert one.talk.outbox.arrived == 3

    run(visit())


def test_a_panel_is_told_its_own_value_once_its_message_has_had_its_effect():
    async def visit():
        one = Spoken()
        assert len((await one.hears())["rows"]) == len(ROWS)
        await one.says({"set": {"look/grain": 7, "preset/next": True, "none/such": 1}, "n": 5})
        await one.says({"set": {"look/zoom": 1.5}, "n": 6})
        one.talk.outbox.note("beat", 1)
        assert await one.hears(4) == {"heard": 4, "beat": 1}  # not yet
        one.talk.outbox.note("beat", 2)
        assert await one.hears(5) == {"heard": 5, "values": {"look/grain": 1.0}, "beat": 2}
        one.talk.outbox.note("beat", 2)
        one.talk.outbox.note("midi", None)
        assert await one.hears(6) == {"heard": 6, "values": {"look/zoom": 1.5}, "midi": None}  # what did not change is not told again
        one.talk.outbox.add(Batch(values={"look/zoom": 1.75}, fired={"transport/tap": True}))
        assert await one.hears(6) == {"heard": 6, "values": {"look/zoom": 1.75}, "fired": ["transport/tap"]}
        one.talk.outbox.add(Batch(values={"look/zoom": 1.75}, paths={"/facets/new": True}))
        told = await one.hears(6)
        assert len(told["rows"]) == len(ROWS) and told["values"] == one.state.targets()  # all of it, where rows came or went

    run(visit())


def test_learning_is_for_controls_that_there_are():
    async def visit():
        asked = []
        midi = SimpleNamespace(learn=lambda name: asked.append(("learn", name)), unlearn=lambda name: asked.append(("unlearn", name)))
        one = Spoken(midi=midi)
        for name in ("look/grain", "none/such", ""):
            await one.says({"learn": name})
        await one.says({"unlearn": "none/such"})
        await one.says({"set": {"look/grain": 1}})
        assert asked == [("learn", "look/grain"), ("learn", None), ("unlearn", "none/such")]

    run(visit())


def test_answers_reach_whoever_asked_once_and_only_so_many_wait():
    async def visit():
        class Presets:
            current, catalogue = "", Catalogue()

            def save(self, title, over, tell):
                for k in range(MOST_ANSWERS + 1):
                    tell(RecallAnswer(True, f"{title} {k}", "calm"))

            def ask(self, text, source):
                return RecallAnswer(False, f"{text} by {source}")

        one = Spoken(presets=Presets())
        await one.hears()
        await one.says({"save": "Mine", "over": False, "n": 7})
        await asyncio.sleep(0)
        answers = (await one.hears())["answers"]
        assert [answer["text"] for answer in answers] == [f"Mine {k}" for k in range(1, MOST_ANSWERS + 1)]
        assert answers[0] == {"n": 7, "done": True, "text": "Mine 1", "name": "calm", "asks": False}
        await one.says({"recall": "clam", "n": 8})
        await asyncio.sleep(0)
        (answer,) = (await one.hears())["answers"]
        assert (answer["n"], answer["done"], answer["text"]) == (8, False, "clam by web") and one.talk.outbox.arrived == 8
        one.talk.outbox.note("beat", 1)
        assert "answers" not in await one.hears()

    run(visit())


# Changes on their way


def test_changes_are_handed_out_together_and_no_more_often_than_they_may():
    async def visit():
        state, loop = ControlState(ROWS), asyncio.get_running_loop()
        hub, first, second = Hub(state), Outbox(), Outbox()
        hub.start(loop)
        state.set("look/grain", 0.9)  # nobody looks yet
        hub.outboxes |= {first, second}
        first.arrived = 41
        state.set("look/zoom", 1.25)
        state.set("look/zoom", 1.5)
        state.set("preset/next", True)
        batch = await first.take()
        then = hub._flushed
        assert batch == Batch(values={"look/zoom": 1.5}, fired={"preset/next": True}) == await second.take() and first.heard == 41
        first.arrived = 42
        hub.touch()  # nothing changed, and whoever waits for word gets it
        assert await first.take() == Batch() and first.heard == 42
        assert hub._flushed >= then + 0.99 * PERIOD
        smaller = table(presets=("calm",))
        state.replace(smaller)
        state.replace(ROWS)
        assert (await first.take()).paths == {"preset/snow/recall": True}  # it went and came
        state.set("edit/age/amount", 1.0)
        state.replace(table(attributes=("smile",)))
        batch = await first.take()
        assert batch.values == {} and batch.paths["edit/age/amount"] is False  # nobody is told the value of what is gone
        hub.stop()
        state.set("look/grain", 0.1)
        hub.touch()
        await asyncio.sleep(2 * PERIOD)
        assert not first._filled.is_set()

    run(visit())


# Pictures


def picture(level):
    return np.full((8, 8, 3), level, np.uint8)


def test_a_picture_goes_to_all_who_ask_and_is_gone_before_somebody_else_stands_there(monkeypatch):
    monkeypatch.setattr(panel_module, "HELD", 0.05)

    async def visit():
        preview = Preview(allowed=True)
        looks = NewestPreview(preview)
        first, second = asyncio.create_task(looks.newer(0)), asyncio.create_task(looks.newer(0))
        await asyncio.sleep(0)
        preview.put(picture(50), 1.0)
        (number, jpeg), other = await first, await second
        assert number == 1 == looks.number and other == (1, jpeg)
        assert await looks.newer(0) == (1, jpeg)  # who comes right after them sees the same
        while looks._jpeg:
            await asyncio.sleep(0.005)
        third = asyncio.create_task(looks.newer(0))
        await asyncio.sleep(0.02)
        assert not third.done()
        preview.put(picture(200), 2.0)
        assert (await third)[0] == 2 and (await third)[1] != jpeg

    run(visit())


def test_one_who_looks_waits_for_a_picture_that_was_not_there_when_they_came():
    async def visit():
        preview = Preview(allowed=True)
        looks = NewestPreview(preview)
        early = asyncio.create_task(looks.newer(0))
        await asyncio.sleep(0)
        preview.put(picture(50), 1.0)
        await early
        late = PreviewWatcher(looks)
        writing = asyncio.create_task(late.write())
        await late.read("x" * 16)
        await asyncio.sleep(0.02)
        assert not writing.done()
        preview.put(picture(200), 2.0)
        assert (await writing)[0][:2] == b"\xff\xd8"
        for wrong in ("x" * 17, b"next"):
            with pytest.raises(NonsenseError):
                await late.read(wrong)
        again = asyncio.create_task(late.write())
        await asyncio.sleep(0.02)
        assert not again.done() and not preview.wanted(99.0)  # a picture for each word, and none is made for what is none
        again.cancel()

    run(visit())
