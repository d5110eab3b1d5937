"""All looks, in the order in which people should read of them, and how each is taken: here, or in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from installation.doctor import machine, places
from installation.doctor.finding import Check, Finding, Patient

BUSY = 3.0  # load of each core, from which on a look may just be slow
QUICK_SECONDS, SLOW_SECONDS = 120.0, 900.0  # that a look may take; the engines are measured in it where they never were


def _camera(patient: Patient) -> Iterable[Finding]:
    from installation.doctor.pictures import camera

    return camera(patient)


def _display(patient: Patient) -> Iterable[Finding]:
    from installation.doctor.pictures import display

    return display(patient)


def _fonts(patient: Patient) -> Iterable[Finding]:
    from installation.doctor.pictures import fonts

    return fonts(patient)


def _gpu(patient: Patient) -> Iterable[Finding]:
    from installation.doctor.networks import gpu

    return gpu(patient)


def _weights(patient: Patient) -> Iterable[Finding]:
    from installation.doctor.networks import weights

    return weights(patient)


def _styles(patient: Patient) -> Iterable[Finding]:
    from installation.doctor.styles import styles

    return styles(patient)


CHECKS = (
    Check("machine", machine.machine),
    Check("packages", machine.packages),
    Check("permissions", machine.permissions),
    Check("camera", _camera, QUICK_SECONDS),
    Check("display", _display, QUICK_SECONDS),
    Check("fonts", _fonts, QUICK_SECONDS),
    Check("gpu", _gpu, QUICK_SECONDS),
    Check("weights", _weights, SLOW_SECONDS),
    Check("styles", _styles, QUICK_SECONDS),
    Check("ports", places.ports),
    Check("heartbeat", places.house),
    Check("printer", places.paper),
    Check("disk", places.disk),
    Check("clock", machine.clock),
)


def taken(check: Check, patient: Patient, words: Sequence[str] | None) -> list[Finding]:
    """What a look found; its own failure is a finding too. words: arguments that make this command's configuration, for looks that are
    taken in a process of their own; None: all are taken here."""
    if words is not None and check.seconds:
        return _aside(check, patient.quick, words)
    try:
        return list(check.look(patient))
    except Exception as err:  # the others are to be taken all the same
        return [Finding(check.name, "hand", f"could not be looked at ({type(err).__name__}: {err})", "please report this line")]


def _aside(check: Check, quick: bool, words: Sequence[str]) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="facets-doctor-") as folder:
        into = Path(folder) / "findings.json"
        command = [sys.executable, "-m", "installation", "doctor", "--only", check.name, "--into", str(into), *words]
        try:
            done = subprocess.run(
                [*command, *(["--quick"] if quick else [])],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=check.seconds, check=False,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
            busy = f", or the machine is too busy (load {load:.0f} on {cores} cores)" if load > BUSY * cores else ""
            told = f"no answer within {check.seconds:.0f} s: a driver or a device hangs{busy}"
            return [Finding(check.name, "hand", told, "unplug and plug the device; restart the machine")]
        if into.is_file():
            return [Finding(**row) for row in json.loads(into.read_text(encoding="utf-8"))]
        ended = f"crashed with {signal.Signals(-done.returncode).name}" if done.returncode < 0 else f"ended with code {done.returncode}"
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200]
        todo = "a driver's fault more often than not: update it, or do without (canvas.renderer: plain, engine.device: cpu)"
        return [Finding(check.name, "hand", f"the look {ended}{f': {last}' if last else ''}", todo)]


def as_json(findings: Iterable[Finding]) -> str:
    """A list of objects with the keys subject, state, text, todo."""
    return json.dumps([asdict(finding) for finding in findings], indent=1, ensure_ascii=False)
