"""Checkpoints of ``torch.save``: what is in them is found where it lies, and whatever a file claims is held against it."""

import argparse
import pathlib
import struct
import zipfile

import pytest
import torch

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.torch_file import LEGACY_START, MAX_DIRECTORY, MAX_PICKLE, TYPES, ZIP_START, read_legacy, read_zip
from tests.checkpoints.test_checkpoints_hostile import Claimed, entry_of, pickled

ONE = pickled({"a": Claimed(16, (16,), (1,))})  # a tensor of 64 bytes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.pt"


def archive(path, data=ONE, members=None):
    """As ``torch.save`` writes it; without members with the 64 bytes of one storage."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", data)
        file.writestr("archive/version", b"3\n")
        for name, content in ({"archive/data/0": bytes(range(64))} if members is None else members).items():
            file.writestr(name, content)
    return path


def refused(path, reason, read=read_zip):
    with pytest.raises(CheckpointError, match=reason) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")


def patched(path, at, form, *values):
    whole = bytearray(path.read_bytes())
    struct.pack_into(form, whole, at, *values)
    path.write_bytes(whole)


def some_tensors():
    large = torch.arange(600).reshape(20, 30)
    found = {f"of {dtype}": (large % 2 if dtype is torch.bool else large % 100).to(dtype) for dtype in TYPES}
    return found | {
        "a view": large.float()[3:7],
        "turned": large.float().t(),
        "every other": large.float()[::2, 1::3],
        "one number": torch.tensor(3.5),
        "nothing": torch.zeros(0, 4),
    }


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_every_plain_tensor_comes_back_as_float32_or_int64(path, new):
    tensors = some_tensors()
    torch.save(tensors, path, _use_new_zipfile_serialization=new)
    file = (read_zip if new else read_legacy)(path)
    assert path.read_bytes().startswith(ZIP_START if new else LEGACY_START)
    for name, value in tensors.items():
        assert file.holds(file.root[name])
        stored = file.stored(file.root[name], name)
        assert stored.shape == tuple(value.shape)
        read = stored.read()
        assert read.dtype == (torch.float32 if value.is_floating_point() else torch.int64)
        assert torch.equal(read, value.to(read.dtype)), name


def test_a_zip_takes_no_memory_for_its_numbers_and_the_older_format_all(path):
    torch.save({"a": torch.ones(1000)}, path)
    assert read_zip(path).root["a"].is_meta
    torch.save({"a": torch.ones(1000)}, path, _use_new_zipfile_serialization=False)
    assert not read_legacy(path).root["a"].is_meta


def test_views_of_one_storage_share_its_bytes(path):
    large = torch.arange(100.0)
    torch.save({"a": large[:10], "b": large[90:], "c": large[95:].reshape(5, 1)}, path)
    file = read_zip(path)
    assert len(file.records) < 10
    assert [file.stored(file.root[name], name).read().flatten()[0].item() for name in "abc"] == [0, 90, 95]


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_options_of_a_training_run_are_read_besides(path, new):
    options = argparse.Namespace(exp_dir=pathlib.PosixPath("runs/one"), lr=0.1, words=["a"])
    torch.save({"opts": options, "a": torch.zeros(2)}, path, _use_new_zipfile_serialization=new)
    root = (read_zip if new else read_legacy)(path).root
    assert root["opts"].lr == 0.1 and str(root["opts"].exp_dir) == "runs/one"


def test_what_is_no_plain_tensor_is_told(path):
    odd = {"complex": torch.zeros(2, dtype=torch.complex64), "a word": "word", "many": torch.zeros(1).expand(1000)}
    torch.save({"a": torch.zeros(2)}, path)
    file = read_zip(path)
    assert not file.holds("word") and file.holds(odd["complex"])
    for name, reason in (
        ("a word", "a word is no tensor"),
        ("complex", "complex is a torch.strided tensor of torch.complex64, plain numbers are needed"),
        ("many", "many claims 1,000 numbers and stores 1"),
    ):
        with pytest.raises(CheckpointError, match=reason):
            file.stored(odd[name], name)
    with pytest.raises(CheckpointError, match="plain numbers are needed"):
        file.stored(torch.zeros(2, 2).to_sparse(), "sparse")


@pytest.mark.parametrize(
    ("numbers", "first", "whole"),
    [(16, 0, True), (15, 1, True), (16, 1, False), (17, 0, False), (15, 3, False), (14, 3, False), (13, 3, True)],
)
def test_a_tensor_lies_within_its_storage_to_the_last_number(path, numbers, first, whole):
    class Part(Claimed):
        def __init__(self):
            super().__init__(16, (numbers,), (1,))
            self.args = (self.args[0], first, *self.args[2:])

    archive(path, pickled({"a": Part()}))
    try:
        file = read_zip(path)
    except CheckpointError:  # torch itself has seen it
        assert not whole
        return
    if whole:
        expected = torch.frombuffer(bytearray(range(64)), dtype=torch.float32)[first:]
        assert torch.equal(file.stored(file.root["a"], "a").read(), expected)
    else:
        with pytest.raises(CheckpointError, match="bytes, which the file does not hold"):
            file.stored(file.root["a"], "a")


def test_a_tensor_of_another_file_is_not_found_in_this_one(path, tmp_path):
    torch.save({"a": torch.ones(10)}, path)
    torch.save({"filling": torch.ones(999), "b": torch.ones(10)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="b claims 40 bytes, which the file does not hold"):
        read_zip(path).stored(read_zip(tmp_path / "other.pt").root["b"], "b")


@pytest.mark.parametrize(("held", "whole"), [(64, True), (63, False), (65, True)])
def test_a_storage_has_the_bytes_that_the_pickle_claims(path, held, whole):
    archive(path, members={"archive/data/0": bytes(held)})
    if whole:
        assert set(read_zip(path).root) == {"a"}
    else:
        refused(path, "its storage '0' claims 64 bytes and has 63")


def test_a_storage_that_is_not_there_was_cut_off(path):
    archive(path, members={})
    refused(path, "its storage '0' is missing; it was cut off")


BESIDES = {
    "byteorder": b"little",
    ".data/serialization_id": b"0123",
    ".format_version": b"1",
    ".storage_alignment": b"64",
    "data/1": b"",
    "data/999999999": b"",
}


@pytest.mark.parametrize("name", BESIDES)
def test_what_torch_writes_besides_is_welcome(path, name):
    archive(path, members={"archive/data/0": bytes(64), f"archive/{name}": BESIDES[name]})
    assert set(read_zip(path).root) == {"a"}


LONG = "data/" + 21 * "1"  # one digit more than an address in memory has: that is what old versions call a storage by


@pytest.mark.parametrize(
    "name", [LONG, "data/", "data/a", "versions", "data.pkl.exe", "a/version", "extra/data/1", "../version", "code.py"]
)
def test_what_torch_does_not_write_is_not(path, name):
    archive(path, members={"archive/data/0": bytes(64), f"archive/{name}": b""})
    refused(path, "does not belong into a checkpoint of weights")


@pytest.mark.parametrize("name", ["code/__torch__/model.py", "constants.pkl"])
def test_a_torchscript_program_is_named(path, name):
    archive(path, members={f"archive/{name}": b""})
    refused(path, "is a TorchScript program, which would have to be run")


def test_another_archive_says_what_it_holds(path):
    with zipfile.ZipFile(path, "w") as file:
        for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
            file.writestr(name, b"")
    refused(path, r"a zip archive of something else \(it holds 'a\.jpg', 'b\.jpg', 'c\.jpg'\)")
    with zipfile.ZipFile(path, "w"):
        pass
    refused(path, r"it holds nothing")


def test_numbers_of_a_big_endian_machine_are_refused(path):
    archive(path, members={"archive/data/0": bytes(64), "archive/byteorder": b"big"})
    refused(path, "written on a big-endian machine")


@pytest.mark.parametrize(
    ("field", "form", "value"),
    [(8, "<H", 1), (10, "<H", 8), (10, "<H", 1), (20, "<I", 63), (24, "<I", 63)],
    ids=["encrypted", "deflated", "shrunk", "packed smaller", "unpacked smaller"],
)
def test_a_member_is_stored_as_it_is(path, field, form, value):
    archive(path)
    patched(path, entry_of(path.read_bytes(), b"archive/data/0") + field, form, value)
    refused(path, "is packed, which torch.save does not do")


def test_a_member_may_end_where_the_file_does_and_not_beyond(path):
    archive(path)
    size, entry = path.stat().st_size, entry_of(path.read_bytes(), b"archive/data/0")
    begins = path.read_bytes().index(bytes(range(64)))
    patched(path, entry + 20, "<II", size - begins, size - begins)  # up to the last byte of the table of contents itself
    assert set(read_zip(path).root) == {"a"}
    patched(path, entry + 20, "<II", size - begins + 1, size - begins + 1)
    refused(path, rf"'archive/data/0' claims {size - begins + 1} bytes, which the file of {size:,} does not hold")


@pytest.mark.parametrize(("inside", "whole"), [(None, True), (0, False), (7, False), (33, False)])
def test_no_member_begins_before_the_one_before_has_ended(path, inside, whole):
    """Two members that share their bytes would let a small file hold as much as it likes. ``inside``: where the second begins in the
    numbers of the first, which hold a member's head there."""
    numbers = bytearray(64)
    head = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0, 0, 1, 1, 0, 0)
    if inside is not None:
        numbers[inside : inside + len(head)] = head
    archive(path, members={"archive/data/0": bytes(numbers), "archive/data/1": b"1"})
    if inside is not None:
        data = path.read_bytes()
        patched(path, entry_of(data, b"archive/data/1") + 42, "<I", data.index(head[:4] + head[4:], data.index(b"archive/data/0")))
    if whole:
        assert set(read_zip(path).root) == {"a"}
    else:
        refused(path, "'archive/data/1' claims 1 bytes, which the file of .* does not hold")


@pytest.mark.parametrize("short", [1, 21, 22, 23, 60])
def test_a_file_without_its_end_was_cut_off(path, short):
    archive(path)
    path.write_bytes(path.read_bytes()[:-short])
    refused(path, "its end is missing; it was cut off")


def test_nothing_may_lie_behind_the_end(path):
    archive(path)
    path.write_bytes(path.read_bytes() + b"\0")
    refused(path, "its end is missing")


@pytest.mark.parametrize(("claim", "whole"), [(MAX_DIRECTORY + 1, False), (0xFFFFFFFE, False)])
def test_a_table_of_contents_is_small(path, claim, whole):
    archive(path)
    patched(path, path.stat().st_size - 10, "<I", claim)
    refused(path, rf"its table of contents claims {claim:,} bytes")


@pytest.mark.parametrize(("claim", "told"), [(MAX_DIRECTORY + 1, MAX_DIRECTORY + 1), (10**15, 10**15)])
def test_that_of_a_large_archive_as_well(path, claim, told):
    """Zip64: the length stands in a record of its own, to which a locator before the end points."""
    archive(path)
    whole = path.read_bytes()
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 3, 3, claim, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, len(whole) - 22, 1)
    end = whole[-22:-10] + struct.pack("<I", 0xFFFFFFFF) + whole[-6:]
    path.write_bytes(whole[:-22] + record + locator + end)
    refused(path, rf"its table of contents claims {told:,} bytes|claims {0x7FFFFFFF:,} bytes")


@pytest.mark.parametrize(("size", "whole"), [(MAX_PICKLE, True), (MAX_PICKLE + 1, False)])
@pytest.mark.parametrize("member", ["archive/.format_version", "archive/data.pkl"])
def test_everything_but_numbers_is_small(path, member, size, whole):
    filled = b"\x80\x02}X" + struct.pack("<I", size - 12) + b"x" * (size - 12) + b"K\x01s."
    data = filled if member.endswith("pkl") else pickled({})
    members = {"archive/data/0": bytes(MAX_PICKLE + 9)} | ({} if member.endswith("pkl") else {member: bytes(size)})
    assert len(filled) == size
    archive(path, data, members)
    if whole:
        read_zip(path)
    else:
        refused(path, rf"its member '{member[8:]}' has {size:,} bytes, more than {MAX_PICKLE:,}")


def test_the_older_format_claims_no_more_than_its_file_has(path):
    torch.save({"a": torch.ones(100), "b": torch.ones(50, dtype=torch.float64)}, path, _use_new_zipfile_serialization=False)
    whole = path.read_bytes()
    assert set(read_legacy(path).root) == {"a", "b"}
    path.write_bytes(whole[:-400])  # both storages, of 400 bytes each, do not lie in it any more
    size = path.stat().st_size
    if size < 800:
        refused(path, rf"it claims 800 bytes of numbers in a file of {size:,}", read_legacy)
    path.write_bytes(whole[:790])
    refused(path, "it claims 800 bytes of numbers in a file of 790", read_legacy)


def test_a_storage_of_the_older_format_counts_once_however_often_it_is_used(path):
    one = torch.ones(1000)
    torch.save({"a": one, "b": one[5:], "c": one[:7]}, path, _use_new_zipfile_serialization=False)
    root = read_legacy(path).root
    assert root["b"].untyped_storage().data_ptr() == root["a"].untyped_storage().data_ptr()


def test_what_does_not_belong_to_weights_is_asked_for_by_name_and_refused(path):
    for new, read in ((True, read_zip), (False, read_legacy)):
        torch.save({"odd": torch.nn.Linear(2, 2)}, path, _use_new_zipfile_serialization=new)
        refused(path, r"not a readable PyTorch checkpoint: it .*save its parameters alone: torch\.save\(model\.state_dict\(\)", read)


def test_damage_is_a_sentence_with_what_to_do(path):
    archive(path, b"\x80\x02}garbage")
    refused(path, r"not a readable PyTorch checkpoint: .*Fetch it again from its source")
    path.write_bytes(LEGACY_START + b"garbage")
    refused(path, r"not a readable PyTorch checkpoint: .*Fetch it again from its source", read_legacy)


def test_what_torch_itself_finds_wrong_is_a_sentence_as_well(path):
    with zipfile.ZipFile(path, "w") as file:  # it asks for a version
        file.writestr("archive/data.pkl", pickled({}))
        file.writestr("archive/data/0", bytes(64))
    refused(path, r"not a readable PyTorch checkpoint: .*version.*Fetch it again from its source")
