"""The public proposal, tried by a client that was written from it alone."""

import json
import time
import urllib.request
from dataclasses import replace

import pytest

from installation.control.parameters import parameter_table
from installation.observation import Visitor
from tests.control.web.conftest import CHILDREN, SEEN, Stage, control_config, table
from tests.control.web.stranger import Line, Stranger, encode


@pytest.fixture(scope="module")
def running():
    with Stage() as stage:
        yield stage


@pytest.fixture
def stranger(running):
    client = Stranger(running.panel.port)
    yield client
    client.close()


def soon(check, seconds=60.0):
    """Wait until ``check()`` holds, and say whether it did."""
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.01)
    return check()


def elsewhere(method) -> tuple[str, object]:
    """A type tag and a value that the method does not have now, picked from what it says of itself."""
    tag, bounds = method["TYPE"], method["RANGE"][0]
    if tag in "TF":
        return ("F" if tag == "T" else "T"), None
    if "VALS" in bounds:
        return tag, next(value for value in bounds["VALS"] if value != method["VALUE"][0])
    low, high = bounds["MIN"], bounds["MAX"]
    goal = low + (high - low) * 0.25
    goal = goal if abs(goal - method["VALUE"][0]) > 1e-6 else low + (high - low) * 0.75
    return tag, (round(goal) if tag == "i" else goal)


def test_what_the_show_sends_can_be_read_and_not_set(running, stranger):
    sent = {m["FULL_PATH"]: m for m in stranger.methods() if m["FULL_PATH"].startswith("/facets/out/")}
    values = {path.removeprefix("/facets/out/"): method["VALUE"][0] for path, method in sent.items()}
    assert values == {"faces": 2, "smile/3": 0.4, "smile/4": 0.9, "preset": "", "fps": 29.5, "delay": 180.0, "heartbeat": 12}
    assert {method["ACCESS"] for method in sent.values()} == {1}
    assert {path.removeprefix("/facets/out/"): m["TYPE"] for path, m in sent.items() if "smile" not in path} == {
        "faces": "i", "preset": "s", "fps": "f", "delay": "f", "heartbeat": "i",
    }  # fmt: skip
    assert stranger.get("/facets/out/smile/4?VALUE") == {"VALUE": [0.9]}
    assert set(stranger.get("/facets/out")["CONTENTS"]) == {"faces", "smile", "preset", "fps", "delay", "heartbeat"}
    assert "out" in stranger.get("/facets")["CONTENTS"] and "out" in stranger.get("/")["CONTENTS"]["facets"]["CONTENTS"]
    assert "CONTENTS" not in stranger.get("/facets/look/grain")
    for path in ("/facets/out/nothing", "/facets/out/faces/deeper", "/facets/outer"):
        assert stranger.status(path) == 404
    ignored = running.state.counts().ignored
    stranger.send("/facets/out/faces", "i", 9)
    assert soon(lambda: running.state.counts().ignored > ignored)
    assert stranger.get("/facets/out/faces?VALUE") == {"VALUE": [2]}


def test_every_control_is_found_by_walking_the_tree_and_moved_over_osc(running, stranger):
    methods = [method for method in stranger.methods() if not method["FULL_PATH"].startswith("/facets/out/")]
    assert [method["FULL_PATH"] for method in methods] and {m["FULL_PATH"] for m in methods} == {r.address for r in table().values()}
    goals = {}
    for method in methods:
        if method["ACCESS"] == 3:
            tag, value = elsewhere(method)
            goals[method["FULL_PATH"]] = (tag, value)
            stranger.send(method["FULL_PATH"], tag, value)
    assert len(goals) > 60
    for path, (tag, value) in goals.items():
        expected = {"T": True, "F": False}.get(tag, value)
        assert soon(lambda path=path, expected=expected: stranger.get(path + "?VALUE")["VALUE"] == [pytest.approx(expected)]), path
        assert running.state.target(path) == pytest.approx(expected)
        if tag in "TF":
            assert stranger.get(path)["TYPE"] == tag


def test_what_makes_something_happen_is_set_off_and_has_no_value(running, stranger):
    heard = []
    end = running.state.subscribe(lambda change: heard.append((change.name, change.value)))
    for method in stranger.methods():
        if method["ACCESS"] == 2:
            assert "VALUE" not in method
            assert stranger.status(method["FULL_PATH"] + "?VALUE") == 204
            assert method["TYPE"] in ("N", "s")
            stranger.send(method["FULL_PATH"], method["TYPE"], "calm" if method["TYPE"] == "s" else None)
    assert soon(lambda: len(heard) >= 7)
    end()
    assert {("preset/calm/recall", True), ("preset/save", "calm"), ("transport/tap", True)} <= set(heard)


def test_a_control_is_found_by_its_name(stranger):
    node = stranger.get("/facets/look/gamma")
    assert node["FULL_PATH"] == "/facets/look/gamma"
    assert (node["TYPE"], node["ACCESS"], node["CLIPMODE"]) == ("f", 3, ["both"])
    assert node["RANGE"] == [{"MIN": 0.5, "MAX": 2.5}]
    assert node["DESCRIPTION"] and "look" in node["TAGS"]
    assert stranger.get("/facets/transport/bpm?UNIT") == {"UNIT": ["time.bpm"]}
    assert stranger.get("/facets/edit/age/lfo/shape?RANGE")["RANGE"][0]["VALS"][:2] == ["sine", "triangle"]
    assert set(stranger.get("/facets/edit/age")["CONTENTS"]) == {"amount", "lfo"}
    assert stranger.get("/facets/edit/age/")["FULL_PATH"] == "/facets/edit/age"


def test_the_host_says_where_osc_is_heard_and_what_is_there(running, stranger):
    info = stranger.info
    assert (info["NAME"], info["OSC_TRANSPORT"]) == ("Facets", "UDP")
    assert (info["OSC_IP"], info["OSC_PORT"]) == ("127.0.0.1", running.osc.port)
    assert (info["WS_IP"], info["WS_PORT"]) == ("127.0.0.1", running.panel.port)
    assert all(isinstance(there, bool) for there in info["EXTENSIONS"].values())
    used = {key for method in stranger.methods() for key in method} - {"FULL_PATH", "CONTENTS", "TYPE"}
    assert used == {name for name, there in info["EXTENSIONS"].items() if there and not name.startswith(("LISTEN", "PATH"))}
    assert stranger.get("/facets/look?HOST_INFO") == info


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/facets/nowhere", 404),
        ("/facets/nowhere?VALUE", 404),
        ("/facets/look/gamma?NONSENSE", 400),
        ("/facets/look/gamma?CRITICAL", 400),
        ("/facets/look?VALUE", 204),
        ("/facets/look?TYPE", 200),
        ("/facets/look?RANGE&TYPE", 200),
        ("/facets/look/gamma?HOST_INFO&VALUE", 200),
        ("/facets/look/gamma?VALUE&VALUE&NONSENSE", 400),
        ("/facets/look/%67amma?VALUE", 200),
        ("/facets/look/%ff%00?VALUE", 404),
        ("/%ed%a0%80", 404),
        ("//facets//look", 404),
        ("/facets/look/gamma?EXTENDED_TYPE", 204),
        ("/facets/preset/save?VALUE", 204),
        ("/facets/look/gamma?TYPE", 200),
        ("/facets/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/../config.yaml", 404),
    ],
)
def test_every_answer_has_its_status(stranger, path, status):
    assert stranger.status(path) == status


def test_values_stream_to_those_who_listen_and_to_no_others(running, stranger):
    line = Line(running.panel.port)
    line.send({"COMMAND": "LISTEN", "DATA": "/facets/look/grain"})
    line.send({"COMMAND": "LISTEN", "DATA": "/facets/transport/tap"})
    line.send({"COMMAND": "LISTEN", "DATA": "/facets/look/layout"})
    line.send({"COMMAND": "IGNORE", "DATA": "/facets/look/layout"})
    line.send(encode("/facets/look/mirror", "T"))
    assert soon(lambda: running.state.target("look/mirror") is True)  # so that all before it was heard
    time.sleep(0.1)
    running.state.set("look/vignette", 0.11)
    running.state.set("look/layout", "row" if running.state.target("look/layout") != "row" else "grid")
    running.state.set("look/grain", 0.625)
    heard = {}
    while "/facets/look/grain" not in heard:
        heard |= line.message()
    assert heard == {"/facets/look/grain": 0.625}
    running.state.set("transport/tap", 1)
    assert line.message() == {"/facets/transport/tap": 1}
    line.close()


def test_what_the_show_sends_streams_to_those_who_listen(stage):
    line = Line(stage.panel.port)
    for name in ("faces", "smile/5", "preset"):  # nobody has the number 5 yet
        line.send({"COMMAND": "LISTEN", "DATA": f"/facets/out/{name}"})
    heard = {}
    while len(heard) < 2:
        heard |= line.message()
    assert heard == {"/facets/out/faces": 2, "/facets/out/preset": ""}
    stage.seen = replace(SEEN, faces=3, smiles=((5, 0.25),), presented_fps=12.0)
    heard = {}
    while len(heard) < 2:
        heard |= line.message()
    assert heard == {"/facets/out/faces": 3, "/facets/out/smile/5": 0.25}  # once each, and nothing that was not asked for
    line.send({"COMMAND": "IGNORE", "DATA": "/facets/out/faces"})
    line.send(encode("/facets/look/mirror", "T"))
    assert soon(lambda: stage.state.target("look/mirror") is True)
    stage.seen = replace(SEEN, faces=1, smiles=((5, 0.75),))
    assert line.message() == {"/facets/out/smile/5": 0.75}
    stage.seen = replace(SEEN, faces=0, smiles=())
    assert line.message() == {"/facets/out/smile/5": 0.0}
    line.close()


def test_listening_to_visitors_that_come_and_go_has_no_end_and_takes_no_room(stage):
    line = Line(stage.panel.port)
    for visitor in range(1000):
        line.send({"COMMAND": "LISTEN", "DATA": f"/facets/out/smile/{visitor}"})
    line.send({"COMMAND": "LISTEN", "DATA": "/facets/out/" + "x" * 60_000})
    assert line.messages(2) == {"/facets/out/smile/3": pytest.approx(0.4), "/facets/out/smile/4": pytest.approx(0.9)}
    stage.seen = replace(SEEN, smiles=())
    assert line.messages(2) == {"/facets/out/smile/3": 0.0, "/facets/out/smile/4": 0.0}
    line.send({"COMMAND": "LISTEN", "DATA": "/facets/out/faces"})  # there is room again
    assert line.message() == {"/facets/out/faces": 2}
    line.close()


def test_controls_are_moved_over_the_websocket(running):
    line = Line(running.panel.port)
    line.send(encode("/facets/look/zoom/norm", "f", 0.0))
    line.send(encode("/facets/edit/*/lfo/rate", "f", 2.5))
    line.send(encode("/facets/look/background", "s", "black"))
    state = running.state
    assert soon(lambda: state.target("look/background") == "black")
    assert state.target("look/zoom") == state.table["look/zoom"].low
    assert {state.target(name) for name in state.table if name.endswith("lfo/rate")} == {2.5}
    line.close()


def test_a_table_that_changes_is_told_of(stage):
    line, client = Line(stage.panel.port), Stranger(stage.panel.port)
    line.send({"COMMAND": "LISTEN", "DATA": "/facets/look/grain"})
    assert client.status("/facets/edit/glasses") == 404
    time.sleep(0.1)
    stage.state.replace(parameter_table(["smile", "age", "gender", "glasses"], CHILDREN, presets=["calm", "snow"]))
    told = []
    while not told or told[-1]["COMMAND"] != "PATH_CHANGED":
        told.append(json.loads(line.receive()))
    said = {(one["COMMAND"], one["DATA"]) for one in told}
    assert ("PATH_ADDED", "/facets/edit/glasses/amount") in said
    assert ("PATH_REMOVED", "/facets/edit/hair-length/lfo/rate") in said
    assert told[-1]["DATA"] == "/facets/edit"
    assert client.get("/facets/edit/glasses/amount?VALUE") == {"VALUE": [0.0]}
    assert client.status("/facets/edit/hair-length") == 404
    client.close()
    line.close()


def test_values_that_change_together_come_as_a_message_each_of_a_kind_that_every_client_reads(stage):
    client, line = Stranger(stage.panel.port), Line(stage.panel.port)
    paths = ["look/mirror", "transport/freeze", "look/layout", "look/grain", "preset/next", "preset/recall", "preset/calm/recall"]
    for path in paths:
        line.send({"COMMAND": "LISTEN", "DATA": f"/facets/{path}"})
    line.send(encode("/facets/look/trails", "f", 0.5))
    assert soon(lambda: stage.state.target("look/trails") == 0.5)
    stage.state.fade({"look/mirror": False, "transport/freeze": True, "look/layout": "row", "look/grain": 0.75}, 0.0)
    stage.state.set("preset/next", True)
    stage.state.set("preset/recall", 1)
    stage.state.set("preset/calm/recall", None)
    heard = line.messages(len(paths))
    told = {"look/mirror": 0, "transport/freeze": 1, "look/layout": "row", "look/grain": 0.75, "preset/next": 1, "preset/recall": "1"}
    assert heard == {f"/facets/{path}": value for path, value in (told | {"preset/calm/recall": 1}).items()}
    for path, value in heard.items():  # each is of a type that its node declares
        node = client.get(path)
        types = {node["TYPE"], *(other["TYPE"] for other in node.get("OVERLOADS", []))}
        assert {int: "i", float: "f", str: "s"}[type(value)] in types
    client.close()
    line.close()


def test_a_visitors_place_is_there_before_they_are_and_keeps_its_name(stage):
    stage.seen = replace(SEEN, smiles=(), slots=(None, None))
    client, line = Stranger(stage.panel.port), Line(stage.panel.port)
    nodes = client.get("/facets/out/visitor")["CONTENTS"]
    assert set(nodes) == {"1", "2"} and set(nodes["2"]["CONTENTS"]) == {"present", "smile", "id"}
    assert client.get("/facets/out/visitor/1/smile")["RANGE"] == [{"MIN": 0.0, "MAX": 1.0}]
    for name in ("present", "smile", "id"):
        line.send({"COMMAND": "LISTEN", "DATA": f"/facets/out/visitor/2/{name}"})
    base = "/facets/out/visitor/2"
    assert line.messages(3) == {f"{base}/present": 0, f"{base}/smile": 0.0, f"{base}/id": -1}
    stage.seen = replace(SEEN, slots=(None, Visitor(9, 0.5)))
    assert line.messages(3) == {f"{base}/present": 1, f"{base}/smile": 0.5, f"{base}/id": 9}
    stage.seen = replace(SEEN, slots=(Visitor(12, 0.0), None))
    assert line.messages(3) == {f"{base}/present": 0, f"{base}/smile": 0.0, f"{base}/id": -1}
    client.close()
    line.close()


def test_the_node_of_a_visitors_number_is_told_of_when_it_comes_and_goes(stage):
    stage.seen = replace(SEEN, smiles=())
    client, line = Stranger(stage.panel.port), Line(stage.panel.port)
    assert client.get("/facets/out/smile")["CONTENTS"] == {}
    line.send({"COMMAND": "LISTEN", "DATA": "/facets/out/faces"})
    line.message()
    stage.seen = replace(SEEN, smiles=((7, 0.5),))
    assert line.told("PATH_CHANGED") == [("PATH_ADDED", "/facets/out/smile/7"), ("PATH_CHANGED", "/facets/out/smile")]
    stage.seen = replace(SEEN, smiles=((8, 0.5),))
    assert line.told("PATH_CHANGED") == [
        ("PATH_REMOVED", "/facets/out/smile/7"), ("PATH_ADDED", "/facets/out/smile/8"), ("PATH_CHANGED", "/facets/out/smile"),
    ]  # fmt: skip
    client.close()
    line.close()


def test_a_change_is_told_of_at_a_node_that_was_there_before(stage):
    client, line = Stranger(stage.panel.port), Line(stage.panel.port)
    known = {method["FULL_PATH"].rpartition("/")[0] for method in client.methods()}
    stage.state.replace(table(presets=("calm", "snow", "new")))
    said = line.told("PATH_CHANGED")
    assert said == [("PATH_ADDED", "/facets/preset/new/recall"), ("PATH_CHANGED", "/facets/preset")] and said[-1][1] in known
    stage.state.replace(table(presets=("calm",)))
    assert line.told("PATH_CHANGED")[-1] == ("PATH_CHANGED", "/facets/preset")
    stage.state.replace(table(presets=("calm", "brief")))
    stage.state.replace(table(presets=("calm",)))  # gone again before anybody could look
    stage.state.replace(table(presets=("calm", "later")))
    said = line.told("PATH_CHANGED")
    while ("PATH_ADDED", "/facets/preset/later/recall") not in said:
        said += line.told("PATH_CHANGED")
    told = [what for what in said if "brief" in what[1]]
    assert told in ([], [("PATH_ADDED", "/facets/preset/brief/recall"), ("PATH_REMOVED", "/facets/preset/brief/recall")])
    client.close()
    line.close()


def test_recall_offers_the_presets_that_there_are(stage):
    client = Stranger(stage.panel.port)
    assert client.get("/facets/preset/recall?RANGE") == {"RANGE": [{"VALS": ["calm", "snow"]}]}
    stage.state.replace(table(presets=()))
    assert client.status("/facets/preset/recall?RANGE") == 204
    client.close()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/panel/socket", {"Upgrade": "", "Connection": "close"}, 426),
        ("/panel/preview", {"Upgrade": "h2c"}, 426),
        ("/", {"Connection": "close"}, 400),
        ("/", {"Sec-WebSocket-Version": "12"}, 400),
        ("/", {"Sec-WebSocket-Key": "no key"}, 400),
        ("/panel/socket", {"Sec-WebSocket-Key": "k\xe9y"}, 400),
        ("/", {"Connection": "keep-alive, Upgrade"}, 101),
    ],
)
def test_a_handshake_that_is_none_is_refused_in_peace(stage, caplog, path, headers, status):
    line = Line(stage.panel.port, path, headers)
    assert line.status == status
    line.close()
    assert not [record for record in caplog.records if record.exc_info]


def test_a_container_has_no_type_and_says_so_with_an_empty_object(stranger):
    assert stranger.get("/facets/look?TYPE") == {} == stranger.get("/?RANGE")
    assert stranger.get("/facets/look/gamma?TYPE&UNIT&ACCESS") == {"TYPE": "f", "ACCESS": 3}


def test_a_head_request_is_answered_as_a_get_without_its_body(running):
    request = urllib.request.Request(f"http://127.0.0.1:{running.panel.port}/facets", method="HEAD")
    with urllib.request.urlopen(request, timeout=10) as reply:
        assert reply.status == 200 and reply.headers.get_content_type() == "application/json" and not reply.read()


def test_the_panel_is_found_with_a_slash_too(running):
    with urllib.request.urlopen(f"http://127.0.0.1:{running.panel.port}/panel/", timeout=10) as reply:
        assert reply.url.endswith("/panel") and reply.status == 200


PAGE = "http://localhost:3000"


def answer_to(port, path, origin):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Origin": origin})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return reply.headers.get("Access-Control-Allow-Origin")


def test_a_page_that_the_configuration_names_may_read_and_set_nothing():
    with Stage(control_config(origins=(PAGE,))) as stage:
        port = stage.panel.port
        assert answer_to(port, "/facets/look?TYPE", PAGE) == PAGE == answer_to(port, "/?HOST_INFO", PAGE)
        assert answer_to(port, "/", "http://elsewhere:3000") is None
        assert answer_to(port, "/metrics", PAGE) is None is answer_to(port, "/panel", PAGE)
        line = Line(port, "/", {"Origin": PAGE})
        line.send(encode("/facets/look/grain", "f", 0.9))
        line.send({"COMMAND": "LISTEN", "DATA": "/facets/look/vignette"})
        assert soon(lambda: stage.state.counts().ignored == 1)
        time.sleep(0.1)
        stage.state.set("look/vignette", 0.75)
        assert line.message() == {"/facets/look/vignette": 0.75}
        assert stage.state.target("look/grain") == 0.1
        line.close()
        for path, origin in (("/panel/socket", PAGE), ("/", "http://elsewhere:3000")):
            refused = Line(port, path, {"Origin": origin})
            assert refused.status == 403
            refused.close()


def test_no_page_of_another_origin_reads_by_itself_or_off_the_loopback(running):
    assert answer_to(running.panel.port, "/", PAGE) is None
    public = control_config(host="0.0.0.0", token="kJ3-vN8_xT5qLw2Z", origins=("*",))
    with Stage(public) as stage:
        assert answer_to(stage.panel.port, "/?token=kJ3-vN8_xT5qLw2Z", PAGE) is None
