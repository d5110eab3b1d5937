"""Packs: what is read, in which order, and what is refused."""

import io
import os
import zipfile

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from installation.training.data.datasets import BatchStream, DatasetError, load_pictures, to_tensor


def encoded(value, mode="RGB"):
    data = io.BytesIO()
    Image.new(mode, (64, 64), value).save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def pack(tmp_path):
    with zipfile.ZipFile(tmp_path / "faces-0.zip", "w") as archive:
        for k in range(6):
            archive.writestr(f"{k}.png", encoded((40 * k, 0, 0)))
        archive.writestr("notes.txt", "not a picture")
    (tmp_path / "labels.csv").write_text("file,split,age\n0.png,val,3-9\n1.png,val,20-29\n2.png,train,20-29\n")
    return tmp_path


def test_splits_follow_the_labels_and_the_rest_trains(pack):
    assert [p.name for p in load_pictures(pack, "val")] == ["0.png", "1.png"]
    assert [p.name for p in load_pictures(pack, "train")] == ["2.png", "3.png", "4.png", "5.png"]
    assert len(load_pictures(pack)) == 6
    assert load_pictures(pack, "val")[1].labels["age"] == "20-29"


def test_alpha_becomes_the_mask(pack):
    half = np.zeros((64, 64, 4), np.uint8)
    half[:32, :, 3] = 255
    images, mask = to_tensor([half])
    assert images.shape == (1, 3, 64, 64)
    assert images.min() == images.max() == -1
    assert mask[0, 0, :32].min() == 1 and mask[0, 0, 32:].max() == 0


def test_batches_take_an_equal_share_of_each_set(pack):
    dark, light = load_pictures(pack, "val")[:1], load_pictures(pack, "train")[-1:]
    stream = BatchStream([dark, light], 6, seed=1)
    images, _ = next(iter(stream))
    stream.close()
    reds = images[:, 0].mean(dim=(1, 2))
    assert (reds < -0.9).sum() == 3 and (reds > 0.5).sum() == 3


@pytest.mark.parametrize(("name", "content"), [("broken.zip", b"PK\x03\x04 cut off"), ("empty.zip", b"PK\x05\x06" + bytes(18))])
def test_unusable_packs_are_one_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=r"not a readable zip|no pictures"):
        load_pictures(tmp_path / name)
    with pytest.raises(DatasetError, match="no such file"):
        load_pictures(tmp_path / "nowhere")


RAMP = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 64, axis=0).repeat(3, axis=2)  # dark on the left


@pytest.mark.parametrize(("turn", "dark"), [(6, "top"), (8, "bottom"), (3, "right")])
def test_a_photograph_that_lies_on_its_side_is_learned_upright(tmp_path, turn, dark):
    exif = Image.Exif()
    exif[0x0112] = turn  # what the camera says of how it was held
    Image.fromarray(RAMP).save(tmp_path / "side.jpg", exif=exif, quality=95)
    rgb = load_pictures(tmp_path)[0].rgba(64)[..., :3].astype(int)
    edges = {"top": rgb[:4], "bottom": rgb[-4:], "left": rgb[:, :4], "right": rgb[:, -4:]}
    assert min(edges, key=lambda name: edges[name].mean()) == dark and edges[dark].mean() < 30


def test_deep_grey_is_scaled_not_clipped(tmp_path):
    Image.fromarray(RAMP[..., 0].astype(np.uint16) * 257).save(tmp_path / "deep.png")
    assert np.abs(load_pictures(tmp_path)[0].rgba(64)[..., 0].astype(int) - RAMP[..., 0]).max() <= 1


def test_a_program_is_no_picture_whatever_it_is_called(tmp_path, monkeypatch):
    """Pillow hands PostScript to Ghostscript, which runs it."""
    program = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\n0 0 moveto 90 90 lineto stroke\nshowpage\n%%EOF\n"
    run = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *given, **more: run.append(given) or Image.new("RGB", (90, 90)).im)
    (tmp_path / "program.png").write_bytes(program)
    (picture,) = load_pictures(tmp_path)
    for read in (picture.rgba, picture.side):
        with pytest.raises(OSError, match=r"program\.png: cannot be read as a picture"):
            read()
    assert not run


def test_somebody_elses_labels_count_as_none_and_are_told_of_once(tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(encoded((9, 9, 9)))
    for content in (b"image;split\na.png;val\n", "Größe,Nummer\n3,4\n".encode("latin-1"), b"\xff\xfe\x00image\n"):
        (tmp_path / "labels.csv").write_bytes(content)
        for split in ("train", None, "train"):
            assert [p.labels for p in load_pictures(tmp_path, split)] == [{}]
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and "labels.csv: has no column 'file'" in said
    assert [p.name for p in load_pictures(tmp_path / "a.png")] == ["a.png"]


def test_a_table_saved_by_a_spreadsheet_is_read(pack):
    (pack / "labels.csv").write_text("file,split\n0.png,val\n1.png,\n2.png\n", encoding="utf-8-sig")
    assert [p.name for p in load_pictures(pack, "val")] == ["0.png"]
    assert [p.name for p in load_pictures(pack, "train")] == [f"{k}.png" for k in range(1, 6)]  # without a split it trains


@pytest.mark.parametrize("content", ["file,split\nGröße.png,val\n".encode("latin-1"), b'file,split\n0.png,"' + b"x" * 200_000])
def test_labels_that_cannot_be_read_are_one_sentence(pack, content):
    """They say that they are ours: passed over, they would let the pictures of ``val`` be trained on."""
    (pack / "labels.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=r"labels\.csv: cannot be read") as caught:
        load_pictures(pack)
    assert "\n" not in str(caught.value) and "UTF-8" in str(caught.value)


def test_files_of_a_folder_are_read_when_they_are_wanted(tmp_path):
    for k in range(3):
        (tmp_path / f"{k}.png").write_bytes(encoded((40 * k, 0, 0)))
    found = load_pictures(tmp_path)
    (tmp_path / "1.png").write_bytes(encoded((250, 0, 0)))
    (tmp_path / "2.png").unlink()
    assert found[0].rgba()[0, 0, 0] == 0 and found[1].rgba()[0, 0, 0] == 250
    with pytest.raises(OSError, match=r"2\.png: cannot be read as a picture"):
        found[2].rgba()


def test_what_is_no_file_is_no_picture(tmp_path):
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")  # would be waited for without end
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "one.png").write_bytes(encoded((9, 9, 9)))
    assert [p.name for p in load_pictures(tmp_path)] == ["one.png"]
