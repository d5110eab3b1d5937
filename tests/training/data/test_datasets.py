"""Packs: what is read, in which order, and what is refused."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

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
