"""The bot's parts by themselves: shares, places, memory, words."""

import asyncio
import gc
import string
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml

import installation.bot.counter as counter_module
from installation.bot.album import KEPT_SECONDS, Album
from installation.bot.counter import Counter, Rules
from installation.bot.keeping import DEVIATIONS, held_names, hold
from installation.bot.keys import Keys, caption
from installation.bot.limits import BURST, CALM_SECONDS, HOUR, Flood, Hourly
from installation.bot.line import FullError, Line, Ticket
from installation.bot.order import FoundCode, Order, Seed, Upload
from installation.bot.texts import FOLDER, figure, languages, texts
from installation.commands.bot import _arguments
from installation.faces.geometry import GEOMETRY_NAMES


def ticket(chat: int) -> Ticket:
    return Ticket(chat, chat, Order(Upload("x")))


def test_a_share_comes_back_after_an_hour() -> None:
    hourly = Hourly(each=2, all=3)
    for now in (0.0, 600.0):
        assert hourly.wait(1, now) == 0
        hourly.take(1, now)
    assert hourly.wait(1, 700.0) == HOUR - 700 and hourly.spent(1)
    assert hourly.wait(2, 700.0) == 0
    hourly.take(2, 700.0)
    assert hourly.wait(3, 1000.0) == HOUR - 1000 and not hourly.spent(3)  # everybody's
    assert hourly.wait(1, HOUR) == 0 and hourly.wait(3, HOUR) == 0
    hourly.take(1, HOUR)
    hourly.give_back(1)
    assert hourly.wait(1, HOUR) == 0
    hourly.wait(9, 9 * HOUR)
    assert not hourly._taken and not hourly._counts  # nobody is remembered for longer


def test_a_flood_ends_with_a_pause() -> None:
    flood = Flood()
    heard = [flood.hears(1, 0.1 * k) for k in range(BURST + 5)]
    assert heard == [(True, False)] * BURST + [(False, True)] + [(False, False)] * 4
    assert flood.hears(2, 1.0) == (True, False)
    last = 0.1 * (BURST + 4)
    assert flood.hears(1, last + CALM_SECONDS - 1) == (False, False)
    assert flood.hears(1, last + 2 * CALM_SECONDS) == (True, False)
    slow = Flood()
    assert all(slow.hears(1, float(k)) == (True, False) for k in range(100))


def test_places_in_the_queue() -> None:
    async def run() -> None:
        line, waiting = Line(3), [ticket(k) for k in range(4)]
        assert [line.join(one) for one in waiting[:3]] == [1, 2, 3]
        with pytest.raises(FullError):
            line.join(waiting[3])
        assert await line.next() is waiting[0]
        assert [line.place(one) for one in waiting] == [1, 2, 3, 0] and line.holds(0) and not line.holds(3)
        assert line.leave(1) == [waiting[1]] and line.place(waiting[2]) == 2
        assert not line.leave(0) and waiting[0].dropped
        line.done()
        assert line.place(waiting[2]) == 1 and not line.holds(0)
        assert await line.next() is waiting[2]
        line.done()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await line.next()

    asyncio.run(run())


def test_orders_are_forgotten_an_hour_after_the_last_press() -> None:
    album, order = Album(), Order(Upload("x"))
    album.keep(1, 10, order, 0.0)
    album.keep(1, 11, order.moved("age", 1), 5.0)
    assert album.last(1, 6.0) == (11, order.moved("age", 1)) and album.last(2, 6.0) is None
    album.keep(1, 10, order, 100.0)
    assert album.find(1, 11, KEPT_SECONDS + 50) is None and album.find(1, 10, KEPT_SECONDS + 50) == order
    assert album.find(2, 10, 100.0) is None
    assert album.forget(1) == [10] and album.find(1, 10, 100.0) is None


def found(face: int, gain: float = 0.6) -> FoundCode:
    return FoundCode(face, torch.zeros(14, 256), gain)


def test_found_codes_are_forgotten_with_their_answer() -> None:
    album, code = Album(), found(1)
    album.keep(1, 10, Order(Upload("x"), drawn=True, codes=(code,)), 0.0)
    album.keep(1, 11, Order(Upload("x")), 1.0)
    kept = weakref.ref(code.ws)
    del code
    gc.collect()
    assert kept() is not None and album.find(1, 10, 2.0).codes[0].gain == 0.6 and not album.find(1, 11, 2.0).codes
    album.forget(1)
    gc.collect()
    assert kept() is None


def test_what_is_too_old_is_let_go_though_nobody_presses_anything(monkeypatch) -> None:
    monkeypatch.setattr(counter_module, "TIDY_SECONDS", 0.0)
    now = [0.0]

    async def run() -> None:
        counter = Counter(None, Rules(), lambda: now[0])  # type: ignore[arg-type]
        counter.album.keep(1, 10, Order(Upload("x"), codes=(found(1),)), 0.0)
        task = asyncio.create_task(counter.forget_in_time())
        for now[0], kept in ((KEPT_SECONDS, 1), (KEPT_SECONDS + 1, 0)):
            for _ in range(5):
                await asyncio.sleep(0)
            assert len(counter.album._orders) == kept
        task.cancel()

    asyncio.run(run())


def test_a_found_code_goes_along_with_every_press_and_counts_for_its_face() -> None:
    t, first, second = texts("en"), found(2), found(2, 0.7)
    order = Order(Upload("x"), faces=3, face=2, drawn=True).with_code(first)
    assert order.moved("age", 1.0).codes == order.plain().codes == (first,)
    assert order.with_code(second).codes == (second,) and order.with_code(found(1)).codes[0] is first
    assert caption(order, t) == "3 faces. face 2 · drawn from a code that I looked for, 60 % nearer"
    others = (replace(order, face=1), replace(order, face="all"))
    assert all(caption(one, t).endswith("drawn from the code") for one in others)
    assert replace(order, drawn=False).nearer == 0 and replace(order, faces=1, face="all").nearer == 0
    assert Order(Upload("x"), drawn=True, codes=(found(1),)).nearer == 0.6
    assert caption(replace(order, face="all"), t, undecided=True).endswith("choose whose, then send /invert again.")


@pytest.mark.parametrize("language", languages())
def test_the_privacy_notice_tells_of_the_codes(language) -> None:
    said = texts(language).say("privacy", contact="")
    assert "/invert" in said and {"en": "code", "de": "Code"}[language] in said.split("/invert")[1]


def test_seconds_of_an_inversion_are_read() -> None:
    assert _arguments([]).invert_seconds == Rules().invert_seconds == 10.0
    assert _arguments(["--invert-seconds", "0"]).invert_seconds == 0.0
    for words in ("-1", "nan", "inf", "601", "long"):
        with pytest.raises(SystemExit):
            _arguments([f"--invert-seconds={words}"])


def test_every_language_says_everything_with_the_same_figures() -> None:
    def fields(sentence: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}

    read = {language: yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8")) for language in languages()}
    assert set(read) == {"de", "en"}
    for one in read.values():
        assert one["sentences"].keys() == read["en"]["sentences"].keys() and one["attributes"].keys() == read["en"]["attributes"].keys()
        for key, sentence in one["sentences"].items():
            assert fields(sentence) == fields(read["en"]["sentences"][key]), key
            assert len(sentence) < 4096
    assert texts("de").attribute("hair-of-mine") == "Hair of mine"
    assert [figure(amount) for amount in (0, 0.5, -1, 2, 1.25)] == ["0", "+½", "−1", "+2", "+1.2"]


def test_buttons_say_no_more_than_they_may() -> None:
    long = "x" * 70
    keys, t = Keys.of(["age", long, *(f"a{k}" for k in range(20))], ["ink", long]), texts("en")
    assert long not in keys.attributes and keys.styles == ("ink",)
    order = Order(Upload("x"), faces=40, style="ink", share=0.5, amounts=(("age", 1.0),))
    for markup in (
        keys.first(order, t),
        keys.first(order, t, 2),
        keys.amounts(order, "age", t),
        keys.painters(order, t),
        keys.people(order, t),
    ):
        said = [button for row in markup.inline_keyboard for button in row]
        assert len(said) <= 100 and all(len(str(one.callback_data).encode()) <= 64 for one in said)
    assert caption(order, t, left=2, asked=40).endswith("2 of 40 faces are turned away, covered or cut off, and stay as they are.")
    assert len(caption(Order(Seed(1), tuple((f"attribute-{k}", 1.0) for k in range(20))), t)) < 1024


def test_drift_is_steered_against_and_the_chosen_is_not() -> None:
    """A face on which a direction does more than its name says, as linear as can be."""
    effect = 1.6 * np.eye(len(GEOMETRY_NAMES))
    place = {name: k for k, name in enumerate(GEOMETRY_NAMES)}
    effect[place["yaw"], place["eye-distance"]] = 1.0  # the eyes' distance turns the head,
    effect[place["eye-ratio"], place["eye-distance"]] = 0.1  # and changes their shape by less than is sure
    tried = []

    def measure(amounts):
        tried.append(dict(amounts))
        return effect @ np.array([amounts.get(name, 0.0) for name in GEOMETRY_NAMES])

    held = hold({"eye-distance": 1.0}, GEOMETRY_NAMES, measure)
    assert held["eye-distance"] == 1.0 and set(held) == {"eye-distance", "yaw"}
    before, after = measure({"eye-distance": 1.0}), measure(held)
    assert abs(after[place["yaw"]]) < 0.2 * abs(before[place["yaw"]])
    assert after[place["eye-distance"]] == before[place["eye-distance"]]
    # Where it makes things worse it is left.
    effect[place["yaw"], place["yaw"]] = -1.6
    assert hold({"eye-distance": 1.0}, GEOMETRY_NAMES, measure) == {"eye-distance": 1.0}
    assert hold({"age": 1.0}, (), measure) == {"age": 1.0}
    assert hold({"age": 1.0}, GEOMETRY_NAMES, lambda amounts: None) == {"age": 1.0}


def test_kin_of_what_was_chosen_are_free() -> None:
    names = held_names(["smile"], GEOMETRY_NAMES)
    assert "mouth-open" not in names and "smile" not in names and "yaw" in names
    assert list(DEVIATIONS) == list(GEOMETRY_NAMES)
