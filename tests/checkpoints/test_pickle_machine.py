"""The stack machine against Python's own unpickler on plain values, and its bounds to the last byte."""

import io
import pickle
import pickletools
import random
import struct

import numpy as np
import pytest

from installation.checkpoints.pickle_machine import (
    MAX_LONG,
    MAX_OPCODES,
    MAX_TEXT,
    WINDOW,
    Budget,
    PickleMachine,
    TensorFlowPickleError,
)
from installation.checkpoints.pickle_records import KNOWN, Bag, Name, Persistent, RefusedPickleError, Span

PROTO = b"\x80\x04"
NAMES = {"things.pair": lambda *given: ("made", *given), "things.word": None, "things.old": lambda *given: ("old", *given)}


def machine(content, budget=None, at=0, before=b"", behind=b"", **given):
    """Over ``content``, which lies in the middle of a file."""
    file = io.BytesIO(before + content + behind)
    return PickleMachine(Span(file, len(before), len(content)), NAMES, budget or Budget(), at, **given)


def loaded(content, **given):
    return machine(content, **given).load()


def refused(content, reason, **given):
    with pytest.raises(RefusedPickleError, match=reason):
        loaded(content, **given)


def plain(value):
    """With the bytes read that were left in the file, and the members of what only says that it was a set."""
    if isinstance(value, Span):
        return bytes(value.read())
    if isinstance(value, list | tuple):
        return type(value)(plain(one) for one in value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value


VALUES = {
    "numbers": [0, 1, 255, 256, 65535, 65536, -1, -256, 2**31 - 1, -(2**31), 2**31, -(2**62), 2**200, -(2**300)],
    "fractions": [0.0, -0.5, 1e300, 3.141592653589793],
    "constants": [None, True, False],
    "words": ["", "a", "ß", "x" * 255, "y" * 256, "z" * 70_000],
    "bytes": [b"", b"ab", b"x" * 255, b"y" * 256, b"z" * 70_000, bytearray(b"array"), bytearray(70_000)],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((1, (2, ())), [3])],
    "lists": [[], [1], [[], [[]]], list(range(2500))],
    "mappings": [{}, {"a": 1}, {1: "one", "two": 2}, {str(k): k for k in range(2500)}, {"a": {"b": {"c": [1]}}}],
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("kind", VALUES)
def test_plain_values_are_what_python_reads(kind, protocol):
    if kind == "bytes" and protocol < 3:
        pytest.skip("protocol 2 writes bytes as a call")
    for value in VALUES[kind]:
        if isinstance(value, bytearray) and protocol < 5:
            continue
        content = pickle.dumps(value, protocol)
        assert plain(loaded(content)) == plain(pickle.loads(content))
    assert plain(loaded(pickle.dumps(VALUES[kind], 5))) == VALUES[kind]


def anything(rng, depth=0):
    """A plain value, with others in it."""

    def some(most=6):
        return [anything(rng, depth + 1) for _ in range(rng.randrange(most))]

    kinds = [
        lambda: rng.choice([-1, 1]) * rng.randrange(2 ** rng.randrange(1, 400)),
        lambda: "".join(chr(rng.randrange(32, 1000)) for _ in range(rng.randrange(300))),
        lambda: rng.uniform(-1e9, 1e9),
        lambda: rng.choice([None, True, False]),
        *(2 * [some, lambda: tuple(some()), lambda: {rng.choice([str, int])(rng.randrange(99)): one for one in some()}]),
    ]
    return rng.choice(kinds if depth < 4 else kinds[:4])()


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_nested_comes_back(seed):
    rng = random.Random(seed)
    value = [anything(rng) for _ in range(20)]
    for protocol in (2, 4):
        content = pickle.dumps(value, protocol)
        assert loaded(content) == value
        assert loaded(pickletools.optimize(content)) == value


def test_what_is_shared_stays_shared():
    one = ["shared"]
    for protocol in (2, 4):
        value = loaded(pickle.dumps([one, one, {"a": one}, [[k] for k in range(400)]], protocol))
        assert value[0] is value[1] is value[2]["a"]
    assert loaded(PROTO + b"]q\x05r\x10\x01\0\0h\x05j\x10\x01\0\0\x86.") == ([], [])
    assert loaded(PROTO + b"K\x07\x94K\x08\x94h\0h\x01\x86.") == (7, 8)


def test_one_pickle_after_the_other_and_what_lies_around_them_is_left_alone():
    first, second = pickle.dumps({"a": "x" * 9000}, 4), pickle.dumps([1, 2], 4)
    one = machine(first + second, before=b"before", behind=b".behind")
    assert one.load() == {"a": "x" * 9000} and one.at == len(first)
    two = machine(first + second, at=one.at, before=b"before", behind=b".behind")
    assert two.load() == [1, 2] and two.at == len(first) + len(second)


def test_bytes_stay_in_the_file():
    machine_ = machine(PROTO + b"C\x05hello.", before=b"1234")
    span = machine_.load()
    assert isinstance(span, Span) and (span.start, span.length) == (4 + 4, 5) and bytes(span.read()) == b"hello"


@pytest.mark.parametrize("length", [WINDOW - 3, WINDOW - 2, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW])
def test_reading_goes_on_across_the_window(length):
    value = ["a" * length, 123456, "b" * 300, b"c" * 10, 7]
    assert plain(loaded(pickle.dumps(value, 4))) == value


class Counting(io.BytesIO):
    """A file that counts how often it is read."""

    reads = 0

    def readinto(self, buffer):
        self.reads += 1
        return super().readinto(buffer)


def test_many_small_steps_are_read_from_the_file_a_window_at_a_time():
    content = b"](" + b"K\x01" * (10 * WINDOW) + b"e."
    file = Counting(content)
    assert PickleMachine(Span(file, 0, len(content)), {}, Budget()).load() == [1] * (10 * WINDOW)
    assert file.reads <= len(content) // WINDOW + 2


def test_by_itself_it_begins_at_the_first_byte():
    assert PickleMachine(Span(io.BytesIO(b"K\x07."), 0, 3), {}, Budget()).load() == 7


def test_a_name_ends_at_the_line_and_nowhere_else():
    assert loaded(b"V\x01\x09\x0b\x7f\n.") == "\x01\x09\x0b\x7f"


def test_a_set_is_an_empty_bag_and_takes_what_belongs_to_one():
    assert isinstance(loaded(pickle.dumps({1, 2}, 4)), Bag)
    assert isinstance(loaded(pickle.dumps(frozenset((1, 2)), 4)), Bag)
    refused(PROTO + b"](K\x01\x90.", "damaged")


def test_steps_are_counted_to_the_last():
    assert loaded(b"N0" * 4 + b"N.", budget=Budget(opcodes=10)) is None
    refused(b"N0" * 4 + b"N.", f"more than {MAX_OPCODES:,} steps", budget=Budget(opcodes=9))


def test_text_is_counted_to_the_last_letter_over_all_pickles_of_a_file():
    budget = Budget(text=10)
    assert loaded(b"\x8c\x04four.", budget=budget) == "four"
    assert loaded(b"X\x06\0\0\0sixsix.", budget=budget) == "sixsix"
    refused(b"\x8c\x01x.", f"more than {MAX_TEXT:,} letters", budget=budget)


def test_a_whole_number_has_so_many_bytes_and_no_more():
    most = (1 << (8 * MAX_LONG - 1)) - 1
    assert loaded(pickle.dumps(most, 4)) == most
    refused(b"\x8b" + struct.pack("<i", MAX_LONG + 1) + b"\1" * (MAX_LONG + 1) + b".", f"number of {MAX_LONG + 1} bytes")
    refused(b"\x8b" + struct.pack("<i", -1) + b".", "number of -1 bytes")
    assert loaded(b"\x8b\0\0\0\0.") == 0


def test_a_name_has_so_many_letters_and_no_more():
    assert loaded(b"V" + b"x" * 200 + b"\n.") == "x" * 200
    refused(b"V" + b"x" * 201 + b"\n.", "more than 200 letters")


@pytest.mark.parametrize("missing", range(1, 12))
def test_every_cut_is_one(missing):
    content = pickle.dumps(["word", 70_000, 1.5, (1, 2)], 4)
    refused(content[:-missing], "cut off|damaged")


@pytest.mark.parametrize(
    ("content", "claimed", "left"),
    [
        (b"\x8c\x09word.", 9, 5),
        (b"X\x06\0\0\0word.", 6, 5),
        (b"C\x06word.", 6, 5),
        (b"B\x10\0\0\0word.", 16, 5),
        (b"G\0\0", 8, 2),
        (b"", 1, 0),
    ],
)
def test_what_is_claimed_and_what_is_there_are_told(content, claimed, left):
    refused(content, f"{claimed} bytes are claimed where {left} are left")


@pytest.mark.parametrize(
    "content",
    [b".", b"\x85.", b"K\x01\x86.", b"K\x01K\x02\x87.", b"K\x01a.", b"K\x01K\x02a.", b"(t(.", b"e.", b"u.", b"}(K\x01u.", b"](K\x01K\x02u.",
     b"0.", b"2.", b"q\0.", b"Q.", b"1.", b"]K\x01(t", b"K\x05K\x01K\x02s."],
)  # fmt: skip
def test_a_stack_that_does_not_hold_what_is_asked_for_is_damage(content):
    refused(content, "damaged|cut off|outside")


def test_keys_are_words_and_numbers():
    assert loaded(b"}K\x01K\x02s\x8c\x01aK\x03s.") == {1: 2, "a": 3}
    for key in (b"N", b"G" + bytes(8), b")", b"C\x01x"):
        refused(b"}" + key + b"K\x02s.", "keys are not plain words or numbers")


@pytest.mark.parametrize("opcode", [b"F1.0\n", b"I1\n", b"L1L\n", b"S'a'\n", b"P1\n", b"o", b"\x82\x01", b"\x92", b"\x97", b"\xff", b"\0"])
def test_what_no_network_needs_is_refused_by_its_number(opcode):
    refused(opcode + b".", "uses opcode or memo")
    refused(b"h\x07.", "uses opcode or memo 7")
    refused(b"j\x07\x01\0\0.", "uses opcode or memo 263")


def test_only_a_name_of_the_list_is_called_and_by_what_stands_beside_it():
    assert loaded(b"cthings\npair\n(K\x01K\x02tR.") == ("made", 1, 2)
    assert loaded(b"\x8c\x06things\x8c\x04pair\x93K\x01\x85R.") == ("made", 1)
    assert loaded(b"cthings\npair\n)\x81.") == ("made",)
    assert loaded(b"cthings\nword\n.") == Name("things.word")
    refused(b"cthings\nword\n)R.", "calls 'things.word', which is only a word here")
    refused(b"cthings\npair\nK\x01\x85\x81.", "makes an object with arguments")
    refused(b"cthings\nother\n.", "asks for 'things.other', which is not on the list of harmless names")
    refused(b"cposix\nsystem\n.", r"asks for 'posix\.system'")
    refused(b"cthings\npair\n]R.", "calls something that is not a name")
    refused(b"])R.", "calls something that is not a name")
    refused(b"K\x01K\x02\x93.", "something without a name")
    refused(b"\x8c\x06thingsK\x02\x93.", "something without a name")
    assert loaded(b"ithings\nold\n.") == Name("things.old")  # never called


def test_tensorflow_is_told_apart():
    with pytest.raises(TensorFlowPickleError, match=r"names 'dnnlib\.tflib\.network\.Network'"):
        loaded(b"cdnnlib.tflib.network\nNetwork\n.")
    with pytest.raises(RefusedPickleError) as caught:
        loaded(b"cdnnlib\nEasyDict\n.")
    assert not isinstance(caught.value, TensorFlowPickleError)


def test_what_lies_outside_is_asked_for_only_where_there_is_an_outside():
    assert loaded(b"K\x09Q.", outside=lambda id: ("outside", id)) == ("outside", 9)
    refused(b"K\x09Q.", "refers to something outside of the file")


def test_what_is_on_top_is_doubled_remembered_and_added_to_however_much_lies_beneath():
    assert loaded(b"(K\x01K\x02K\x032t.") == (1, 2, 3, 3)
    assert loaded(b"(K\x01K\x02K\x03q\x00K\x04h\x00t.") == (1, 2, 3, 4, 3)
    assert loaded(b"(K\x01K\x02]K\x03at.") == (1, 2, [3])
    assert loaded(b"(K\x01K\x02](K\x03K\x04et.") == (1, 2, [3, 4])
    assert loaded(b"(K\x01K\x02}K\x03K\x04st.") == (1, 2, {3: 4})
    assert loaded(b"(K\x01K\x02K\x03K\x04K\x05\x87t.") == (1, 2, (3, 4, 5))
    assert loaded(b"(K\x01K\x02K\x030t.") == (1, 2)
    assert loaded(b"K\x01(K\x02K\x031.") == 1  # down to the mark, and what was put there is gone


def test_a_state_goes_to_what_lies_beneath_it():
    names = {"numpy.dtype": KNOWN["numpy.dtype"], "kept": None}
    given = b"(K\x01cnumpy\ndtype\n(X\x02\0\0\0f4tR"
    state = b"(K\x03X\x01\0\0\0>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    file = io.BytesIO(given + state + b"K\x09t.")
    one, kind, nine = PickleMachine(Span(file, 0, len(file.getvalue())), names, Budget()).load()
    assert (one, nine) == (1, 9) and kind.dtype == np.dtype(">f4")
    assert loaded(b"(K\x01}K\x02K\x03s}bK\x09t.") == (1, {2: 3}, 9)  # attributes of a mapping are none of its items
    refused(b"(K\x01K\x02Nbt.", "a state for something that takes none")
    refused(b"(}K\x02Nbt.", "a state for something that takes none")


def test_a_module_may_have_no_state_beyond_the_one_it_was_made_with():
    names = {"torch_utils.persistence._reconstruct_persistent_obj": KNOWN["torch_utils.persistence._reconstruct_persistent_obj"]}
    meta = {"type": "class", "class_name": "Generator", "state": {"a": 1}}
    made = b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n" + pickle.dumps(meta, 2)[2:-1] + b"\x85R"
    for content, reason in ((b"(K\x01K\x02" + made + b"NbK\x09t.", ""), (b"(K\x01K\x02" + made + b"}bK\x09t.", "takes none")):
        reader = PickleMachine(Span(io.BytesIO(content), 0, len(content)), names, Budget())
        if reason:
            with pytest.raises(RefusedPickleError, match=reason):
                reader.load()
        else:
            assert reader.load() == (1, 2, Persistent("Generator", {"a": 1}), 9)
