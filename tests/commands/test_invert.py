"""The command invert: what it writes is read again, by itself and by the other commands."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

import installation.commands.invert as invert_command
from installation.__main__ import main
from installation.checkpoints.loading import load_generator, metadata_of
from installation.codes.draw import CodePainter
from installation.codes.files import read_codes
from installation.darkroom.inverting import InversionWish, fingerprint
from installation.models.bundle import load_models

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "weights"
STYLEGAN3 = ROOT / "tests" / "data" / "parity" / "stylegan3_r_64_small.pkl"
FACE = ROOT / "installation" / "demo" / "faces" / "03992.webp"
CLIP = ROOT / "tests" / "data" / "yes.mkv"
FEW = ("--code-steps", "2", "--tuning-steps", "2", "--seconds", "0", "--threads", "1")


def invert(*words):
    return main(["invert", *map(str, words)])


def test_the_embedded_family(tmp_path, capsys):
    out = tmp_path / "out"
    assert invert(FACE, "--out", out, "--sheet", tmp_path / "all.png", *FEW) == 0
    assert "2 steps of code, 2 steps of tuning" in capsys.readouterr().out
    (code,) = read_codes(out / "03992.npz")
    assert code.card["child"] == "03992.safetensors" and code.detail is None
    child = load_generator(out / "03992.safetensors")
    assert metadata_of(out / "03992.safetensors")["swap_at"] == "4"
    # The portrait is the code, drawn by the tuned generator, both as they were written.
    drawn = CodePainter(child).draw([code])[0].astype(int)
    portrait = np.asarray(Image.open(out / "03992.png")).astype(int)
    assert np.abs(drawn - portrait).mean() < 1.0
    # It is a child of the base, all of whose layers are its own, and a generator that the directions fit.
    models = load_models(WEIGHTS / "generator.safetensors", WEIGHTS / "encoder.safetensors", [out / "03992.safetensors"], [])
    assert models.children[0].shares == (1.0,) * len(models.resolutions)
    assert metadata_of(out / "03992.safetensors").get("family") == metadata_of(WEIGHTS / "generator.safetensors").get("family")
    assert Image.open(tmp_path / "all.png").width > 5 * 288  # sitter, start, inverted, two edits
    # The grid takes both.
    words = ["--rows", out / "03992.npz", "--columns", "mean", "--generator", out / "03992.safetensors", "--out", tmp_path / "g.png"]
    assert main(["grid", *map(str, words)]) == 0


def test_interrupted_it_goes_on(tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    from installation.inversion.engine import Inversion

    step, count = Inversion._step, []

    def interrupted(self, name, phase):
        count.append(name)
        if len(count) == 4:
            raise KeyboardInterrupt
        return step(self, name, phase)

    monkeypatch.setattr(Inversion, "_step", interrupted)
    assert invert(FACE, "--out", out, *FEW) == 130
    assert (out / "03992.npz").exists() and (out / "03992.safetensors").exists()
    assert invert(FACE, "--out", out, *FEW) == 0  # no --force: it is the same work
    assert len(count) == 5 and count[-1] == "tuning"
    capsys.readouterr()
    assert invert(FACE, "--out", out, *FEW) == 0
    assert "nothing is left to gain" in capsys.readouterr().out and len(count) == 5
    assert invert(FACE, "--out", out, *FEW, "--restart") == 2  # begun anew it would write over what is there
    assert "--force" in capsys.readouterr().err
    (out / ".03992.inversion.pt").write_bytes(b"torn")
    assert invert(FACE, "--out", out, *FEW, "--force") == 0
    assert "begins anew" in capsys.readouterr().err and len(count) == 9


def test_cut_off_at_any_moment_it_goes_on(tmp_path, monkeypatch):
    """As by a power cut before the first state was due, with a portrait on the disk already."""
    out = tmp_path / "out"
    write, save = invert_command.write_state, invert_command.save_picture

    def cut_off(*given):
        save(*given)
        raise SystemExit(9)

    with monkeypatch.context() as power:
        power.setattr(invert_command, "LOOK", -1.0)
        power.setattr(invert_command, "save_picture", cut_off)
        power.setattr(invert_command, "write_state", lambda *given: (out / "03992.png").exists() or write(*given))
        with pytest.raises(SystemExit):
            invert(FACE, "--out", out, *FEW)
    assert (out / "03992.png").exists() and not (out / "03992.npz").exists()
    assert invert(FACE, "--out", out, *FEW) == 0  # no --force: it is the same work


def test_pictures_of_one_name_do_not_take_each_other_s_place(tmp_path):
    album, out = tmp_path / "album", tmp_path / "out"
    album.mkdir()
    with Image.open(FACE) as face:
        face.save(album / "me.png")
        face.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(album / "me.webp")
    assert invert(album, "--out", out, "--no-tuning", *FEW) == 0
    codes = [read_codes(out / name)[0] for name in ("me.npz", "me-2.npz")]
    assert [code.name for code in codes] == ["me", "me-2"] and not torch.equal(codes[0].ws, codes[1].ws)
    assert invert(album, "--out", out, "--no-tuning", *FEW) == 0  # each goes on with its own


def test_a_clip_in_a_folder_of_pictures_is_left_out_and_said(tmp_path, capsys):
    album, out = tmp_path / "album", tmp_path / "out"
    album.mkdir()
    shutil.copy(CLIP, album / "a.mkv")
    shutil.copy(FACE, album / "me.webp")
    assert invert(album, "--out", out, "--no-tuning", *FEW) == 0
    assert (out / "me.npz").is_file() and capsys.readouterr().err.count(f"{album / 'a.mkv'}: is a clip, left out") == 1
    assert invert(album, album / "a.mkv", "--out", out, "--no-tuning", *FEW) == 2  # which was named, too
    assert "a.mkv: is a clip" in capsys.readouterr().err
    (album / "me.webp").unlink()
    assert invert(album, "--out", tmp_path / "none", "--no-tuning", *FEW) == 2
    assert "is a clip, and codes are found of pictures alone" in capsys.readouterr().err and not (tmp_path / "none").exists()


def test_what_would_be_written_over_is_said_before_anything_is_done(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(invert_command, "_bench", lambda a: pytest.fail("models were read"))
    (tmp_path / "05015.npz").write_bytes(b"somebody's")
    assert invert(FACE, FACE.with_name("05015.webp"), "--out", tmp_path, *FEW) == 2
    assert "05015.npz" in capsys.readouterr().err and len(list(tmp_path.iterdir())) == 1


def test_a_run_with_other_terms_is_another_run():
    job = SimpleNamespace(square=np.zeros((4, 4, 3), np.uint8))
    wishes = [InversionWish(), InversionWish(one_w=True), InversionWish(perceptual=len), InversionWish(identity=len)]
    assert len({fingerprint(job, "abc", wish) for wish in wishes}) == len(wishes)


def test_a_generator_without_an_encoder_starts_from_the_mean(tmp_path, capsys):
    assert invert(FACE, "--out", tmp_path, "--generator", STYLEGAN3, *FEW) == 0
    assert "starts from the mean face" in capsys.readouterr().err
    (code,) = read_codes(tmp_path / "03992.npz")
    assert code.ws.shape == (16, 64) and float((code.ws - code.ws[:1]).abs().max()) < 1e-2
    tuned, base = load_generator(tmp_path / "03992.safetensors"), load_generator(STYLEGAN3)
    assert tuned.layered is None
    assert not torch.allclose(tuned.synthesis(code.ws[None]), base.synthesis(code.ws[None]), atol=1e-3)


def test_the_residual_is_kept_where_it_is_asked_for(tmp_path):
    assert invert(FACE, "--out", tmp_path, "--detail", "--no-tuning", *FEW) == 0
    (code,) = read_codes(tmp_path / "03992.npz")
    assert code.detail is not None and "child" not in code.card and not (tmp_path / "03992.safetensors").exists()


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["{}/none.jpg"], 2, "there is no such file"),
        (["{}/wall.png"], 3, "no face found"),
        ([FACE, "--nets", "{}"], 2, "holds neither"),
        ([FACE, "--identity", "1"], 2, "--identity 1 needs --nets"),
        ([FACE, "--identity", "1", "--nets", "{}/nets"], 2, "mobilefacenet.onnx"),
        ([FACE, "--sheet", "{}/a.txt"], 2, "must end in"),
        ([CLIP], 2, "is a clip"),
        ([FACE, "--encoder", "{}/wall.png"], 2, "wall.png"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path, words, code, reason, capsys):
    Image.new("RGB", (64, 64), "grey").save(tmp_path / "wall.png")
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "darknet-tiny-imagenet.safetensors").write_bytes(b"")
    assert invert(*(str(word).format(tmp_path) for word in words), "--out", tmp_path / "out", *FEW) == code
    assert reason in capsys.readouterr().err.strip().splitlines()[-1]


def test_a_sheet_that_no_jpeg_can_hold_is_said_before_anything_is_done(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(invert_command, "_bench", lambda a: pytest.fail("models were read"))
    (tmp_path / "album").mkdir()
    for k in range(210):
        shutil.copy(FACE, tmp_path / "album" / f"{k:03d}.webp")
    assert invert(tmp_path / "album", "--out", tmp_path / "out", "--sheet", tmp_path / "all.jpg", *FEW) == 2
    assert "all.jpg: 210 rows" in capsys.readouterr().err
