"""A small stack machine for the opcodes that network pickles use, bounded in work and memory.

Python's own unpickler imports whatever a file names. This one is given a short list of names, makes plain records, and refuses
the rest by name. Byte strings stay in the file; claims are checked against the bytes that are really there; a file may hold
only so many opcodes and so much text. Keys of mappings are plain words and numbers, so that no nest of shared tuples has to be
hashed. Nothing here recurses.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from installation.checkpoints.foreign_kinds import what_asks_for
from installation.checkpoints.pickle_records import Bag, Maker, Name, Persistent, RefusedPickleError, Span, set_state

MAX_OPCODES = 300_000  # a 1024 px file of generator, discriminator and average needs about 60,000
MAX_TEXT = 16_000_000  # characters
MAX_LONG = 255  # bytes of one whole number
WINDOW = 8_192  # bytes read at a time
TENSORFLOW = ("dnnlib.tflib", "tensorflow", "tfutil")


class TensorFlowPickleError(RefusedPickleError):
    """A pickle of the TensorFlow implementations."""


@dataclass(slots=True)
class Budget:
    """What a file may still use."""

    opcodes: int = MAX_OPCODES
    text: int = MAX_TEXT


class PickleMachine:
    """One pickle in ``source`` from ``at`` on. ``load`` runs to STOP; ``at`` is then the first byte behind it.

    names: what may be named, and what a call of it makes. outside: what a persistent id stands for; None where there is none.
    """

    def __init__(
        self,
        source: Span,
        names: Mapping[str, Maker | None],
        budget: Budget,
        at: int = 0,
        outside: Callable[[object], object] | None = None,
    ) -> None:
        self.source, self.names, self.budget, self.at, self.outside = source, names, budget, at, outside
        self.window, self.window_at = bytearray(), 0
        self.stack: list[object] = []
        self.outer: list[list[object]] = []
        self.memo: dict[int, object] = {}

    def load(self) -> object:
        try:
            while True:
                self.budget.opcodes -= 1
                if self.budget.opcodes < 0:
                    raise RefusedPickleError(f"takes more than {MAX_OPCODES:,} steps to read; no network needs so many")
                opcode = self.take(1)[0]
                if opcode == 0x2E:
                    return self.stack.pop()
                OPCODES[opcode](self)
        except KeyError as err:
            raise RefusedPickleError(f"uses opcode or memo {str(err)[:20]}, which no network pickle has") from err
        except RefusedPickleError:
            raise
        except (IndexError, TypeError, ValueError, AttributeError, struct.error) as err:
            raise RefusedPickleError("the pickle is damaged; fetch it again") from err

    # Bytes

    def present(self, count: int) -> int:
        """Bytes that are left. Raises RefusedPickleError where they are fewer than ``count``."""
        left = self.source.length - self.at
        if count > left:
            raise RefusedPickleError(f"is cut off: {count:,} bytes are claimed where {max(0, left):,} are left; fetch it again")
        return left

    def take(self, count: int) -> bytearray:
        start = self.at - self.window_at
        if start < 0 or start + count > len(self.window):
            left = self.present(count)
            self.window, self.window_at, start = self.source.read(self.at, min(left, max(WINDOW, count))), self.at, 0
        self.at += count
        return self.window[start : start + count]

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def line(self) -> str:
        text = bytearray()
        while (byte := self.take(1)) != b"\n":
            text += byte
            if len(text) > 200:
                raise RefusedPickleError("a name of more than 200 letters")
        return text.decode()

    def text(self, length: int) -> None:
        self.present(length)
        self.budget.text -= length
        if self.budget.text < 0:
            raise RefusedPickleError(f"holds more than {MAX_TEXT:,} letters of text")
        self.stack.append(self.take(length).decode("utf-8", "replace"))

    def span(self, length: int) -> None:
        self.present(length)
        self.stack.append(Span(self.source.file, self.source.start + self.at, length))
        self.at += length

    def long(self, length: int) -> None:
        if not 0 <= length <= MAX_LONG:
            raise RefusedPickleError(f"a whole number of {length:,} bytes")
        self.stack.append(int.from_bytes(self.take(length), "little", signed=True))

    # Stack

    def mark(self) -> None:
        self.outer.append(self.stack)
        self.stack = []

    def to_mark(self) -> list[object]:
        items, self.stack = self.stack, self.outer.pop()
        return items

    def push(self, value: object) -> None:
        self.stack.append(value)

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise IndexError
        items = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.stack.append(items)

    def append(self, items: list[object]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise TypeError
        target.extend(items)

    def set_items(self, items: list[object]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise TypeError
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):
                raise RefusedPickleError("a mapping whose keys are not plain words or numbers")
            target[key] = value

    def add_items(self) -> None:
        self.to_mark()
        if not isinstance(self.stack[-1], Bag):
            raise TypeError

    def memoize(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    # Names and calls

    def name(self, module: object, name: object) -> None:
        full = f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else "something without a name"
        if full.startswith(TENSORFLOW):
            raise TensorFlowPickleError(f"names {full[:100]!r}")
        if full not in self.names:
            if kind := what_asks_for(full):
                raise RefusedPickleError(f"is {kind}")
            raise RefusedPickleError(f"asks for {full[:100]!r}, which is not on the list of harmless names; nothing in it was run")
        self.stack.append(Name(full))

    def global_line(self) -> None:
        module = self.line()
        self.name(module, self.line())

    def global_stack(self) -> None:
        name = self.stack.pop()
        self.name(self.stack.pop(), name)

    def reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise RefusedPickleError("calls something that is not a name")
        maker = self.names[function.full]
        if maker is None:
            raise RefusedPickleError(f"calls {function.full!r}, which is only a word here")
        self.stack.append(maker(*arguments))

    def build(self) -> None:
        state = self.stack.pop()
        if isinstance(self.stack[-1], Persistent) and state is None:
            return
        set_state(self.stack[-1], state)

    def persistent_id(self) -> None:
        if self.outside is None:
            raise RefusedPickleError("refers to something outside of the file")
        self.stack.append(self.outside(self.stack.pop()))


def _new_object(machine: PickleMachine) -> None:
    if machine.stack[-1] != ():
        raise RefusedPickleError("makes an object with arguments")
    machine.reduce()


Handler = Callable[[PickleMachine], object]
OPCODES: Mapping[int, Handler] = {
    ord(key): handler
    for key, handler in {
        "\x80": lambda m: m.take(1),  # PROTO
        "\x95": lambda m: m.take(8),  # FRAME
        "(": PickleMachine.mark,
        "0": lambda m: m.stack.pop(),
        "1": PickleMachine.to_mark,
        "2": lambda m: m.push(m.stack[-1]),
        "N": lambda m: m.push(None),
        "\x88": lambda m: m.push(True),
        "\x89": lambda m: m.push(False),
        "K": lambda m: m.push(m.take(1)[0]),
        "M": lambda m: m.push(m.number("<H")),
        "J": lambda m: m.push(m.number("<i")),
        "\x8a": lambda m: m.long(m.take(1)[0]),
        "\x8b": lambda m: m.long(m.number("<i")),
        "G": lambda m: m.push(struct.unpack(">d", m.take(8))[0]),
        "\x8c": lambda m: m.text(m.take(1)[0]),
        "X": lambda m: m.text(m.number("<I")),
        "\x8d": lambda m: m.text(m.number("<Q")),
        "V": lambda m: m.push(m.line()),
        "C": lambda m: m.span(m.take(1)[0]),
        "B": lambda m: m.span(m.number("<I")),
        "\x8e": lambda m: m.span(m.number("<Q")),
        "\x96": lambda m: m.span(m.number("<Q")),
        "]": lambda m: m.push([]),
        "a": lambda m: m.append([m.stack.pop()]),
        "e": lambda m: m.append(m.to_mark()),
        ")": lambda m: m.push(()),
        "t": lambda m: m.push(tuple(m.to_mark())),
        "\x85": lambda m: m.tuple_of(1),
        "\x86": lambda m: m.tuple_of(2),
        "\x87": lambda m: m.tuple_of(3),
        "}": lambda m: m.push({}),
        "s": lambda m: m.set_items(list(reversed([m.stack.pop(), m.stack.pop()]))),
        "u": lambda m: m.set_items(m.to_mark()),
        "\x8f": lambda m: m.push(Bag()),
        "\x90": PickleMachine.add_items,
        "\x91": lambda m: (m.to_mark(), m.push(Bag())),
        "c": PickleMachine.global_line,
        "i": PickleMachine.global_line,  # INST: refused or not by its name; its arguments never reach a call
        "\x93": PickleMachine.global_stack,
        "R": PickleMachine.reduce,
        "\x81": _new_object,
        "b": PickleMachine.build,
        "q": lambda m: m.memoize(m.take(1)[0]),
        "r": lambda m: m.memoize(m.number("<I")),
        "\x94": lambda m: m.memoize(len(m.memo)),
        "h": lambda m: m.push(m.memo[m.take(1)[0]]),
        "j": lambda m: m.push(m.memo[m.number("<I")]),
        "Q": PickleMachine.persistent_id,
    }.items()
}
