"""The doctor finds what is wrong with a machine, says what to do, and is not taken down by what it looks at."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.canvas.typefaces import OWN
from installation.clock import MonotonicClock
from installation.commands.doctor import main, page
from installation.config import load_config
from installation.doctor import checks, machine, pictures, places
from installation.doctor.checks import taken
from installation.doctor.finding import Check, Finding, Patient
from installation.doctor.styles import styles
from installation.engines import style_models
from installation.operation.instance import InstanceLock
from installation.operation.temperature import processor_celsius
from installation.sources.scripted import ScriptedSource

ROOT = Path(__file__).resolve().parents[2]


def patient(*overrides):
    return Patient(load_config(None, overrides), quick=True)


def states(findings):
    return [finding.state for finding in findings]


def bound(kind):
    one = socket.socket(socket.AF_INET, kind)
    one.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        one.listen()
    return one


@pytest.mark.parametrize(("kind", "section", "other"), [(socket.SOCK_STREAM, "web", "osc"), (socket.SOCK_DGRAM, "osc", "web")])
def test_a_port_that_is_taken_needs_a_hand_and_its_holder_is_named(kind, section, other, tmp_path):
    with bound(kind) as taken_port:
        number = taken_port.getsockname()[1]
        asked = (f"control.{section}.port={number}", f"control.{other}.enabled=false", f"control.resume_file={tmp_path}/state.json")
        (found,) = places.ports(patient(*asked))
        assert found.state == "hand" and f"process {os.getpid()} (" in found.text and f"--set control.{section}.port" in found.todo
        lock = InstanceLock(tmp_path).take()  # as the show that has it would
        (found,) = places.ports(patient(*asked))
        assert found.state == "good" and f"the show that runs here, process {os.getpid()}" in found.text
        lock.release()
    (found,) = places.ports(patient(*asked))
    assert (found.state, found.text.rpartition(": ")[2]) == ("good", "free")


def test_the_broker_of_the_heartbeat():
    assert list(places.house(patient())) == []
    with bound(socket.SOCK_STREAM) as broker:
        port = broker.getsockname()[1]
        (found,) = places.house(patient("operation.mqtt.host=127.0.0.1", f"operation.mqtt.port={port}", "operation.mqtt.name=left"))
        assert found.state == "good" and "facets/left/heartbeat" in found.text
    (found,) = places.house(patient("operation.mqtt.host=127.0.0.1", f"operation.mqtt.port={port}"))
    assert found.state == "hand" and "Connection refused" in found.text
    (found,) = places.house(patient("operation.mqtt.host=127.0.0.1", "operation.mqtt.password_file=/none"))
    assert found.state == "hand" and "operation.mqtt.password_file" in found.text


def test_a_place_that_cannot_be_written_and_a_disk_that_is_full(tmp_path, monkeypatch):
    found = next(iter(places.disk(patient("control.resume_file=/proc/self/attr/state.json"))))
    assert found.state == "hand" and "state, /proc/self/attr: cannot be written (" in found.text and "chown" in found.todo
    asked = f"control.resume_file={tmp_path}/new/folder/state.json"  # made when it is needed
    monkeypatch.setattr(places, "FULL_MB", 0)
    assert "hand" not in states(places.disk(patient(asked)))
    monkeypatch.setattr(places, "FULL_MB", 1 << 40)
    full = list(places.disk(patient(asked)))
    assert set(states(full)) == {"hand"} and "make room" in full[0].todo


def test_every_folder_that_a_show_writes_to_is_looked_at():
    asked = ("operation.log_folder=/proc/self/attr/logs", "takeaways.folder=/proc/self/attr/taken")
    told = [finding.text for finding in places.disk(patient(*asked, "takeaways.enabled=true")) if finding.state == "hand"]
    assert ["log, " in told[0], "takeaways, " in told[1]] == [True, True] and len(told) == 2
    assert "hand" not in states(places.disk(patient(*asked, "operation.log=false")))  # neither is written


def test_the_queue_that_prints_for_visitors(tmp_path, monkeypatch):
    asked = patient("takeaways.enabled=true", "takeaways.printer=photos")
    assert list(places.paper(patient("takeaways.printer=photos"))) == []
    monkeypatch.setenv("PATH", str(tmp_path))
    (found,) = places.paper(asked)
    assert found.state == "hand" and "cups-client" in found.todo
    for name, text in (("lp", "#!/bin/sh\n"), ("lpstat", "#!/bin/sh\necho office\necho photos\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    assert states(places.paper(asked)) == ["good"]
    (tmp_path / "lpstat").write_text("#!/bin/sh\necho office\n")
    (found,) = places.paper(asked)
    assert found.state == "hand" and "no such queue; there is office" in found.text
    (tmp_path / "lpstat").unlink()
    (found,) = places.paper(asked)
    assert found.state == "hand" and "CUPS does not answer" in found.text


def test_a_broken_configuration_is_told_with_its_line(tmp_path, capsys):
    file = tmp_path / "mine.yaml"
    file.write_text("faces:\n  max: many\n")
    assert main(["--config", str(file), "--only", "clock"]) == 1
    out = capsys.readouterr().out
    assert "HAND  configuration" in out and "mine.yaml:2: faces.max" in " ".join(out.split()) and "1 needs a hand" in out
    assert main(["--config", str(file), "--only", "clock", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["needs_a_hand"] == 1 and told["findings"][0]["subject"] == "configuration" and told["findings"][0]["todo"]
    file.write_text("schedule: {rows: [{name: a, preset: not-there}]}\n")
    assert main(["--config", str(file), "--only", "clock"]) == 1
    file.write_text("faces: {max: 2}\n")
    assert main(["--config", str(file), "--only", "clock"]) == 0


def test_a_look_that_crashes_or_hangs_is_a_finding(tmp_path, monkeypatch):
    driver = tmp_path / "python"
    driver.write_text("#!/bin/sh\necho 'libGL: boom' >&2\nkill -SEGV $$\n")
    driver.chmod(0o755)
    monkeypatch.setattr(checks.sys, "executable", str(driver))
    (crashed,) = taken(Check("display", lambda _: (), 30.0), patient(), ())
    assert crashed.state == "hand" and "crashed with SIGSEGV: libGL: boom" in crashed.text
    driver.write_text("#!/bin/sh\nexec sleep 600\n")
    (hung,) = taken(Check("display", lambda _: (), 0.3), patient(), ())
    assert hung.state == "hand" and "no answer" in hung.text

    def raises(_):
        raise ZeroDivisionError("of its own")

    (failed,) = taken(Check("disk", raises), patient(), ())
    assert failed.state == "hand" and "ZeroDivisionError: of its own" in failed.text


def test_looks_in_a_process_of_their_own_come_back(tmp_path):
    """The whole command, with the camera opened by a child: the embedded visitors are pictures, and no camera."""
    command = [sys.executable, "-m", "installation", "doctor", "--json", "--quick", "--only", "camera", "fonts", "packages"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    told = json.loads(done.stdout)
    assert done.returncode == (1 if told["needs_a_hand"] else 0)
    found = {(one["subject"], one["state"]) for one in told["findings"]}
    assert {("camera", "good"), ("camera", "note"), ("packages", "good")} <= found
    missing = [*command[:-3], "camera", "--set", f"source={tmp_path / 'gone.mp4'}"]
    done = subprocess.run(missing, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1 and "there is no such file" in json.loads(done.stdout)["findings"][1]["text"]


def live(pictures):
    return ScriptedSource(pictures, MonotonicClock())


def test_a_camera_that_is_covered_frozen_dark_or_slow():
    noise = [np.random.default_rng(number).integers(40, 200, (9, 16, 3)).astype(np.uint8) for number in range(4)]
    source = live(noise)
    assert pictures._looked(source, noise, 30.0, 30.0).state == "good"
    for black in ([np.zeros_like(one) for one in noise], [one // 64 for one in noise]):
        found = pictures._looked(source, black, 30.0, 30.0)
        assert found.state == "hand" and found.text.endswith(": black") and "covered" in found.todo
    assert "always the same picture" in pictures._looked(source, [noise[0]] * 4, 30.0, 30.0).text
    slow = pictures._looked(source, noise, 12.0, 30.0)
    assert slow.state == "note" and "12 pictures a second, 30" in slow.text
    assert pictures._looked(source, [], 0.0, 30.0).state == "hand"


def test_devices_of_a_group_that_this_user_is_not_in(tmp_path, monkeypatch):
    (tmp_path / "dev" / "dri").mkdir(parents=True)
    for name in ("video0", "dri/renderD128"):
        (tmp_path / "dev" / name).touch()
    assert states(machine.permissions(patient(), tmp_path))[:1] == ["good"]
    monkeypatch.setattr(os, "access", lambda path, mode: "video" not in str(path))
    (found,) = [one for one in machine.permissions(patient(), tmp_path) if one.subject == "permissions"]
    group = machine._group(tmp_path / "dev" / "video0")
    assert found.state == "hand" and "video0" in found.text and "render" not in found.text and f"usermod -aG {group}" in found.todo


def test_memory_of_a_machine_and_of_a_container(tmp_path):
    table, limit = tmp_path / "meminfo", tmp_path / "memory.max"
    table.write_text("MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n")
    assert machine.memory_mb(table, limit) == (8192.0, 4096.0)
    limit.write_text(f"{2 << 30}\n")
    assert machine.memory_mb(table, limit) == (2048.0, 2048.0)
    limit.write_text("max\n")
    assert machine.memory_mb(table, limit) == (8192.0, 4096.0)
    assert machine.memory_mb(tmp_path / "none", limit) == (0.0, 0.0)


def test_the_hottest_sensor_of_the_processor_counts(tmp_path):
    zones, sensors = tmp_path / "thermal", tmp_path / "hwmon"
    assert processor_celsius(zones, sensors) is None
    for number, text in enumerate(("51000", "-274000", "what")):
        (zones / f"thermal_zone{number}").mkdir(parents=True)
        (zones / f"thermal_zone{number}" / "temp").write_text(text)
    assert processor_celsius(zones, sensors) == 51.0
    for number, (name, text) in enumerate((("nvme", "90000"), ("k10temp", "63500"))):
        (sensors / f"hwmon{number}").mkdir(parents=True)
        (sensors / f"hwmon{number}" / "name").write_text(f"{name}\n")
        (sensors / f"hwmon{number}" / "temp1_input").write_text(text)
    assert processor_celsius(zones, sensors) == 63.5


def test_the_page_is_one_page_and_says_what_to_do():
    long = Finding("camera", "hand", "word " * 60, "do " * 60)
    lines = list(page([long, Finding("disk", "good", "room", "not shown"), Finding("clock", "note", "late", "wind it")], 80))
    assert max(map(len, lines)) <= 80 and lines[-1] == "1 needs a hand; 1 worth knowing."
    text = "\n".join(lines)
    assert "→ do" in text and "→ wind it" in text and "not shown" not in text
    assert list(page([Finding("disk", "good", "room")], 80))[-1] == "Nothing needs a hand."


def test_the_fonts_of_the_languages_that_the_invitation_is_shown_in(tmp_path):
    (found,) = pictures.fonts(patient())
    assert found.state == "good" and "en, de, fr, es, it, zh" in found.text and OWN.name in found.text
    own = tmp_path / "texts.yaml"
    own.write_text("come: {en: Look, uga: \U00010380}\n", encoding="utf-8")
    (found,) = pictures.fonts(patient(f"invitation.texts={own}", "invitation.languages=[en, uga]"))
    assert found.state == "note" and "no font here has all letters of uga" in found.text and "invitation.font" in found.todo
    assert states(pictures.fonts(patient(f"invitation.texts={own}", "invitation.languages=[en]"))) == ["good"]


def test_painters_styles_and_what_is_none(tmp_path, monkeypatch):
    Pillow.new("RGB", (64, 64), "red").save(tmp_path / "mohn.png")
    asked = patient(f"models.styles={tmp_path}")
    (found,) = styles(asked)
    assert found.state == "good" and "17 built in, 1 of pictures" in found.text
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (found,) = styles(asked)
    assert found.state == "note" and "broken.png is broken" in found.text and found.todo
    monkeypatch.setitem(style_models.DIGESTS, style_models.BANK, "0" * 64)  # as where the network is damaged
    (found,) = styles(asked)
    assert found.state == "note" and "damaged or of another version" in found.text and "make setup" in found.text
