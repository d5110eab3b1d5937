"""Hostile and broken model files: each refused with its reason, nothing executed, memory bounded."""

import io
import os
import pickle
import re
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch._utils import _rebuild_tensor_v2

from installation.checkpoints.loading import CheckpointError, load_generator
from installation.networks.stylegan2 import Generator

ROOT = Path(__file__).parents[2]
CHANNELS = {4: 8, 8: 8, 16: 8, 32: 8}
FIFTY_GB = 12_500_000_000  # float32 numbers


def network():
    torch.manual_seed(0)
    return Generator(32, 24, 1, CHANNELS).state_dict()


class Executes:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class Storage:
    def __init__(self, numel, key="0"):
        self.identity = ("storage", torch.FloatStorage, key, "cpu", numel)


class Claimed:
    """A tensor whose storage, shape and stride are what we say."""

    def __init__(self, numel, shape, stride):
        self.args = (Storage(numel), 0, shape, stride, False, OrderedDict())

    def __reduce__(self):
        return _rebuild_tensor_v2, self.args


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        return obj.identity if isinstance(obj, Storage) else None


def pickled(root):
    file = io.BytesIO()
    Pickler(file, 2).dump(root)
    return file.getvalue()


def archive(path, data, members=None, packing=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", packing) as file:
        file.writestr("archive/data.pkl", data)
        for name, content in (members or {"archive/data/0": bytes(64), "archive/version": b"3\n"}).items():
            file.writestr(name, content)


def legacy(path, body):
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
    path.write_bytes(
        magic + pickle.dumps(1001, 2) + pickle.dumps({}, 2) + body + pickle.dumps(["0"], 2) + struct.pack("<q", 16) + bytes(64)
    )


def entry_of(whole, member):
    """Where a member's entry in the table of contents begins."""
    entry = whole.rindex(member) - 46
    assert whole[entry : entry + 4] == b"PK\x01\x02"
    return entry


def overlapping(path):
    """A zip bomb of David Fifield's kind: two members whose bytes are the same ones, so that a small file holds as much as it likes."""
    archive(path, pickled({"a": Claimed(16, (16,), (1,))}), {"archive/data/0": bytes(64), "archive/data/1": bytes(64)})
    whole = bytearray(path.read_bytes())
    first, second = (entry_of(whole, b"archive/data/%d" % i) + 42 for i in (0, 1))  # they say where the members lie
    whole[second : second + 4] = whole[first : first + 4]
    path.write_bytes(whole)


def longer_than_the_file(path, numbers=250_000_000):
    """The last member claims more bytes than there are."""
    archive(path, pickled({"a": Claimed(numbers, (numbers,), (1,))}), {"archive/data/0": bytes(64)})
    whole = bytearray(path.read_bytes())
    struct.pack_into("<II", whole, entry_of(whole, b"archive/data/0") + 20, 4 * numbers, 4 * numbers)
    path.write_bytes(whole)


def tuple_bomb(levels=60):
    """Sixty tuples of two, each holding the one before twice; hashing the last takes 2^60 steps."""
    code = b"\x80\x02}(" + b")" + b"".join(b"q%c" % i + b"h%c" % i + b"\x86" for i in range(levels))
    return code + b"K\x01u."


def list_bomb(steps=3_000_000):
    return b"\x80\x02" + b"}" * steps + b"."


def safetensors(path, header, body=b""):
    path.write_bytes(struct.pack("<Q", len(header)) + header + body)


def build(folder):
    """Every hostile file, and what its refusal must say."""
    said = {}

    def at(name, words):
        said[name] = words
        return folder / name

    trap = f"touch {folder / 'executed'}"
    archive(at("system.pt", r"asks for '(posix|nt)\.system'"), pickled({"g_ema": Executes(trap)}))
    legacy(at("system-legacy.pt", r"asks for '(posix|nt)\.system'"), pickled({"g_ema": Executes(trap)}))
    at("system.pkl", "").write_bytes(pickle.dumps({"G_ema": Executes(trap)}))
    archive(at("tuples.pt", "pickle bomb"), tuple_bomb())
    legacy(at("tuples-legacy.pt", "pickle bomb"), tuple_bomb())
    archive(at("steps.pt", "more than 500000 steps"), list_bomb())
    archive(at("stack.pt", "structure is broken|more from its stack"), b"\x80\x02\x86R.")
    archive(at("opcode.pt", "instruction FRAME"), pickle.dumps({"a": OrderedDict()}, 4))
    archive(at("claim.pt", "claims 50,000,000,000 bytes and has 64"), pickled({"g_ema": {"a": Claimed(FIFTY_GB, (FIFTY_GB,), (1,))}}))
    view = {"g_ema": {"conv1.conv.weight": Claimed(16, (FIFTY_GB,), (0,))}}
    archive(at("view.pt", r"claims 12,500,000,000 numbers and stores 1\b"), pickled(view))
    beyond = {"g_ema": {"conv1.conv.weight": Claimed(16, (16, FIFTY_GB), (FIFTY_GB, 1))}}
    archive(at("beyond.pt", "which the file does not hold|not a readable"), pickled(beyond))
    legacy(at("claim-legacy.pt", "claims 50,000,000,000 bytes"), pickled({"g_ema": {"a": Claimed(FIFTY_GB, (FIFTY_GB,), (1,))}}))
    archive(at("packed.pt", "is packed"), bytes(80_000_000), packing=zipfile.ZIP_DEFLATED)
    archive(at("odd.pt", "does not belong"), pickled({}), {"archive/code/model.py": b"import os"})
    archive(at("twice.pt", "does not belong"), pickled({}), {"archive/data/0": b"", "other/data/0": b""})
    archive(at("lost.pt", "storage '0' is missing"), pickled({"a": Claimed(1, (1,), (1,))}), {"archive/version": b"3"})
    overlapping(at("overlapping.pt", "'archive/data/1' claims 64 bytes, which the file of .* does not hold"))
    longer_than_the_file(at("longer.pt", "'archive/data/0' claims 1,000,000,000 bytes, which the file of .* does not hold"))
    with zipfile.ZipFile(at("photos.pt", "a zip archive of something else"), "w") as file:
        file.writestr("holiday/1.jpg", b"jpg")
    torch.save({"g_ema": network()}, at("whole.pt", ""))
    whole = said.pop("whole.pt") or (folder / "whole.pt").read_bytes()
    at("cut.pt", "cut off").write_bytes(whole[: len(whole) // 2])
    at("cut-short.pt", "cut off|not a readable").write_bytes(whole[:30])
    at("bit.pt", "").write_bytes(whole.replace(b"data.pkl", b"dota.pkl"))
    huge = b'{"a":{"dtype":"F32","shape":[12500000000],"data_offsets":[0,50000000000]}}'
    safetensors(at("claim.safetensors", "does not lie in a file"), huge)
    at("header.safetensors", "header claims 50,000,000,000").write_bytes(struct.pack("<Q", 50_000_000_000) + b'{"a":1}')
    safetensors(at("deep.safetensors", "not a readable model file"), b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}")
    safetensors(at("list.safetensors", "not a readable model file"), b'{"a":[1,2]}')
    at("page.pt", "a web page").write_bytes(b"<!DOCTYPE html><html>Quota exceeded</html>")
    at("pointer.pt", "git lfs pull").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    at("empty.pt", "is empty").write_bytes(b"")
    at("folder.pt", "is a folder").mkdir()
    torch.save([1, 2], at("list.pt", "holds neither"))
    torch.save(torch.zeros(3), at("tensor.pt", "holds neither"))
    return said


READ_ALL = """
import resource, sys
from pathlib import Path
from installation.checkpoints.loading import CheckpointError, load_encoder, load_generator
pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (pages + 700_000_000,) * 2)
for name in sys.argv[2:]:
    for load in (load_generator, load_encoder):
        try:
            load(Path(sys.argv[1], name))
            print(name, "LOADED", sep="|")
        except CheckpointError as err:
            print(name, str(err).replace(chr(10), " "), sep="|")
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads its own size from /proc")
def test_hostile_files_are_refused_within_bounded_memory_and_run_nothing(tmp_path):
    said = build(tmp_path)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    for name in [key for key in environment if key.startswith("MALLOC_")]:
        del environment[name]
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(tmp_path), *said],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [line.split("|", 1) for line in done.stdout.splitlines()]
    assert len(told) == 2 * len(said)
    for name, message in told:
        assert message.startswith(str(tmp_path / name)), f"{name}: the message names the file: {message}"
        assert "Traceback" not in message and len(message) < 600
    generator_side = dict(told[::2])
    for name, words in said.items():
        assert re.search(words, generator_side[name]), f"{name}: {generator_side[name]}"
    assert not (tmp_path / "executed").exists()


def spoiled(change):
    state = network()
    change(state)
    return state


def refusal(path, state, load=load_generator):
    torch.save({"g_ema": state}, path)
    with pytest.raises(CheckpointError) as caught:
        load(path)
    return str(caught.value)


def test_the_first_parameter_that_disagrees_is_named_with_both_shapes(tmp_path):
    message = refusal(tmp_path / "g.pt", spoiled(lambda s: s.update({"convs.1.conv.weight": torch.zeros(1, 8, 7, 3, 3)})))
    assert "convs.1.conv.weight has the shape [1, 8, 7, 3, 3], the layers beside it ask for [1, 8, 8, 3, 3]" in message


def test_what_is_missing_too_many_or_not_finite_is_named(tmp_path):
    assert "to_rgbs.1.bias is missing" in refusal(tmp_path / "g.pt", spoiled(lambda s: s.pop("to_rgbs.1.bias")))
    assert "extra.weight is not known" in refusal(tmp_path / "g.pt", spoiled(lambda s: s.update({"extra.weight": torch.zeros(1)})))
    for number in (float("nan"), float("inf"), -float("inf")):
        message = refusal(tmp_path / "g.pt", spoiled(lambda s, n=number: s["convs.0.activate.bias"].fill_(n)))
        assert "convs.0.activate.bias holds numbers that are not finite" in message


def test_sizes_that_make_no_network_are_refused(tmp_path):
    def without_layer(state):
        for name in [name for name in state if name.startswith("to_rgbs.0")]:
            del state[name]

    assert "layer to_rgbs.0 is missing" in refusal(tmp_path / "g.pt", spoiled(without_layer))
    flat = spoiled(lambda s: s.update({"conv1.conv.weight": torch.zeros(5)}))
    assert "conv1.conv.weight has the shape [5]" in refusal(tmp_path / "g.pt", flat)
    tall = spoiled(lambda s: s.update({f"to_rgbs.{k}.bias": torch.zeros(1) for k in range(3, 40)}))
    assert "convs.6.conv.weight is missing" in refusal(tmp_path / "g.pt", tall)


@pytest.mark.parametrize("new_format", [True, False], ids=["zip", "legacy"])
def test_both_formats_of_torch_load_whatever_they_are_called(new_format, tmp_path):
    state = network()
    path = tmp_path / "model.bin"
    torch.save({"g_ema": state, "latent_avg": torch.ones(24)}, path, _use_new_zipfile_serialization=new_format)
    loaded = load_generator(path)
    assert (loaded.size, loaded.style_dim, loaded.channels) == (32, 24, CHANNELS)
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, state[name]), name
    assert torch.equal(loaded.mapping(torch.randn(3, 24), 0.0), torch.ones(3, 8, 24))


def as_torch_1_6_wrote(path):
    """Each storage is called by where it lay in memory, not by a number counted from nought."""

    def key(number):
        return b"9445236%07d" % int(number)

    with zipfile.ZipFile(path) as file:
        members = {info.filename: file.read(info) for info in file.infolist()}
    counted = [name.rpartition("/")[2].encode() for name in members if "/data/" in name]
    head = next(content for name, content in members.items() if name.endswith("/data.pkl"))
    for number in counted:
        head = head.replace(b"X%s%s" % (struct.pack("<I", len(number)), number), b"X\x0e\0\0\0" + key(number))
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", head)
        for number in counted:
            file.writestr(f"archive/data/{key(number).decode()}", members[f"{path.stem}/data/{number.decode()}"])
        file.writestr("archive/version", b"3\n")


def test_a_file_whose_storages_are_called_by_their_places_in_memory_loads(tmp_path):
    state = network()
    torch.save({"g_ema": state, "latent_avg": torch.ones(24)}, tmp_path / "old.pt")
    as_torch_1_6_wrote(tmp_path / "old.pt")
    assert any("data/9445236" in name for name in zipfile.ZipFile(tmp_path / "old.pt").namelist())
    loaded = load_generator(tmp_path / "old.pt")
    assert all(torch.equal(value, state[name]) for name, value in loaded.state_dict().items())
    assert torch.equal(loaded.mapping(torch.randn(1, 24), 0.0), torch.ones(1, 8, 24))


def test_half_precision_views_and_training_extras_load(tmp_path):
    state = network()
    large = torch.randn(100, 24)
    state["style.1.weight"] = large[10:34]  # a view of a larger storage
    state["conv1.conv.modulation.weight"] = state["conv1.conv.modulation.weight"].t().contiguous().t()  # strided
    half = {name: value.half() if name.startswith("convs") else value for name, value in state.items()}
    torch.save({"g_ema": half, "d": {"final.weight": torch.zeros(3)}, "g_optim": {"state": {0: {"step": 7}}}}, tmp_path / "train.pt")
    loaded = load_generator(tmp_path / "train.pt").state_dict()
    for name, value in loaded.items():
        assert value.dtype == torch.float32 and value.is_contiguous()
        assert torch.allclose(value, state[name], atol=2e-3), name


def test_a_generator_without_its_mean_gets_one_from_its_own_codes(tmp_path):
    torch.save(network(), tmp_path / "plain.pt")
    loaded = load_generator(tmp_path / "plain.pt")
    mean = loaded.mapping(torch.randn(4096, 24, generator=torch.Generator().manual_seed(9))).mean(0)
    spread = loaded.mapping(torch.randn(4096, 24)).std(0)
    assert loaded.latent_avg.shape == (8, 24)
    assert ((loaded.latent_avg - mean).abs() < 0.2 * spread).all()
    assert torch.equal(loaded.latent_avg, load_generator(tmp_path / "plain.pt").latent_avg)


def test_numbers_are_read_and_not_mapped(tmp_path):
    path = tmp_path / "g.pt"
    torch.save({"g_ema": network()}, path)
    loaded = load_generator(path)
    before = loaded.conv1.conv.weight.clone()
    path.write_bytes(bytes(path.stat().st_size))  # overwritten in place, as a careless copy does
    assert torch.equal(loaded.conv1.conv.weight, before)
