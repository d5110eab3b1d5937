"""Files of codes: ours round, those of other programs by their layouts, and what is none."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
import torch

from installation.codes.code import Code, misfit
from installation.codes.files import MAX_BYTES, read_codes, write_code
from installation.errors import WeightsError
from tests.checkpoints.test_checkpoints_hostile import archive, tuple_bomb


def test_ours_comes_back(tmp_path):
    ws, detail = torch.randn(14, 256), torch.rand(32, 32, 32) * 2 - 1
    write_code(tmp_path / "one.npz", Code("me and you", ws, detail, {"generator": "abc"}))
    (code,) = read_codes(tmp_path / "one.npz")
    assert code.name == "me and you" and code.card == {"generator": "abc"}
    assert torch.allclose(code.ws, ws, atol=2e-3) and torch.allclose(code.detail, detail, atol=1e-3)
    assert code.ws.dtype == torch.float32
    write_code(tmp_path / "far.npz", Code("far", ws * 1e6))  # beyond half precision
    assert torch.allclose(read_codes(tmp_path / "far.npz")[0].ws, ws * 1e6)


@pytest.mark.parametrize(
    ("save", "names"),
    [
        (lambda path, w: np.savez(path, w=w[None]), ["x"]),  # NVlabs' projected_w.npz
        (lambda path, w: np.savez(path, arr_0=w), ["x"]),
        (lambda path, w: np.savez(path, latents=np.stack([w, w])), ["x-1", "x-2"]),
    ],
)
def test_npz_of_other_programs(tmp_path, save, names):
    w = np.random.default_rng(0).normal(size=(18, 512)).astype(np.float32)
    save(tmp_path / "x.npz", w)
    found = read_codes(tmp_path / "x.npz")
    assert [code.name for code in found] == names
    assert np.array_equal(found[0].ws.numpy(), w) and found[0].detail is None


@pytest.mark.parametrize("shape", [(512,), (1, 512), (18, 512), (1, 18, 512), (3, 18, 512)])
def test_npy_of_any_shape(tmp_path, shape):
    w = np.random.default_rng(0).normal(size=shape)
    np.save(tmp_path / "x.npy", w)
    found = read_codes(tmp_path / "x.npy")
    assert len(found) == (shape[0] if len(shape) == 3 else 1)
    assert found[0].ws.shape == (shape[-2] if len(shape) > 1 else 1, 512)


def test_pt_of_projectors_and_encoders(tmp_path):
    w = torch.randn(18, 512)
    torch.save({"a/b/face.png": {"img": torch.zeros(1), "latent": w, "noise": []}}, tmp_path / "rosinality.pt")
    torch.save(w[None], tmp_path / "e4e.pt")
    torch.save({"latent_avg": torch.zeros(512), "latents": torch.stack([w, w])}, tmp_path / "pti.pt")
    assert [(c.name, torch.equal(c.ws, w)) for c in read_codes(tmp_path / "rosinality.pt")] == [("face", True)]
    assert [(c.name, torch.equal(c.ws, w)) for c in read_codes(tmp_path / "e4e.pt")] == [("e4e", True)]
    assert [(c.name, torch.equal(c.ws, w)) for c in read_codes(tmp_path / "pti.pt")] == [("pti-1", True), ("pti-2", True)]


class Hostile:
    def __reduce__(self):
        return (open, ("/tmp/facets-was-here", "w"))


def hostile_npz(path):
    with zipfile.ZipFile(path, "w") as archive:
        body = io.BytesIO()
        np.save(body, np.array([Hostile()], dtype=object), allow_pickle=True)
        archive.writestr("ws.npy", body.getvalue())


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("ws.npy", "w", force_zip64=True) as inner:
        for _ in range((MAX_BYTES >> 20) + 1):
            inner.write(b"\0" * (1 << 20))


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("x.npz", lambda p: p.write_bytes(b"no"), "not a readable"),
        ("x.npz", hostile_npz, "not a readable"),
        ("x.npz", bomb, "would unpack to"),
        ("x.pt", lambda p: p.write_bytes(pickle.dumps(Hostile())), "not a readable"),
        ("x.pt", lambda p: p.write_bytes(b"torn"), "not a readable"),
        ("x.pt", lambda p: archive(p, tuple_bomb()), "not a readable"),
        ("x.npy", lambda p: np.save(p, np.zeros((2, 2, 2, 2))), "styles x w_dim"),
        ("x.npy", lambda p: np.save(p, np.full((18, 512), np.nan)), "not finite"),
        ("x.npy", lambda p: np.save(p, np.array(["text"])), "not an array of numbers"),
        ("x.npz", lambda p: np.savez(p, image=np.zeros((4, 4)), other=np.zeros(3)), "holds no codes"),
        ("x.npz", lambda p: np.savez(p, ws=np.zeros((4, 4)), card=np.array(json.dumps([1]))), "no words"),
        ("x.npz", lambda p: np.savez(p, ws=np.zeros((4, 4)), detail=np.zeros((2, 3, 4))), "residual"),
        ("x.txt", lambda p: p.write_text("1 2 3"), "are read"),
        ("x.npz", lambda p: p.mkdir(), "is a folder"),
        ("x.npz", lambda p: None, "no such file"),
    ],
)
def test_what_is_no_code_is_refused_in_a_sentence(tmp_path, name, make, reason):
    make(tmp_path / name)
    with pytest.raises(WeightsError, match=reason) as refused:
        read_codes(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_a_misfit_says_both_shapes():
    assert misfit(Code("x", torch.zeros(18, 512)), 18, 512) is None
    assert "18x512" in misfit(Code("x", torch.zeros(18, 512)), 14, 256) and "14x256" in misfit(Code("x", torch.zeros(18, 512)), 14, 256)
