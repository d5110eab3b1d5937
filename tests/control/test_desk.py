import http.client
import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from installation.config import ControlConfig, MidiConfig, OscConfig, WebConfig
from installation.control.desk import ControlDesk
from installation.control.desk_links import DeskLinks, DirectionFiles
from installation.control.installed import Installed
from installation.control.sound.tempo import Tempo
from installation.control.state import ControlState, TableChange
from installation.errors import ConfigError
from installation.latents.directions import Direction, DirectionSet, load_directions, save_directions
from installation.observation import Observation

SHOW = Observation(0.0, 0, (), 0.0, 0.0, 0.0, 0, 0.0, "", "", 0, ())

NOTHING = Installed((), (), ())
STYLES, WIDTH = 6, 8


def desk_of(
    state: ControlState,
    osc: OscConfig,
    lockstep: bool = False,
    installed: Installed = NOTHING,
    presets: Path = Path("none"),
    directions: DirectionFiles | None = None,
) -> ControlDesk:
    config = ControlConfig(osc=osc, web=WebConfig(enabled=False), midi=MidiConfig(enabled=False))
    return ControlDesk(config, state, installed, links(state, directions), lockstep=lockstep, presets=presets)


def links(state: ControlState, directions: DirectionFiles | None = None) -> DeskLinks:
    return DeskLinks(lambda: SHOW, FAULTS.append, Tempo(state, float), float, directions=directions)


@pytest.fixture(autouse=True)
def _no_faults() -> Iterator[None]:
    FAULTS.clear()
    yield


FAULTS: list[str] = []


@pytest.fixture
def state() -> ControlState:
    return ControlState(NOTHING.table())


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        yield other.getsockname()[1]


def test_a_run_in_lockstep_opens_nothing_unless_told(state: ControlState, taken: int) -> None:
    desk = desk_of(state, OscConfig(port=taken), lockstep=True)
    desk.start()
    assert desk.ways.received() == 0
    desk.stop()
    for osc, lockstep in ((OscConfig(port=taken, enabled=True), True), (OscConfig(port=taken), False)):
        with pytest.raises(ConfigError, match="taken"):
            desk_of(state, osc, lockstep).start()


def test_what_opened_before_a_failure_is_closed_again(state: ControlState, taken: int) -> None:
    with pytest.raises(ConfigError, match="out_host"):
        desk_of(state, OscConfig(port=0, out_host="nowhere.invalid")).start()
    state.set("look/grain", 0.5)  # no listener of the dead parts is left to be told


def test_ignored_messages_reach_the_log_once_a_second(state: ControlState, caplog: pytest.LogCaptureFixture) -> None:
    desk = desk_of(state, OscConfig(enabled=False))
    with caplog.at_level(logging.WARNING):
        for frame in range(90):
            state.set("look/glitter", frame)
            desk.step(10 + frame / 30)
    assert len(caplog.records) == 3
    assert "30 control messages were ignored, the last: look/glitter: no such control" in caplog.text


def test_the_operator_sees_what_arrives(state: ControlState) -> None:
    desk = desk_of(state, OscConfig(enabled=False))
    desk.step(0.0)
    assert dict(desk.figures())["ignored"] == "0" and "why" not in dict(desk.figures())
    state.set("transport/bpm", 90)
    assert dict(desk.figures())["tempo"] == " 90.0 bpm"
    state.set("look/grain", 7)
    state.set("look/glitter", 1)
    desk.step(1.0)
    figures = dict(desk.figures())
    assert (figures["ignored"], figures["clamped"], figures["why"]) == ("1", "1", "look/glitter: no such control")
    for second in range(2, 13):
        desk.step(float(second))
    assert "why" not in dict(desk.figures())  # the operator has read it


def put(path: Path, *names: str) -> None:
    """A file of directions, whole at once, as a careful copy is."""
    part = path.with_name("." + path.name)
    save_directions([Direction(name, torch.ones(STYLES, WIDTH), (0, STYLES)) for name in names], part, {})
    part.rename(path)


def turn(desk: ControlDesk, until: Callable[[], object]) -> None:
    """Pictures, until something has happened in another thread."""
    end = time.monotonic() + 20
    now = 0.0
    while not until():
        assert time.monotonic() < end
        now += 0.1
        desk.step(now)
        time.sleep(0.01)


def test_an_artists_own_direction_becomes_a_control_while_the_show_runs(tmp_path: Path) -> None:
    directions, presets = tmp_path / "directions", tmp_path / "presets"
    directions.mkdir()
    presets.mkdir()
    (presets / "calm.yaml").write_text("controls:\n  look/grain: 0.7\n")
    put(directions / "a.safetensors", "age")
    installed = Installed(("age",), ("toon",), (16, 32))
    state = ControlState(installed.table(), {"edit/age/amount": 1.0})
    changes: list[TableChange] = []
    state.subscribe(lambda change: changes.append(change) if isinstance(change, TableChange) else None)
    used: list[DirectionSet] = []
    files = DirectionFiles([directions], lambda paths: load_directions(paths, STYLES, WIDTH), used.append)
    desk = desk_of(state, OscConfig(enabled=False), installed=installed, presets=presets, directions=files)
    desk.start()
    try:
        put(directions / "beard.safetensors", "beard")
        turn(desk, lambda: "edit/beard/amount" in state.table)
        assert used[-1].names == ("age", "beard")
        assert "edit/beard/lfo/depth" in changes[-1].added and not changes[-1].removed
        assert state.target("edit/age/amount") == 1.0 and state.set("edit/beard/amount", 2.0)
        assert {"preset/calm/recall", "blend/toon/amount"} <= set(state.table)  # whatever else there is stays

        (directions / "broken.safetensors").write_bytes(b"not a file of directions")
        turn(desk, lambda: FAULTS)
        assert "broken.safetensors" in FAULTS[0] and "stay as they were" in FAULTS[0]
        assert used[-1].names == ("age", "beard") and state.target("edit/beard/amount") == 2.0

        (directions / "broken.safetensors").unlink()
        (directions / "a.safetensors").unlink()
        turn(desk, lambda: "edit/age/amount" not in state.table)
        assert used[-1].names == ("beard",) and state.target("edit/beard/amount") == 2.0
        assert not state.set("edit/age/amount", 0.5)
    finally:
        desk.stop()


def test_directions_are_not_watched_in_lockstep(state: ControlState, tmp_path: Path) -> None:
    files = DirectionFiles([tmp_path], lambda paths: load_directions(paths, STYLES, WIDTH), lambda directions: None)
    assert not desk_of(state, OscConfig(enabled=False), lockstep=True, directions=files)._parts
    assert len(desk_of(state, OscConfig(enabled=False), directions=files)._parts) == 1


def test_a_preset_is_recalled_and_named_for_the_operator(tmp_path: Path, state: ControlState) -> None:
    (tmp_path / "calm.yaml").write_text("fade: 0\ncontrols:\n  look/grain: 0.7\n")
    desk = desk_of(state, OscConfig(enabled=False), presets=tmp_path)
    desk.start()
    assert state.set("preset/recall", "calm")
    desk.step(0.0)
    assert state.target("look/grain") == 0.7
    assert dict(desk.figures())["preset"] == "calm"
    state.set("look/grain", 0.2)
    state.set("preset/save", "mine")
    desk.step(1.0)
    desk.stop()  # what was asked to be kept is kept
    assert "0.2" in (tmp_path / "mine.yaml").read_text()


def test_a_step_that_fails_is_a_fault_and_not_the_end(state: ControlState) -> None:
    def fail(directions: DirectionSet) -> None:
        raise RuntimeError("no room")

    desk = desk_of(state, OscConfig(enabled=False), directions=DirectionFiles((), lambda paths: DirectionSet([]), fail))
    desk._table.found_directions(DirectionSet([]))
    desk.step(0.0)
    assert FAULTS == ["control: RuntimeError: no room"]
    desk.step(1.0)
    assert len(FAULTS) == 1


def opened(state: ControlState, public: bool, monkeypatch: pytest.MonkeyPatch) -> ControlDesk:
    """A desk with a panel that takes itself for one off the loopback, or for one on it."""
    from installation.control.web import guard

    monkeypatch.setattr(guard, "is_loopback", lambda host: not public)
    config = ControlConfig(osc=OscConfig(port=0, out_port=0), web=WebConfig(port=0), midi=MidiConfig(enabled=False))
    desk = ControlDesk(config, state, NOTHING, links(state), presets=Path("none"))
    desk.start()
    return desk


@pytest.mark.parametrize("public", [False, True])
def test_the_operator_s_key_shows_a_code_only_where_the_panel_needs_one(
    state: ControlState, public: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = opened(state, public, monkeypatch)
    try:
        desk.invitations.invite()
        code = desk.invitations.code()
        assert (code is not None) is public and desk.invitations.code() is code  # the same picture, so that it is drawn once
        desk.invitations.invite()
        assert desk.invitations.code() is None
    finally:
        desk.stop()


@pytest.mark.parametrize("osc", [OscConfig(port=0, out_port=0), OscConfig(enabled=False)])
def test_the_panel_tells_the_port_of_osc_where_it_listens(state: ControlState, osc: OscConfig) -> None:
    config = ControlConfig(osc=osc, web=WebConfig(port=0), midi=MidiConfig(enabled=False))
    desk = ControlDesk(config, state, NOTHING, links(state), presets=Path("none"))
    desk.start()
    try:
        assert desk.panel is not None
        link = http.client.HTTPConnection("127.0.0.1", desk.panel.port, timeout=10)
        link.request("GET", "/?HOST_INFO")
        told = json.loads(link.getresponse().read())
        link.close()
        assert told.get("OSC_PORT") == (None if desk.ways.osc is None else desk.ways.osc.port)
    finally:
        desk.stop()


def test_whatever_comes_from_outside_shows_no_code(state: ControlState, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = opened(state, True, monkeypatch)
    try:
        for name in state.table:
            if name.startswith("transport/"):
                state.set(name, True, "osc 127.0.0.1")
                assert desk.invitations.code() is None, name
        assert state.target("transport/hud") is True
    finally:
        desk.stop()


def test_a_code_goes_after_a_minute(state: ControlState, monkeypatch: pytest.MonkeyPatch) -> None:
    from installation.control.web import invitation as module

    desk = opened(state, True, monkeypatch)
    try:
        desk.invitations.invite()
        assert desk.invitations.code() is not None
        later = module.time.monotonic() + module.INVITATION_SECONDS + 1
        monkeypatch.setattr(module.time, "monotonic", lambda: later)
        assert module.INVITATION_SECONDS == 60 and desk.invitations.code() is None
    finally:
        monkeypatch.undo()
        desk.stop()


def test_a_code_goes_once_a_phone_has_used_it(state: ControlState, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = opened(state, True, monkeypatch)
    try:
        desk.invitations.invite()
        assert desk.panel is not None and desk.invitations.url
        link = http.client.HTTPConnection("127.0.0.1", desk.panel.port, timeout=10)
        link.request("GET", "/panel?" + desk.invitations.url.partition("?")[2], headers={"Host": f"127.0.0.1:{desk.panel.port}"})
        assert link.getresponse().status == 303
        link.close()
        assert desk.invitations.code() is None
    finally:
        desk.stop()
