"""Where the panel is said to be, what is folded in its log, and the server's own ends."""

import json
import logging
import socket
import urllib.request
from types import SimpleNamespace

import pytest

from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.control.web import server
from installation.control.web.panel import FILES, POLICY
from installation.control.web.preview import Preview
from installation.control.web.server import WebPanel, folded
from installation.observation import Measures
from tests.control.web.conftest import SEEN, control_config
from tests.control.web.test_guard import TOKEN, ask


def panel(port=8600, takeaways=None, **web):
    """One that does not listen, at a port that the test gives it."""
    made = WebPanel(ControlState(parameter_table((), ())), control_config(port=port, **web), lambda: SEEN, Preview(), takeaways=takeaways)
    assert made.port == port
    return made


def test_on_this_machine_alone_the_address_is_all_there_is_to_say():
    one = panel()
    assert not one.public and one.panel_url == "http://127.0.0.1:8600/panel" and one.links == "http://127.0.0.1:8600"
    assert (one.studio_url, one.operator_url) == ("http://127.0.0.1:8600/studio", "http://127.0.0.1:8600/operator")
    assert one.notice == "the panel is at http://127.0.0.1:8600/panel" and not one.unused(one.panel_url)
    assert panel(host="::1").panel_url == "http://[::1]:8600/panel"


def test_beyond_it_each_address_has_a_ticket_of_its_own_that_waits_for_one_who_comes():
    one = panel(host="192.0.2.7", token=TOKEN)
    assert one.public and one.panel_url.startswith("http://192.0.2.7:8600/panel?token=")
    assert one.studio_url.startswith("http://192.0.2.7:8600/studio?token=") and "/operator?token=" in one.operator_url
    url = one.panel_url
    assert one.unused(url) and not one.unused(url[:-1]) and not one.unused("http://192.0.2.7:8600/panel")
    assert one._guard.tickets.redeem(url.partition("?token=")[2], "a phone") and not one.unused(url)
    assert one.notice.startswith("the panel is at http://192.0.2.7:8600/panel; the key I") and one.notice.endswith("and so does the token")
    assert not panel(host="192.0.2.7").notice.endswith("token")  # one that was made at the start is known to nobody
    assert panel(host="2001:db8::7", token=TOKEN).links == "http://[2001:db8::7]:8600"


def test_a_server_on_every_address_is_named_by_one_of_them_or_by_its_machine(monkeypatch):
    monkeypatch.setattr(server, "addresses", lambda host: ["192.0.2.9", "198.51.100.2"])
    assert panel(host="0.0.0.0", token=TOKEN).links == "http://192.0.2.9:8600"
    monkeypatch.setattr(server, "addresses", lambda host: [])
    monkeypatch.setattr(socket, "gethostname", lambda: "mirror")
    assert panel(host="0.0.0.0", token=TOKEN).links == "http://mirror:8600" == panel(host="::", token=TOKEN).links


def test_visitors_links_begin_where_the_configuration_says_and_that_name_asks_for_the_token():
    office = SimpleNamespace(url="https://mirror.example/hall", has_gallery=False)
    one = panel(takeaways=office, token=TOKEN)
    assert one.links == "https://mirror.example/hall" and one.public and "mirror.example" in one._guard._names
    nowhere = panel(takeaways=SimpleNamespace(url="", has_gallery=False))
    assert nowhere.links == "http://127.0.0.1:8600" and not nowhere.public


def test_what_the_web_repeats_is_folded_while_it_runs_and_what_others_say_is_not(caplog):
    web, other = logging.getLogger("installation.control.web.door"), logging.getLogger("installation.elsewhere")
    before = list(web.filters), list(other.filters)
    with folded(("installation.control.web",)):
        for _ in range(5):
            web.warning("connections were let go: too many")
            other.warning("something else")
    assert [record.name for record in caplog.records].count(web.name) == 1
    assert [record.name for record in caplog.records].count(other.name) == 5
    assert (web.filters, other.filters) == before


@pytest.mark.parametrize(
    ("context", "said"),
    [({"message": "it broke", "exception": OSError("a secret")}, "it broke: OSError"), ({"message": "it broke"}, "it broke"),
     ({"exception": OSError("a secret")}, "the web thread: OSError")],
)  # fmt: skip
def test_what_goes_wrong_outside_of_a_request_is_one_line(caplog, context, said):
    server._mishap(None, context)
    assert [record.getMessage() for record in caplog.records] == [said]


def test_every_file_of_the_panel_is_served_with_its_kind_and_what_it_may_load(stage):
    port = stage.panel.port
    kinds = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    files = {f"/panel/{one}": kinds[one.rpartition(".")[2]] for one in FILES}
    for name, kind in {"/panel": "text/html", "/panel/grids": "text/html", **files}.items():
        status, headers, body = ask(port, name)
        assert status == 200 and headers["content-type"] == f"{kind}; charset=utf-8" and body
        assert headers["content-security-policy"] == POLICY.format(host=f"127.0.0.1:{port}")
    assert ask(port, "/panel")[2] == ask(port, "/panel/panel.html")[2] != ask(port, "/panel/grids")[2] == ask(port, "/panel/grids.html")[2]
    assert ask(port, "/panel/styles/ink")[0] == ask(port, "/panel/none.js")[0] == 404


def test_the_figures_count_what_is_open_and_what_was_refused(stage):
    stage.panel._measure = lambda: Measures(visitors=31)
    assert ask(stage.panel.port, "/", host="evil.example")[0] == 421
    text = ask(stage.panel.port, "/metrics")[2].decode()
    found = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    told = {name: found[f"facets_web_{name}"] for name in ("clients", "dropped_total", "refused_total", "turned_away_total")}
    assert told == {"clients": "0", "dropped_total": "0", "refused_total": "1", "turned_away_total": "0"}
    assert found["facets_visitors_total"] == "31" and int(found["facets_web_connections"]) >= 1
    stage.panel._measure = None
    assert "facets_visitors_total" not in ask(stage.panel.port, "/metrics")[2].decode()


def test_a_page_of_another_origin_is_known_whatever_the_case_and_told_that_the_answer_depends_on_it():
    from tests.control.web.conftest import Stage

    with Stage(control_config(origins=("http://page.example",))) as stage:
        request = urllib.request.Request(f"http://127.0.0.1:{stage.panel.port}/?HOST_INFO", headers={"Origin": "http://PAGE.example"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            assert reply.headers["Access-Control-Allow-Origin"] == "http://PAGE.example" and reply.headers["Vary"] == "Origin"
            assert json.load(reply)["NAME"] == "Facets"
        assert "vary" in ask(stage.panel.port, "/")[1]  # also for whoever is no page
    with Stage(control_config(origins=("*",))) as stage:
        assert ask(stage.panel.port, "/", Origin="http://any.example")[1]["access-control-allow-origin"] == "http://any.example"
        assert ask(stage.panel.port, "/", method="HEAD", Origin="http://any.example")[0] == 200
        assert ask(stage.panel.port, "/", method="POST", Origin="http://any.example")[0] == 403
        assert "access-control-allow-origin" not in ask(stage.panel.port, "/")[1]
