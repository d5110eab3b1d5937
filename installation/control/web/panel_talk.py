"""What one panel and the program say to each other, over its WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from dataclasses import asdict

from installation.control.presets.asks import RecallAnswer
from installation.control.web.desk_view import Json, Show
from installation.control.web.hub import Hub, Outbox
from installation.control.web.sockets import NonsenseError

SOURCE = "web"
WISHES = ("save", "recall", "backups", "restore", "zones")  # messages that get an answer
MOST_SET = 256  # controls in one message
MOST_ANSWERS = 32  # on their way to one panel


class PanelTalk:
    """One panel's WebSocket. Belongs to the web thread, but for ``_answer``."""

    def __init__(self, show: Show, hub: Hub) -> None:
        self.outbox = Outbox()
        self._show, self._hub = show, hub
        self._told: dict[str, object] = {}  # notes as they were last sent: what did not change is not sent again
        self._set_in: dict[str, int] = {}  # the number of the message that set a control last, until it is told its value
        self._answers: deque[Json] = deque(maxlen=MOST_ANSWERS)
        self._loop = asyncio.get_running_loop()
        self.outbox.note("rows", True)

    async def read(self, data: str | bytes) -> None:
        """A message of the panel. Raises NonsenseError."""
        try:
            given = json.loads(data) if isinstance(data, str) else None
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            raise NonsenseError
        number = given.get("n", 0)
        if not isinstance(number, int):
            raise NonsenseError
        if any(word in given for word in WISHES):
            await self._wish(given, number)
        else:
            self._move(given, number)
        self.outbox.arrived = number
        self._hub.touch()

    def _move(self, given: dict[str, object], number: int) -> None:
        values, learn, unlearn = given.get("set", {}), given.get("learn", ""), given.get("unlearn", "")
        if not isinstance(values, dict) or len(values) > MOST_SET:
            raise NonsenseError
        if not isinstance(learn, str | None) or not isinstance(unlearn, str) or not (values or unlearn or "learn" in given):
            raise NonsenseError
        for name, value in values.items():
            self._set(name, value, number)
        if "learn" in given and self._show.midi is not None and (not learn or learn in self._show.state.table):
            self._show.midi.learn(learn or None)
        if unlearn and self._show.midi is not None:
            self._show.midi.unlearn(unlearn)

    def _set(self, name: str, value: object, number: int) -> None:
        row = self._show.state.table.get(name)
        self._show.state.set(name, value if isinstance(value, str | bool | int | float) else "", SOURCE)
        if row is not None and not row.momentary:
            self._set_in[name] = number

    async def _wish(self, given: dict[str, object], number: int) -> None:
        """Something that is answered in words."""
        if "zones" in given:
            await self._draw(given["zones"], number)
            return
        presets = self._show.presets
        if presets is None:
            raise NonsenseError

        def tell(answer: RecallAnswer) -> None:
            self._answer({"n": number, **asdict(answer)})

        match given:
            case {"save": str(title), "over": bool(over)}:
                presets.save(title, over, tell)
            case {"recall": str(text)}:
                tell(presets.ask(text, SOURCE))
            case {"backups": str(name)}:
                found = await asyncio.to_thread(presets.backups, name)
                self._answer({"n": number, "done": True, "backups": [{"key": one.key, "saved": one.saved} for one in found]})
            case {"restore": str(name), "key": str(key)}:
                presets.restore(name, key, tell)
            case _:
                raise NonsenseError

    async def _draw(self, given: object, number: int) -> None:
        """Other zones in which faces do not count."""
        book = self._show.zones
        if book is None or not isinstance(given, list):
            raise NonsenseError
        fault = await asyncio.to_thread(book.draw, given)
        self._answer({"n": number, "done": not fault, "text": fault})

    def _answer(self, answer: Json) -> None:
        """Any thread."""

        def put() -> None:
            self._answers.append(answer)
            self.outbox.note("answers", True)

        with contextlib.suppress(RuntimeError):  # the server is gone, and the panel with it
            self._loop.call_soon_threadsafe(put)

    async def write(self) -> list[str | bytes]:
        """What is new, as one message."""
        batch = await self.outbox.take()
        told: Json = {"heard": self.outbox.heard}
        heard = [name for name, number in self._set_in.items() if number <= self.outbox.heard]
        targets = self._show.state.targets() if heard else {}
        values = {**batch.values, **{name: targets[name] for name in heard if name in targets}}
        for name in heard:
            del self._set_in[name]
        if batch.paths or "rows" in batch.notes:
            told |= self._show.rows()
        elif values:
            told["values"] = values
        if batch.fired:
            told["fired"] = list(batch.fired)
        if self._answers:
            told["answers"] = list(self._answers)
            self._answers.clear()
        for kind, what in batch.notes.items():
            if kind not in ("rows", "answers") and self._told.get(kind, self) != what:
                told[kind] = self._told[kind] = what
        return [json.dumps(told, allow_nan=False, separators=(",", ":"))]
