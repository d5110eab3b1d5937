"""OSC over UDP and OSC over a WebSocket are one: what comes in is obeyed or refused alike, what is told is the same."""

from dataclasses import replace

import pytest

from installation.config import OscConfig
from installation.control.osc.feedback import OscFeedback
from installation.control.osc.readings import readings
from installation.observation import Visitor
from tests.control.osc.osc_bytes import message
from tests.control.osc.test_feedback import Ear
from tests.control.web.conftest import ATTRIBUTES, SEEN
from tests.control.web.stranger import Line
from tests.control.web.test_oscquery import soon

# The packet, and what it sets, or what is said of it.
PACKETS = [
    (message("/facets/edit/*/amount", 0.5), {f"edit/{name}/amount": 0.5 for name in ATTRIBUTES}),
    (message("/facets/look/zoom/norm", 0.0), {"look/zoom": 0.5}),
    (message("/facets/look/glitter", 0.5), "/facets/look/glitter: no such control"),
    (message("/facets/look/glit*", 0.5), "/facets/look/glit*: no such control"),
    (message("/facets/look/[a", 0.5), "/facets/look/[a: no such control"),
    (message("/facets/look/mirror/norm", 1.0), "look/mirror/norm: no such control"),
    (message("/facets/look/grain", 0.1, 0.2), "look/grain: takes a number from 0 to 1, not 2 values"),
    (message("/else", 0.5), "/else: no such control"),
    (message("/facets/look/grain", 0.5)[:-2], "an argument is cut off"),
]


@pytest.mark.parametrize("way", ["udp", "websocket"])
def test_a_packet_is_obeyed_or_refused_in_the_same_words_whichever_way_it_came(stage, way):
    ear, line = Ear(), Line(stage.panel.port)
    try:
        for packet, outcome in PACKETS:
            before = stage.state.targets(), stage.state.counts()
            if way == "udp":
                ear.socket.sendto(packet, ("127.0.0.1", stage.osc.port))
            else:
                line.send(packet)
            if isinstance(outcome, dict):  # a pattern sets one control after another: wait for all of them
                wanted = before[0] | outcome
                assert wanted != before[0] and soon(lambda wanted=wanted: stage.state.targets() == wanted), packet
                assert stage.state.counts() == before[1]
            else:
                assert soon(lambda before=before: stage.state.counts().ignored == before[1].ignored + 1), packet
                assert outcome in stage.state.counts().last and stage.state.targets() == before[0]
    finally:
        line.close()
        ear.socket.close()


def test_what_the_show_tells_of_itself_is_the_same_both_ways(stage):
    stage.seen = replace(SEEN, seconds=321.5, slots=(Visitor(3, 0.4), None))
    wanted = {one.path: one.value for one in readings(stage.seen, "calm")}
    assert wanted["/facets/out/heartbeat"] == 321
    ear, line = Ear(), Line(stage.panel.port)
    feedback = OscFeedback(stage.state, OscConfig(out_port=ear.port), lambda: stage.seen, lambda: "calm")
    feedback.start()
    try:
        ear.listen("/facets/out/heartbeat")
        assert dict(ear.heard) == {path: [pytest.approx(value)] for path, value in wanted.items()}
        listened = [path for path in wanted if not path.endswith("/preset")]  # the stage has no presets
        for path in listened:
            line.send({"COMMAND": "LISTEN", "DATA": path})
        assert line.messages(len(listened)) == {path: pytest.approx(wanted[path]) for path in listened}
    finally:
        feedback.stop()
        line.close()
        ear.socket.close()
