"""One OSCQuery client's WebSocket: what it listens to, what it may set, and what it is told of the tree."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from posixpath import commonpath, dirname

from installation.control.osc.dispatch import Dispatcher
from installation.control.osc.encoding import message
from installation.control.osc.readings import OUT, SMILES, Reading
from installation.control.parameters import PREFIX, Parameter, Scalar
from installation.control.state import ControlState
from installation.control.web.hub import Batch, Outbox
from installation.control.web.sockets import NonsenseError

MOST_READINGS, LONGEST_READING = 256, 64  # addresses that one client waits for; characters of one
SHOWN = OUT  # the kind of note that holds what the show tells


class Talk:
    """A client from the moment it connects. source: whose hand it is; dispatcher: takes its packets; readings: what the show tells
    now.

    Every OSC message goes out in a frame of its own. The proposal speaks of packets, which could be bundles, but the clients
    that are published read one message a frame: of a bundle they lose all or end in an error.
    """

    def __init__(
        self, state: ControlState, dispatcher: Dispatcher, readings: Callable[[], Iterable[Reading]], may_write: bool, source: str
    ) -> None:
        self.outbox = Outbox()
        self._state, self._dispatcher, self._readings = state, dispatcher, readings
        self._may_write, self._source = may_write, source
        self._heard: set[str] = set()  # names of controls
        self._seen: dict[str, Scalar | None] = {}  # paths of what the show tells, with the value that was told last
        self._rows = frozenset(_addresses(state))  # nodes as the client knows them
        self._sent = frozenset(one.path for one in readings())

    async def read(self, data: str | bytes) -> None:
        """A frame: text is a command, binary an OSC packet. Raises NonsenseError."""
        if isinstance(data, bytes):
            if not self._may_write:
                self._state.ignore("OSC over WebSocket: a write needs the token, and a page of this machine's own")
                raise NonsenseError
            self._dispatcher.take(data, self._source, "OSC over WebSocket")
            return
        command, path = _command(data)
        name = path.removeprefix(PREFIX)
        if command == "LISTEN" and path.startswith(PREFIX) and name in self._state.table:
            self._heard.add(name)
        elif command == "LISTEN" and path.startswith(f"{OUT}/") and len(path) <= LONGEST_READING:
            shown = tuple(self._readings())
            # Of what the show does not tell, anybody can name without end.
            if len(self._seen) < MOST_READINGS or any(one.path == path for one in shown):
                self._seen.setdefault(path, None)
            self.outbox.note(SHOWN, shown)
        elif command == "IGNORE":
            self._heard.discard(name)
            self._seen.pop(path, None)
        else:
            raise NonsenseError

    async def write(self) -> list[str | bytes]:
        """The next frames: nodes that came or went, then every value that it listens to, a frame each."""
        batch = await self.outbox.take()
        frames: list[str | bytes] = []
        if batch.paths:
            rows = frozenset(_addresses(self._state))
            self._heard &= {address.removeprefix(PREFIX) for address in rows}
            frames += news(self._rows, rows)
            self._rows = rows
        frames += self._values(batch)
        shown = batch.notes.get(SHOWN)
        if isinstance(shown, tuple):
            frames += self._changed(shown)
            sent = frozenset(one.path for one in shown)
            frames += news(self._sent, sent, (f"{OUT}/{SMILES}",))
            self._sent = sent
        return frames

    def _values(self, batch: Batch) -> Iterator[bytes]:
        table = self._state.table
        for values in (batch.values, batch.fired):
            for name, value in values.items():
                if name in self._heard and name in table:
                    yield message(table[name].address, heard(table[name], value))

    def _changed(self, shown: tuple[Reading, ...]) -> Iterator[bytes]:
        """Messages of what the show tells, where it is not what was told last. Who left smiles no more, and nobody gets their
        number again."""
        now = {one.path: one.value for one in shown} if self._seen else {}
        for path, told in tuple(self._seen.items()):
            if path in now and now[path] != told:
                self._seen[path] = now[path]
                yield message(path, now[path])
            elif path not in now and told is not None:
                del self._seen[path]
                yield message(path, 0.0)


def _addresses(state: ControlState) -> Iterator[str]:
    return (row.address for row in state.table.values())


def heard(row: Parameter, value: Scalar) -> Scalar:
    """A control's value as those who LISTEN are sent it: always f, i or s, which every client that is published can read.

    A switch is 1 or 0 and a trigger is 1, each a type that its node declares beside its own (OVERLOADS). T, F and N carry no
    bytes: a client for Max reads such a message as an empty list, and Chataigne's reader throws. A command is told as the word
    that its node declares, though a number was sent.
    """
    if row.kind == "bool":
        return int(bool(value))
    if row.kind == "trigger":
        return 1
    return str(value) if row.kind == "command" else value


def _command(text: str) -> tuple[str, str]:
    """COMMAND and DATA of a text frame; some clients write the keys small. Raises NonsenseError."""
    try:
        given = json.loads(text)
        command, path = (given[key] if key in given else given[key.lower()] for key in ("COMMAND", "DATA"))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NonsenseError from None
    if not isinstance(command, str) or not isinstance(path, str):
        raise NonsenseError
    return command, path


def news(before: Collection[str], now: Collection[str], lasting: Iterable[str] = ()) -> list[str]:
    """Text frames that tell how a tree has changed: each address that came or went, then the nearest node around them all that
    was there before and still is, for a client can only look again at a node that it knows. lasting: nodes that stay without
    anything below them."""
    went = [path for path in before if path not in now]
    came = [path for path in now if path not in before]
    if not went and not came:
        return []
    told = [("PATH_REMOVED", path) for path in sorted(went)] + [("PATH_ADDED", path) for path in sorted(came)]
    known = _containers([*before, *lasting]) & _containers([*now, *lasting])
    known |= set(lasting)
    around = commonpath([dirname(path) for path in (*went, *came)])
    while around not in known and around != "/":
        around = dirname(around)
    return [json.dumps({"COMMAND": command, "DATA": path}) for command, path in (*told, ("PATH_CHANGED", around))]


def _containers(paths: Iterable[str]) -> set[str]:
    """Every node that has one of the paths below it."""
    found: set[str] = {"/"}
    for path in paths:
        above = dirname(path)
        while above not in found:
            found.add(above)
            above = dirname(above)
    return found
