"""Hostile and damaged pickles: refused with the reason, nothing run, memory bounded."""

import builtins
import collections
import contextlib
import io
import os
import pickle
import random
import struct
import tracemalloc
import warnings

import numpy as np
import pytest
import torch

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.nvlabs_pickle import read_pickle
from installation.checkpoints.pickle_machine import MAX_OPCODES
from tests.checkpoints.support_nvlabs import EasyDict, stylegan2, stylegan3, write_pickle

MEGABYTE = 1_000_000


class Call:
    """Pickles as a call of ``function(*arguments)``."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.fixture
def small():
    torch.manual_seed(0)
    return stylegan2(8, z_dim=4, w_dim=4, mapping_layers=2, channel_max=4)


@pytest.fixture
def flag(tmp_path):
    """A file that must not come into being."""
    yield tmp_path / "flag"
    assert not (tmp_path / "flag").exists()


def refused(path, content, reason):
    """The file of ``content`` is refused with ``reason``, in less than 200 MB."""
    path = path / "hostile.pkl"
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol=4))
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=rf"hostile\.pkl: .*{reason}") as caught:
            read_pickle(path)
        assert tracemalloc.get_traced_memory()[1] < 200 * MEGABYTE
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < 600
    return str(caught.value)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_system_call_is_named_and_not_made(protocol, tmp_path, flag):
    content = pickle.dumps(Call(os.system, f"touch {flag}"), protocol=protocol)
    refused(tmp_path, content, r"asks for '(posix|nt)\.system', which is not on the list of harmless names; nothing in it was run")


CALLS = {
    "eval": (Call(eval, "1"), r"builtins\.eval"),
    "exec": (Call(exec, "1"), r"builtins\.exec"),
    "import": (Call(builtins.__import__, "os"), r"builtins\.__import__"),
    "getattr": (Call(getattr, Call(builtins.__import__, "os"), "system"), r"builtins\.getattr"),
    "open": (Call(open, "flag", "w"), r"io\.open"),
    "hub": (Call(torch.hub.load, "a/b", "c"), r"torch\.hub\.load"),
    "torch.load": (Call(torch.load, "file"), r"torch\.serialization\.load"),
    "numpy objects": (np.array([Call(os.system, "true")], dtype=object), r"no plain number; arrays of objects are not read"),
    "numpy records": (np.zeros(2, dtype=[("a", "f4")]), r"a numpy type 'V4' that is no plain number"),
}


@pytest.mark.parametrize(("call", "reason"), CALLS.values(), ids=CALLS)
def test_other_names_are_refused_wherever_they_stand(call, reason, small, tmp_path):
    refused(tmp_path, {"G_ema": call}, reason)
    refused(tmp_path, write_pickle(tmp_path / "whole.pkl", small, augment_pipe=call).read_bytes(), reason)


def nested_storage(content: bytes) -> bytes:
    """A tensor whose storage is ``content``."""
    return pickle.dumps({"G_ema": Call(torch.storage._load_from_bytes, content)}, protocol=4)


def stored(count: int, numbers: bytes, claim: int | None = None) -> bytes:
    """What torch.save writes for ``count`` floats, with other numbers and another claim behind it."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # typed storages are what the format holds
        torch.save(torch.zeros(3).storage(), file, _use_new_zipfile_serialization=False)
    head = file.getvalue()[:-20]
    assert head.count(b"cpuq\x03K\x03") == 1
    head = head.replace(b"cpuq\x03K\x03", b"cpuq\x03\x8a\x08" + struct.pack("<q", count))
    return head + struct.pack("<q", count if claim is None else claim) + numbers


def test_a_hostile_pickle_inside_of_a_storage(tmp_path, flag):
    refused(tmp_path, nested_storage(pickle.dumps(Call(os.system, f"touch {flag}"))), r"system")
    file = io.BytesIO()
    torch.save({"a": torch.zeros(2)}, file)
    refused(tmp_path, nested_storage(file.getvalue()), "opcode|damaged|torch.save")
    refused(tmp_path, nested_storage(b""), "cut off")


def test_fifty_gigabytes_in_a_kilobyte(tmp_path):
    claim = nested_storage(stored(12_500_000_000, b"\0" * 12))
    refused(tmp_path, claim, r"claims 12,500,000,000 numbers of 4 bytes where 12 bytes are present")
    refused(tmp_path, nested_storage(stored(-1, b"\0" * 12)), r"claims -1 numbers")
    refused(tmp_path, nested_storage(stored(3, b"\0" * 12, claim=50 << 30)), r"states two different sizes")
    for opcode in (b"\x8e", b"\x96", b"\x8d"):
        content = b"\x80\x04" + opcode + struct.pack("<Q", 50 << 30) + b"x" * 900
        refused(tmp_path, content, r"is cut off: 53,687,091,200 bytes are claimed where 900")


SHAPES = [((100_000, 100_000), (0, 0)), ((4,), (1,)), ((2, 2), (2, 2)), ((3,), (-1,)), ((2**62, 4), (1, 1)), ((1,) * 9, (1,) * 9)]


@pytest.mark.parametrize(("shape", "stride"), SHAPES)
def test_a_tensor_larger_than_its_storage(shape, stride, tmp_path):
    storage = Call(torch.storage._load_from_bytes, stored(3, b"\0" * 12))
    refused(tmp_path, {"G_ema": Call(torch._utils._rebuild_tensor_v2, storage, 0, shape, stride, False, {})}, "tensor")


def test_tensors_that_share_one_storage_again_and_again(small, tmp_path):
    large = torch.zeros(100_000)
    for k in range(60):
        small.synthesis.b4.register_buffer(f"again{k}", large)
    refused(tmp_path, write_pickle(tmp_path / "whole.pkl", small).read_bytes(), r"its tensors claim [\d,]+ bytes, the file has")


def test_bombs_of_shared_and_deep_nests(small, tmp_path):
    laughs: object = ("ha",) * 10
    for _ in range(60):
        laughs = (laughs,) * 10
    assert read_pickle(write_pickle(tmp_path / "carried.pkl", small, training_set_kwargs={"a": laughs})).size == 8
    refused(tmp_path, {"G_ema": laughs}, "no averaged generator")
    # Hashing such a nest, to make it a key, would take for ever.
    refused(tmp_path, b"\x80\x04})" + b"2\x86" * 200 + b"K\0s.", "keys are not plain words")
    refused(tmp_path, b"\x80\x04" + b"]" * 30_000 + b"a" * 29_999 + b".", "no averaged generator")
    refused(tmp_path, b"\x80\x04" + b"(" * 30_000 + b"t" * 30_000 + b".", "no averaged generator")


def test_endless_work_endless_text_endless_numbers(tmp_path):
    refused(tmp_path, b"\x80\x04" + b"}" * (MAX_OPCODES + 1) + b".", "steps to read")
    text = b"X" + struct.pack("<I", 9 * MEGABYTE) + b"x" * (9 * MEGABYTE) + b"0"
    refused(tmp_path, b"\x80\x04" + text * 2 + b".", "letters of text")
    refused(tmp_path, b"\x80\x04\x8b" + struct.pack("<i", 500_000) + b"\1" * 500_000 + b".", "whole number of 500,000 bytes")
    refused(tmp_path, b"\x80\x04cc" + b"o" * 5000, "more than 200 letters")


def word(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


def test_modules_that_hold_one_another(tmp_path):
    meta = b"}(" + word("type") + word("class") + word("class_name") + word("Generator") + word("state")
    meta += b"}" + word("_modules") + b"}\x94su"
    module = b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n" + meta + b"\x85R\x940"
    # The module becomes its own child, twice.
    itself = b"h\0" + word("a") + b"h\1s" + word("b") + b"h\1s0"
    refused(tmp_path, b"\x80\x04" + module + itself + b"}" + word("G_ema") + b"h\1s.", "one within another more than 8 times")


def test_names_out_of_a_file_give_a_terminal_no_orders(small, tmp_path):
    small.synthesis._buffers["\x1b[2J"] = 3
    message = refused(tmp_path, write_pickle(tmp_path / "whole.pkl", small).read_bytes(), "is no tensor")
    assert message.isprintable()
    assert refused(tmp_path, b"\x80\x04c\x1b[2J\n\x1b[1m\n.", "harmless names").isprintable()


def test_far_more_parts_than_a_network_has(small, tmp_path):
    for k in range(5000):
        small.synthesis._modules[f"m{k}"] = small.mapping
    refused(tmp_path, write_pickle(tmp_path / "whole.pkl", small).read_bytes(), "far more parts")


TENSORFLOW = ["dnnlib.tflib.network.Network", "tfutil.Network", "tensorflow.python.framework.ops.Tensor"]


@pytest.mark.parametrize("name", TENSORFLOW)
def test_tensorflow_pickles_are_named_with_their_converter(name, tmp_path):
    module, _, short = name.rpartition(".")
    content = b"\x80\x02c" + module.encode() + b"\n" + short.encode() + b"\n)\x81."
    message = refused(tmp_path, content, "a TensorFlow pickle")
    assert name in message and "python legacy.py --source old.pkl --dest new.pkl" in message


def test_files_of_another_kind(small, tmp_path):
    torch.save({"a": torch.zeros(2)}, tmp_path / "a.pt")
    refused(tmp_path, (tmp_path / "a.pt").read_bytes(), r"rename it to \.pt")
    refused(tmp_path, b"", "an empty file")
    refused(tmp_path, b"<!DOCTYPE html><html>sign in</html>", "opcode|damaged|cut off")
    refused(tmp_path, {"G": small.mapping.z_dim}, "no averaged generator 'G_ema'")
    refused(tmp_path, [1, 2], "no averaged generator")
    with pytest.raises(CheckpointError, match=r"none\.pkl: no such model file"):
        read_pickle(tmp_path / "none.pkl")
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_pickle(tmp_path)


def test_a_truncated_file(small, tmp_path):
    content = write_pickle(tmp_path / "whole.pkl", small).read_bytes()
    for share in (0.01, 0.3, 0.6, 0.9, 0.999):
        refused(tmp_path, content[: int(len(content) * share)], "is cut off.*fetch it again|damaged")


def test_damaged_files_never_end_in_anything_but_a_refusal(small, tmp_path):
    flips = random.Random(0)
    other = stylegan3(16, "R", z_dim=4, w_dim=4, channel_max=4, num_layers=4, num_critical=1, c_dim=2)
    for written in (small, other):
        content = write_pickle(tmp_path / "whole.pkl", written).read_bytes()
        for _ in range(100):
            damaged = bytearray(content)
            for _ in range(flips.choice([1, 1, 3])):
                place = flips.randrange(len(damaged))
                match flips.randrange(3):
                    case 0:
                        damaged[place] = flips.randrange(256)
                    case 1:
                        del damaged[place : place + flips.randrange(1, 20)]
                    case 2:
                        damaged[place:place] = flips.randbytes(3)
            (tmp_path / "damaged.pkl").write_bytes(damaged)
            with contextlib.suppress(CheckpointError):
                read_pickle(tmp_path / "damaged.pkl")


def test_the_harmless_extras_of_real_files_are_read(small, tmp_path):
    extras = {
        "options": collections.OrderedDict(a=1, b=[2.5, None, True]),
        "easy": EasyDict(path="faces.zip", size=torch.Size([3, 64])),
        "numbers": np.arange(6, dtype=">i4").reshape(2, 3),
        "scalar": np.float32(0.5),
        "device": torch.device("cpu"),
        "words": {"a", "b"},
        "tensor": torch.zeros(3, dtype=torch.bfloat16),
        "half": torch.zeros(2, dtype=torch.float16).expand(1, 2),
    }
    for protocol in (3, 4, 5):
        assert read_pickle(write_pickle(tmp_path / "g.pkl", small, protocol, training_set_kwargs=extras)).size == 8
