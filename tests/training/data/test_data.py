"""The data set tool: what it takes, what it leaves out and says, what it never loses."""

import csv
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from installation.__main__ import main
from installation.faces.ffhq import Quad
from installation.training.data.datasets import load_pictures
from installation.training.data.faces import Find, cut
from installation.training.data.haar import Cascade
from installation.training.data.likeness import Prints, fingerprint, sharpness
from installation.training.data.packs import split_of
from tests.training.score.score_inputs import CLIPS, frame_of

SMALL = ["--size", "128", "--min-width", "64"]


@pytest.fixture(scope="module")
def frame():
    """A frame of a clip: one person, 300 px of face."""
    return frame_of("please.mkv", 4)


@pytest.fixture
def sources(tmp_path, frame):
    """A picture, its copy, two of a zip, a video, and everything that is none."""
    folder = tmp_path / "sources"
    (folder / "inner").mkdir(parents=True)
    Image.fromarray(frame).save(folder / "a.jpg", quality=95)
    Image.fromarray(frame).resize((frame.shape[1] // 2 * 2 - 40, frame.shape[0] - 22)).save(folder / "inner" / "copy.png")
    Image.new("RGB", (400, 300), (70, 110, 60)).save(folder / "meadow.png")
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        data = io.BytesIO()
        Image.fromarray(frame_of("yes.mkv", 4)).save(data, "PNG")
        archive.writestr("../../other.png", data.getvalue())
        archive.writestr("readme.txt", "words")
    (folder / "torn.jpg").write_bytes((folder / "a.jpg").read_bytes()[:9000])
    (folder / "torn.zip").write_bytes(b"PK\x03\x04 torn")
    (folder / "notes.txt").write_text("words")
    (folder / "nothing.png").write_bytes(b"")
    return folder


def labels(out):
    with (out / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def state_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everything_is_taken_or_named(tmp_path, sources, capsys):
    out, before = tmp_path / "out", state_of(sources)
    assert main(["data", str(sources), "--out", str(out), *SMALL]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["faces"] == 2 and report["left_out"] == {"duplicate": 1, "no face": 1}
    named = {Path(name.split(":")[0]).name for name in report["unusable"]}
    assert named == {"more.zip", "torn.jpg", "torn.zip", "notes.txt", "nothing.png"}
    printed = capsys.readouterr()
    assert "torn.jpg" in printed.out and "no face: 1" in printed.out and "100%" in printed.err
    assert state_of(sources) == before and not (tmp_path / "other.png").exists()
    rows = labels(out)
    assert [row["file"] for row in rows] == ["000000.webp", "000001.webp"]
    assert all(row["pack"] == "faces-0.zip" and int(row["width"]) > 64 and abs(float(row["yaw"])) < 40 for row in rows)
    assert Image.open(out / "contact.jpg").size == (192, 96) and "torn.zip" in (out / "report.html").read_text()


def test_packs_are_read_by_training(tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["data", str(CLIPS / "yes.mkv"), str(CLIPS / "please.mkv"), "--out", str(out), "--every", "25"]
    assert main([*arguments, "--duplicate-bits", "-1", "--pack-size", "4", *SMALL]) == 0
    pictures = load_pictures(out)
    assert len(pictures) == len(labels(out)) >= 5 and len(list(out.glob("faces-*.zip"))) == -(-len(pictures) // 4)
    assert {p.labels["file"] for p in pictures} == {p.name for p in pictures}
    assert main([
        "train", "--faces", str(out), "--run", str(tmp_path / "run"), "--minutes", "0.02", "--batch", "2", "--size", "32", "--final-size",
        "64", "--w-dim", "32", "--channel-base", "512", "--channel-max", "32", "--no-compile", "--device", "cpu",
    ]) == 0  # fmt: skip
    assert (tmp_path / "run" / "generator.safetensors").exists()


def test_a_second_run_adds_only_what_is_new(tmp_path, sources, capsys):
    out = tmp_path / "out"
    arguments = ["data", str(sources), "--out", str(out), *SMALL]
    assert main(arguments) == 0
    packs, rows = {p: p.read_bytes() for p in out.glob("*.zip")}, labels(out)
    assert main(arguments) == 0
    assert labels(out) == rows and {p: p.read_bytes() for p in out.glob("*.zip")} == packs
    face = np.ascontiguousarray(frame_of("yes.mkv", 60)[:, ::-1])
    Image.fromarray(face).save(sources / "new.png")
    assert main(arguments) == 0
    assert labels(out)[:2] == rows and len(labels(out)) == 3 and labels(out)[2]["pack"] == "faces-1.zip"
    assert packs.items() <= {p: p.read_bytes() for p in out.glob("*.zip")}.items()
    capsys.readouterr()
    assert main([*arguments, "--grey"]) == 2
    assert "grey was False, now True" in capsys.readouterr().err


def test_nobodys_files_are_written_over(tmp_path, sources, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "labels.csv").write_text("mine")
    assert main(["data", str(sources), "--out", str(out)]) == 2
    assert "not made by this command" in capsys.readouterr().err and (out / "labels.csv").read_text() == "mine"
    assert main(["data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "new")]) == 3


def test_ctrl_c_leaves_packs_and_the_next_run_goes_on(tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "installation", "data", str(CLIPS / "yes.mkv"), str(CLIPS / "please.mkv"), "--out", str(out)]
    command += ["--every", "2", "--duplicate-bits", "-1", *SMALL]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ})
    while process.poll() is None and len(list((out / ".pending").glob("*"))) < 3:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0 and "the same command goes on" in errors, errors
    first = len(load_pictures(out))
    assert first >= 3 and not list((out / ".pending").glob("*"))
    assert main([*command[3:]]) == 0
    names = [p.name for p in load_pictures(out)]
    assert len(names) == len(set(names)) > first
    sources = [row["source"] for row in labels(out)]
    assert len(sources) == len(set(sources))


def test_a_crash_loses_no_finished_face(tmp_path, sources):
    """The pack of a run that died between writing it and noting it is made again, not doubled."""
    out = tmp_path / "out"
    arguments = ["data", str(sources), "--out", str(out), *SMALL]
    assert main(arguments) == 0
    journal = (out / "journal.jsonl").read_text().splitlines()
    with zipfile.ZipFile(out / "faces-0.zip") as archive:
        archive.extractall(out / ".pending")
    (out / "journal.jsonl").write_text("\n".join(line for line in journal if '"packed"' not in line) + '\n{"key": "cut o')
    assert main(arguments) == 0
    assert len(load_pictures(out)) == 2 and len(list(out.glob("*.zip"))) == 1


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path, sources, capsys):
    out = tmp_path / "out"
    arguments = ["data", str(sources), "--out", str(out), *SMALL]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, hard))
    try:
        assert main(arguments) == 4
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "make room and run the command again" in capsys.readouterr().err
    assert main(arguments) == 0
    assert len(load_pictures(out)) == 2


def test_crops_are_grey_masked_or_upright(tmp_path, frame):
    corner = frame[40:, : frame.shape[1] // 2 + 40]
    turned = np.asarray(Image.fromarray(corner).rotate(12, expand=True, fillcolor=(90, 90, 90)))
    Image.fromarray(turned).save(tmp_path / "a.png")
    pictures = {}
    for name, more in {"aligned": [], "upright": ["--crop-only"], "grey": ["--grey"], "masked": ["--mask"]}.items():
        assert main(["data", str(tmp_path / "a.png"), "--out", str(tmp_path / name), *SMALL, *more]) == 0
        pictures[name] = load_pictures(tmp_path / name)[0].rgba(128)
    assert np.ptp(pictures["grey"][..., :3].astype(int), axis=2).max() <= 2 < np.ptp(pictures["aligned"][..., :3].astype(int), axis=2).max()
    assert pictures["aligned"][..., 3].min() == 255 and 0.02 < (pictures["masked"][..., 3] == 0).mean() < 0.7
    assert np.abs(pictures["aligned"][..., :3].astype(int) - pictures["upright"][..., :3]).mean() > 5


def test_small_blurred_and_turned_faces_are_left_out(tmp_path, frame):
    for name, picture, more, reason in (
        ("small", cv2.resize(frame, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA), ["--min-width", "200"], "small"),
        ("blurred", cv2.GaussianBlur(frame, (0, 0), 2.5), [], "blurred"),
        ("turned", frame, ["--max-roll", "0"], "turned away"),
    ):
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
        out = tmp_path / name
        assert main(["data", str(tmp_path / f"{name}.png"), "--out", str(out), *SMALL, *more]) == 2
        assert json.loads((out / "report.json").read_text())["left_out"] == {reason: 1}


def test_what_lies_beyond_the_picture_is_masked(frame):
    half = 100.0
    at_corner = Find(Quad(np.array([0.0, 0.0]), np.array([half, 0.0]), np.array([0.0, half])), None, None)
    crop, mask, _ = cut(frame, at_corner, 128, align=True)
    assert crop.shape == (128, 128, 3) and abs(mask.mean() - 0.25) < 0.02 and mask[100, 100] and not mask[20, 100]


def test_prints_know_copies_and_tell_people_apart(frame):
    face = cv2.resize(frame, (256, 256))
    other = cv2.resize(frame_of("yes.mkv", 4), (256, 256))
    prints = Prints()
    assert prints.nearest(fingerprint(face)) == 256
    prints.add(fingerprint(face))
    assert prints.nearest(fingerprint(cv2.resize(cv2.resize(face, (90, 90)), (256, 256)))) <= 18
    assert prints.nearest(fingerprint(np.clip(face * 1.15, 0, 255).astype(np.uint8))) <= 18
    assert prints.nearest(fingerprint(other)) > 40
    assert sharpness(face) > 2 * sharpness(cv2.GaussianBlur(face, (0, 0), 3))


def test_the_split_is_stable_and_as_large_as_asked():
    units = [f"picture {k}" for k in range(4000)]
    held = [u for u in units if split_of(u, 0.1) == "val"]
    assert 300 < len(held) < 500 and held == [u for u in units if split_of(u, 0.1) == "val"]


CASCADE = """<?xml version="1.0"?><opencv_storage><cascade type_id="opencv-cascade-classifier"><stageType>BOOST</stageType>
<featureType>HAAR</featureType><height>20</height><width>20</width><stages>
<_><maxWeakCount>1</maxWeakCount><stageThreshold>0.5</stageThreshold><weakClassifiers>
<_><internalNodes>0 -1 0 {first}</internalNodes><leafValues>0. 1.</leafValues></_></weakClassifiers></_>
<_><maxWeakCount>1</maxWeakCount><stageThreshold>0.5</stageThreshold><weakClassifiers>
<_><internalNodes>1 0 0 0.1 -1 -2 1 {second}</internalNodes><leafValues>1. 0. 1.</leafValues></_></weakClassifiers></_></stages>
<features><_><rects><_>0 0 20 20 -1.</_><_>0 10 20 10 2.</_></rects></_>
<_><rects><_>0 0 20 20 -1.</_><_>10 0 10 20 2.</_></rects></_></features></cascade></opencv_storage>"""


def test_a_cascade_finds_its_pattern_at_any_size(tmp_path):
    """Brighter below and brighter on the right: only windows around the middle of such a block pass both stages."""
    (tmp_path / "cascade.xml").write_text(CASCADE.format(first="0.8", second="0.45"))
    cascade = Cascade.load(tmp_path / "cascade.xml")
    for side in (30, 70):
        picture = np.full((200, 240), 100, np.uint8)
        x, y = 90, 60
        quarter = side // 2
        picture[y : y + side, x : x + side] = 40
        picture[y + quarter : y + side, x : x + side] = 150
        picture[y : y + side, x + quarter : x + side] += 60
        boxes = cascade.boxes(picture, 20)
        middles = [(bx + bs / 2 - x - quarter, by + bs / 2 - y - quarter) for bx, by, bs in boxes]
        assert min(max(abs(dx), abs(dy)) for dx, dy in middles) < 0.2 * side
        assert all(abs(dy) < 0.2 * side and abs(dx) < 0.5 * side for dx, dy in middles)
    assert cascade.boxes(np.full((100, 100), 90, np.uint8), 20) == []


@pytest.mark.parametrize("text", ["not xml", "<opencv_storage/>", CASCADE.replace("HAAR", "LBP"), CASCADE.format(first="x", second="1")])
def test_what_is_no_cascade_is_refused(text, tmp_path, capsys):
    (tmp_path / "cascade.xml").write_text(text)
    code = main(["data", str(CLIPS), "--out", str(tmp_path / "out"), "--detector", "haar", "--cascade", str(tmp_path / "cascade.xml")])
    assert code == 2 and "not a Haar cascade" in capsys.readouterr().err


def test_haar_without_a_cascade_says_what_to_do(tmp_path, capsys):
    if any(Path(p, "haarcascade_frontalface_default.xml").exists() for p in ("/usr/share/opencv4/haarcascades",)):
        pytest.skip("this machine has one")
    assert main(["data", str(CLIPS), "--out", str(tmp_path / "out"), "--detector", "haar"]) == 2
    assert "opencv-data" in capsys.readouterr().err
