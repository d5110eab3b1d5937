"""The tree that OSCQuery shows, what it says of each node, and what one client of it is told, without a server."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from installation.control.osc.dispatch import Dispatcher
from installation.control.osc.readings import Reading
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.control.web.address_space import AddressSpace, attributes
from installation.control.web.hub import Batch
from installation.control.web.oscquery import OscPlace, OscQuery
from installation.control.web.out_nodes import below, out_node
from installation.control.web.sockets import NonsenseError
from installation.control.web.talk import LONGEST_READING, MOST_READINGS, Talk, heard, news
from tests.control.web.conftest import table
from tests.control.web.stranger import decode, encode

TABLE = table()


def test_every_control_hangs_where_its_address_says_in_the_table_s_order():
    space = AddressSpace(TABLE)
    root = space.node("/", {})
    assert root["FULL_PATH"] == "/" and root["ACCESS"] == 0 and list(root["CONTENTS"]) == ["facets"]
    groups = dict.fromkeys(name.split("/")[0] for name in TABLE)
    facets = root["CONTENTS"]["facets"]
    assert facets["FULL_PATH"] == "/facets" and list(facets["CONTENTS"]) == list(groups)
    presets = space.node("/facets/preset", {})
    assert list(presets["CONTENTS"]) == ["recall", "next", "previous", "save", "fade", "calm", "snow"]
    assert presets["CONTENTS"]["calm"]["CONTENTS"]["recall"]["FULL_PATH"] == "/facets/preset/calm/recall"
    assert (presets["DESCRIPTION"], space.node("/facets/edit/age", {})["DESCRIPTION"]) == ("presets", "age")
    assert space.node("/facets/edit/age/amount", {"edit/age/amount": 2.0})["VALUE"] == [2.0]
    assert "CONTENTS" not in space.node("/facets/edit/age/amount", {})
    for path in ("/facets/", "/facet", "facets", "/facets/edit/age/amount/norm", ""):
        assert space.node(path, {}) is None


def test_recall_names_the_presets_and_no_other_control_does():
    def named(presets, control):
        return AddressSpace(table(presets=presets)).node(f"/facets/preset/{control}", {}).get("RANGE")

    assert named(("calm", "snow"), "recall") == [{"VALS": ["calm", "snow"]}]
    assert named((), "recall") is None and named(("calm",), "save") is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("look/grain", 0.5, {"TYPE": "f", "VALUE": [0.5], "RANGE": [{"MIN": 0.0, "MAX": 1.0}], "CLIPMODE": ["both"], "TAGS": ["look"]}),
        ("facets/rows", 2, {"TYPE": "i", "VALUE": [2], "RANGE": [{"MIN": 1, "MAX": 6}], "CLIPMODE": ["both"]}),
        ("look/layout", "row", {"TYPE": "s", "VALUE": ["row"], "RANGE": [{"VALS": list(TABLE["look/layout"].choices)}]}),
        ("look/layout", "row", {"CLIPMODE": ["none"]}),
        ("look/tint-hue", 0.5, {"EXTENDED_TYPE": ["color.hsv.h"]}),
        ("edit/age/lfo/rate", 1.0, {"UNIT": ["time.hz"], "TAGS": ["edit", "age", "lfo", "oscillator"]}),
        ("edit/age/lfo/phase", 0.5, {"UNIT": ["cycles"]}),
        ("smile/hold", 0.5, {"UNIT": ["time.second"]}),
        ("preset/next", None, {"TYPE": "N", "ACCESS": 2, "TAGS": ["preset", "trigger"]}),
        ("preset/save", None, {"TYPE": "s", "ACCESS": 2, "TAGS": ["preset", "command"]}),
        ("look/mirror", True, {"RANGE": [{"VALS": [False, True]}], "ACCESS": 3, "TAGS": ["look"]}),
    ],
)
def test_what_is_said_of_a_control(name, value, said):
    node = attributes(TABLE[name], value)
    assert {key: node[key] for key in said} == said and node["DESCRIPTION"] == TABLE[name].description
    if node["TYPE"] == "i":
        assert all(isinstance(end, int) for end in node["RANGE"][0].values())
    absent = {
        "UNIT": ("look/grain", "look/layout"),
        "EXTENDED_TYPE": ("look/grain", "edit/age/lfo/phase"),
        "VALUE": ("preset/next", "preset/save"),
    }
    assert not [key for key, names in absent.items() if name in names and key in node]


def test_what_the_show_tells_hangs_beneath_out_and_is_found_there():
    told = [
        Reading("faces", "i", 2, "visitors", high=None),
        Reading("smile/7", "f", 0.5, "a smile", high=1.0),
        Reading("visitor/1/present", "i", 1, "there", high=1),
        Reading("delay", "f", 180.0, "how long", unit="ms"),
        Reading("size", "f", 3.0, "how large", unit="m"),
    ]
    root = out_node(told)
    assert list(root["CONTENTS"]) == ["smile", "faces", "visitor", "delay", "size"] and root["ACCESS"] == 0
    assert below(root, "/facets/out/smile/7") == {
        "FULL_PATH": "/facets/out/smile/7", "TYPE": "f", "ACCESS": 1, "VALUE": [0.5], "DESCRIPTION": "a smile",
        "RANGE": [{"MIN": 0.0, "MAX": 1.0}],
    }  # fmt: skip
    assert below(root, "/facets/out/visitor/1")["FULL_PATH"] == "/facets/out/visitor/1"
    assert isinstance(below(root, "/facets/out/visitor/1/present")["RANGE"][0]["MIN"], int)
    assert "RANGE" not in below(root, "/facets/out/faces") and below(root, "/facets/out") is root
    assert [below(root, f"/facets/out/{name}").get("UNIT") for name in ("delay", "size", "faces")] == [["time.ms"], ["m"], None]
    assert below(root, "/facets/out/faces/deeper") is None and below(root, "/facets/out/none") is None
    assert out_node([])["CONTENTS"]["smile"]["CONTENTS"] == {}


# What a client is told of the tree


def told(before, now, lasting=()):
    return [(one["COMMAND"].removeprefix("PATH_"), one["DATA"]) for one in map(json.loads, news(before, now, lasting))]


def test_changes_of_a_tree_are_told_with_the_nearest_node_that_a_client_knows():
    assert told(["/a/b"], ["/a/b"]) == []
    assert told(["/a/b/c", "/a/b/d"], ["/a/b/c"]) == [("REMOVED", "/a/b/d"), ("CHANGED", "/a/b")]
    assert told(["/a/b/c"], ["/a/b/c", "/a/b/z", "/a/b/d"]) == [("ADDED", "/a/b/d"), ("ADDED", "/a/b/z"), ("CHANGED", "/a/b")]
    assert told(["/a/b/c"], ["/a/b/c", "/a/x/y"]) == [("ADDED", "/a/x/y"), ("CHANGED", "/a")]  # /a/x was not there before
    assert told(["/a/b/c", "/a/x/y"], ["/a/b/c"])[-1] == ("CHANGED", "/a")  # and is not there any more
    assert told(["/a/b/c", "/a/d/e"], ["/a/b/c2", "/a/d/e2"])[-1] == ("CHANGED", "/a")
    assert told(["/a/b"], ["/c/d"])[-1] == ("CHANGED", "/")
    assert told(["/o/s/1"], [], ("/o/s",))[-1] == ("CHANGED", "/o/s") and told(["/o/s/1"], [])[-1] == ("CHANGED", "/")
    assert told([], ["/o/s/1"], ("/o/s",))[-1] == ("CHANGED", "/o/s")


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [("look/mirror", True, 1), ("look/mirror", False, 0), ("preset/next", True, 1), ("preset/next", None, 1), ("preset/recall", 3, "3"),
     ("look/grain", 0.5, 0.5), ("look/layout", "row", "row"), ("facets/rows", 2, 2)],
)  # fmt: skip
def test_a_value_goes_out_as_a_kind_that_every_client_reads(name, value, sent):
    out = heard(TABLE[name], value)
    assert out == sent and type(out) is type(sent)


class Client:
    """One client's talk, without its socket."""

    def __init__(self, readings=(), may_write=True):
        self.state, self.readings = ControlState(TABLE), list(readings)
        self.talk = Talk(self.state, Dispatcher(self.state), lambda: self.readings, may_write, "osc 192.0.2.7")

    async def says(self, command, path, **other):
        await self.talk.read(json.dumps({"COMMAND": command, "DATA": path, **other}))

    async def hears(self, batch=None):
        """Values by address, and what is told of the tree."""
        if batch is not None:
            self.talk.outbox.add(batch)
        frames = await self.talk.write()
        values = {}
        for frame in frames:
            if isinstance(frame, bytes):
                values |= decode(frame)
        return values, [json.loads(frame) for frame in frames if isinstance(frame, str)]


def in_a_talk(client, visit):
    asyncio.run(asyncio.wait_for(visit(client), 30))


def test_a_client_hears_what_it_listens_to_for_as_long_as_it_does():
    async def visit(client):
        await client.says("LISTEN", "/facets/look/grain")
        await client.says("LISTEN", "/facets/preset/next")
        await client.talk.read('{"command": "LISTEN", "data": "/facets/look/zoom"}')  # some write them small
        batch = Batch(values={"look/grain": 0.5, "look/zoom": 2.0, "look/trails": 0.5}, fired={"preset/next": True, "preset/save": "x"})
        assert await client.hears(batch) == ({"/facets/look/grain": 0.5, "/facets/look/zoom": 2.0, "/facets/preset/next": 1}, [])
        await client.says("IGNORE", "/facets/look/grain")
        await client.says("IGNORE", "/facets/never/heard")
        assert await client.hears(Batch(values={"look/grain": 0.25, "look/zoom": 1.5})) == ({"/facets/look/zoom": 1.5}, [])
        client.state.replace(parameter_table(["smile"], [], presets=()))
        values, tree = await client.hears(Batch(values={"look/zoom": 1.25, "edit/age/amount": 1.0}, paths={"edit/age/amount": False}))
        assert values == {"/facets/look/zoom": 1.25} and tree[0]["COMMAND"] == "PATH_REMOVED" and tree[-1]["DATA"] == "/facets"

    in_a_talk(Client(), visit)


def test_a_control_that_went_and_came_is_another_and_each_change_of_the_tree_is_told_once():
    async def visit(client):
        await client.says("LISTEN", "/facets/edit/age/amount")
        client.state.replace(table(attributes=("smile",)))
        _, tree = await client.hears(Batch(paths={"edit/age/amount": False}))
        assert {one["COMMAND"] for one in tree} == {"PATH_REMOVED", "PATH_CHANGED"}
        client.state.replace(TABLE)
        _, tree = await client.hears(Batch(paths={"edit/age/amount": True}))
        assert {one["COMMAND"] for one in tree} == {"PATH_ADDED", "PATH_CHANGED"}
        assert await client.hears(Batch(values={"edit/age/amount": 1.0}, paths={"edit/age/amount": True})) == ({}, [])

    in_a_talk(Client(), visit)


def test_what_the_show_tells_is_heard_until_it_is_ignored():
    async def visit(client):
        await client.says("LISTEN", "/facets/out/faces")
        assert await client.hears() == ({"/facets/out/faces": 2}, [])
        client.readings[:] = [Reading("faces", "i", 3, ""), Reading("smile/7", "f", 0.5, "")]
        client.talk.outbox.note("/facets/out", tuple(client.readings))
        values, tree = await client.hears()
        assert values == {"/facets/out/faces": 3} and tree[0]["DATA"] == "/facets/out/smile/7"
        await client.says("IGNORE", "/facets/out/faces")
        client.talk.outbox.note("/facets/out", (Reading("faces", "i", 4, ""), Reading("smile/7", "f", 0.5, "")))
        assert await client.hears() == ({}, [])

    in_a_talk(Client([Reading("faces", "i", 2, "")]), visit)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "3", '{"COMMAND": "LISTEN"}', '{"DATA": "/facets/look/grain"}', '{"COMMAND": 1, "DATA": "/facets/look/grain"}', "[" * 5000,
     '{"COMMAND": "LISTEN", "DATA": 3}', '{"COMMAND": "HUM", "DATA": "/facets/look/grain"}',
     '{"COMMAND": "LISTEN", "DATA": "/facets/none"}', '{"COMMAND": "LISTEN", "DATA": "look/grain"}',
     '{"COMMAND": "LISTEN", "DATA": "/facets/out"}'],
)  # fmt: skip
def test_what_means_nothing_is_no_command(text):
    async def visit(client):
        with pytest.raises(NonsenseError):
            await client.talk.read(text)

    in_a_talk(Client(), visit)


def test_only_who_may_write_writes():
    async def visit(client):
        await client.talk.read(encode("/facets/look/grain", "f", 0.75))
        assert client.state.target("look/grain") == 0.75
        reader = Client(may_write=False)
        with pytest.raises(NonsenseError):
            await reader.talk.read(encode("/facets/look/grain", "f", 0.75))
        assert reader.state.target("look/grain") == 0.1 and reader.state.counts().ignored == 1

    in_a_talk(Client(), visit)


def test_a_client_waits_for_so_many_addresses_of_the_show_and_those_that_are_told_now():
    async def visit(client):
        longest = "/facets/out/" + "x" * (LONGEST_READING - len("/facets/out/"))
        await client.says("LISTEN", longest)
        with pytest.raises(NonsenseError):
            await client.says("LISTEN", longest + "x")
        for k in range(MOST_READINGS):  # with the one before it, one too many
            await client.says("LISTEN", f"/facets/out/smile/{k}")
        await client.says("LISTEN", "/facets/out/faces")  # which is told now
        assert (await client.hears())[0] == {"/facets/out/faces": 2}
        client.readings += [Reading(f"smile/{MOST_READINGS - k}", "f", 0.5, "") for k in (1, 2)]
        await client.says("LISTEN", "/facets/out/faces")
        values, tree = await client.hears()
        assert values == {f"/facets/out/smile/{MOST_READINGS - 2}": 0.5}  # what was told before is not told again
        assert [one["COMMAND"] for one in tree] == ["PATH_ADDED"] * 2 + ["PATH_CHANGED"]

    in_a_talk(Client([Reading("faces", "i", 2, "")]), visit)


# Where OSC is heard


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [
        ("127.0.0.1", 9000, {"OSC_IP": "127.0.0.1", "OSC_PORT": 9000}),
        ("localhost", 9000, {"OSC_IP": "127.0.0.1", "OSC_PORT": 9000}),
        ("192.0.2.9", 9000, {"OSC_IP": "192.0.2.9", "OSC_PORT": 9000}),
        ("0.0.0.0", 9000, {"OSC_IP": "192.0.2.1", "OSC_PORT": 9000}),  # the address that was asked
        ("::", 9000, {"OSC_IP": "192.0.2.1", "OSC_PORT": 9000}),
        ("127.0.0.1", None, {}),
    ],
)
def test_the_host_tells_where_osc_is_heard(host, port, told):
    query = OscQuery(ControlState(TABLE), None, None, None, lambda: OscPlace(host, port), lambda: iter(()))
    asked = SimpleNamespace(transport=SimpleNamespace(get_extra_info={"sockname": ("192.0.2.1", 8600)}.get))
    info = query._host_info(asked)
    assert {key: value for key, value in info.items() if key.startswith("OSC_") and key != "OSC_TRANSPORT"} == told
    assert (info["WS_IP"], info["WS_PORT"]) == ("192.0.2.1", 8600)
    assert "WS_IP" not in query._host_info(SimpleNamespace(transport=None))
