"""Where a show reads and writes: folders, disks, ports."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from installation.assembly.house import broker_of
from installation.control.port_errors import why_not_listening
from installation.doctor.finding import Finding, Patient
from installation.errors import ConfigError
from installation.operation.instance import holder
from installation.places import cache, kept

LOW_MB, FULL_MB = 2048, 200  # free on a disk: worth knowing, and too little
QUEUE_SECONDS = 10.0  # that CUPS may take to name its queues
BROKER_SECONDS = 5.0  # that it may take
FILES = 1000  # that may still be made on a disk


def disk(patient: Patient) -> Iterator[Finding]:
    """Room and permission in every folder that a show writes to."""
    config = patient.config
    written = [
        ("state", kept(config.control.resume_file).parent),
        ("pictures", kept("out")),
        ("presets", kept("presets")),
        ("cache", cache()),
    ]
    if config.operation.log is not False:
        written.append(("log", kept(config.operation.log_folder)))
    if config.takeaways.enabled:
        written.append(("takeaways", kept(config.takeaways.folder)))
    seen: set[tuple[str, str]] = set()
    for what, folder in written:
        finding = _place(what, folder)
        if (finding.state, finding.todo) not in seen or finding.state == "hand":
            seen.add((finding.state, finding.todo))
            yield finding


def _place(what: str, folder: Path) -> Finding:
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())  # it is made when it is needed
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(4096))
            file.flush()
        room, nodes = shutil.disk_usage(there).free / 2**20, os.statvfs(there)
    except OSError as err:
        todo = f"give it to this user (sudo chown -R $USER {there}), or make room"
        if what == "cache":
            todo += "; FACETS_CACHE=FOLDER names another"
        return Finding("disk", "hand", f"{what}, {folder}: cannot be written ({err.strerror or err})", todo)
    few = nodes.f_files > 0 and nodes.f_favail < FILES
    told = f"{room / 1024:.1f} GB free" + (f", and room for only {nodes.f_favail} files" if few else "")
    if room < FULL_MB or few:
        return Finding("disk", "hand", f"{what}, {folder}: {told}", f"make room: recordings and snapshots lie in {kept('out')}")
    if room < LOW_MB:
        return Finding("disk", "note", f"{what}, {folder}: {told}", f"recordings need room; they lie in {kept('out')}")
    return Finding("disk", "good", f"{there}: {told}")


def ports(patient: Patient) -> Iterator[Finding]:
    """Whether the ways in can be opened, or who has them."""
    control = patient.config.control
    running = holder(kept(control.resume_file).parent)
    asked = (
        ("control.osc", control.osc.enabled, control.osc.host, control.osc.port, socket.SOCK_DGRAM),
        ("control.web", control.web.enabled, control.web.host, control.web.port, socket.SOCK_STREAM),
    )
    for section, enabled, host, port, kind in asked:
        if enabled is not False and port:
            yield _port(section, host, port, kind, running)


def house(patient: Patient) -> Iterator[Finding]:
    """Whether the broker of the heartbeat can be reached."""
    m = patient.config.operation.mqtt
    try:
        broker = broker_of(patient.config)
    except ConfigError as err:
        yield Finding("heartbeat", "hand", str(err), "the line that is named; operation.mqtt.host: empty does without")
        return
    if broker is None:
        return
    try:
        socket.create_connection((m.host, m.port), BROKER_SECONDS).close()
    except OSError as err:
        todo = "is the broker running, the address right, the network there? the show runs without"
        yield Finding("heartbeat", "hand", f"{m.host}:{m.port}: the broker does not answer ({err.strerror or err})", todo)
    else:
        yield Finding("heartbeat", "good", f"{m.host}:{m.port} answers; {broker.base}/heartbeat every {m.seconds:g} s")


def paper(patient: Patient) -> Iterator[Finding]:
    """Whether the queue of CUPS that prints for visitors is there."""
    t = patient.config.takeaways
    if not t.enabled or not t.printer:
        return
    if shutil.which("lp") is None:
        yield Finding("printer", "hand", f"takeaways.printer {t.printer}: there is no 'lp' here", "apt-get install cups-client")
        return
    try:
        asked = subprocess.run(["lpstat", "-e"], capture_output=True, text=True, timeout=QUEUE_SECONDS, check=False)
        queues = asked.stdout.split()
    except (OSError, subprocess.TimeoutExpired) as err:
        yield Finding(
            "printer", "hand", f"takeaways.printer {t.printer}: CUPS does not answer ({type(err).__name__})", "systemctl status cups"
        )
        return
    if t.printer in queues:
        yield Finding("printer", "good", f"the queue {t.printer}")
    else:
        there = f"there is {', '.join(queues)}" if queues else "there is none"
        yield Finding(
            "printer", "hand", f"takeaways.printer {t.printer}: no such queue; {there}", "lpstat -e names them; lpadmin makes one"
        )


def _port(section: str, host: str, port: int, kind: socket.SocketKind, running: int) -> Finding:
    name = f"{'UDP' if kind == socket.SOCK_DGRAM else 'TCP'} {host}:{port}, {section}"
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=kind)[0]
        with socket.socket(family, kind) as trial:
            if kind == socket.SOCK_STREAM:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            if kind == socket.SOCK_STREAM:
                trial.listen(1)
    except socket.gaierror as err:
        return Finding("ports", "hand", f"{name}: no such address ({err.strerror})", f"127.0.0.1 is this machine; {section}.host")
    except OSError as err:
        pid = listener(port, kind)
        if pid and pid == running:
            return Finding("ports", "good", f"{name}: held by the show that runs here, process {pid}")
        who = f"; process {pid} ({_command(pid)}) has it" if pid else ""
        return Finding("ports", "hand", f"{name}: cannot be opened{who}", why_not_listening(err, host, port, section))
    return Finding("ports", "good", f"{name}: free")


def listener(port: int, kind: socket.SocketKind) -> int:
    """The process that listens on a port of this machine; 0 where that cannot be known."""
    table = "udp" if kind == socket.SOCK_DGRAM else "tcp"
    wanted: set[str] = set()
    for name in (table, f"{table}6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
                parts = line.split()
                if int(parts[1].rpartition(":")[2], 16) == port and parts[3] in ("0A", "07"):  # listens; a bound UDP socket
                    wanted.add(f"socket:[{parts[9]}]")
    for folder in Path("/proc").glob("[0-9]*/fd") if wanted else ():
        with contextlib.suppress(OSError):
            if any(os.readlink(link) in wanted for link in folder.iterdir()):
                return int(folder.parent.name)
    return 0


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "gone"
    return " ".join(word for word in words if word)[:60]
