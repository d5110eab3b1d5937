"""Somebody at the photo page, who drags sliders, and looks at what came for as long as they like. Python's own library alone: what the
networks' packages cost while they are imported would be counted against the studio.

    python -m benchmarks.studio_person PORT SECONDS LOOK [PICTURE]

LOOK: s that they look between two moves; 0: they never rest.

Writes ``ready`` once the page is open, and what the waits were, in ms by kind, as JSON at the end. ``benchmarks.studio`` starts it.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from pathlib import Path

READY = "ready"
DRAG = 12  # places of a slider in one move
EDITS = ("edit/age/amount", "edit/smile/amount", "edit/gender/amount", "edit/yaw/amount")


class Person:
    """Somebody at the page. port: the server's; look: s between two moves."""

    def __init__(self, port: int, look: float) -> None:
        self._look = look
        self._link = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.waits: dict[str, list[float]] = {"first picture": [], "slider": [], "fine": []}

    def ask(self, path: str, body: bytes | None = None) -> bytes:
        """The answer. Raises SystemExit with what the server says where it gives none."""
        self._link.request("GET" if body is None else "POST", f"/studio/{path}", body)
        reply = self._link.getresponse()
        data = reply.read()
        if reply.status not in (200, 204):
            raise SystemExit(f"{path}: {reply.status} {data[:200]!r}")
        return data

    def timed(self, what: str, began: float) -> None:
        """A wait has ended."""
        self.waits[what].append(1e3 * (time.perf_counter() - began))

    def arrive(self) -> None:
        """Open the page, and be there until its networks are: nobody has chosen a picture sooner."""
        self.ask("desk")
        told = json.loads(self.ask("pictures?sample=1", b""))
        self.ask(f"pictures/{told['id']}/forget", b"")

    def work(self, photo: bytes | None, seconds: float) -> None:
        """Bring a photograph and drag sliders for so long."""
        end = time.monotonic() + seconds
        began = time.perf_counter()
        told = json.loads(self.ask("pictures?sample=2", b"") if photo is None else self.ask("pictures?name=photo", photo))
        face, one = str(told["chosen"]), f"pictures/{told['id']}"
        self.ask(f"{one}/drawn", _wish(face, EDITS[0], 1.0, True))
        self.timed("first picture", began)
        move = 0
        while time.monotonic() < end:
            name = EDITS[move % len(EDITS)]
            for place in range(DRAG):
                began = time.perf_counter()
                self.ask(f"{one}/drawn", _wish(face, name, 2.0 * place / DRAG - 1.0 + 0.001 * move, False))
                self.timed("slider", began)
            began = time.perf_counter()
            self.ask(f"{one}/drawn", _wish(face, name, 1.0 + 0.001 * move, True))
            self.timed("fine", began)
            move += 1
            time.sleep(self._look)
        self.ask(f"{one}/forget", b"")


def _wish(face: str, name: str, value: float, fine: bool) -> bytes:
    return json.dumps({"faces": {face: {name: value}}, "fine": fine}).encode()


def main(argv: list[str]) -> int:
    port, seconds, look, *photo = argv
    person, picture = Person(int(port), float(look)), Path(photo[0]).read_bytes() if photo else None
    person.arrive()
    print(READY, flush=True)
    person.work(picture, float(seconds))
    print(json.dumps(person.waits))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
