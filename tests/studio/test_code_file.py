"""Files of code and edits: what is read again, and that nothing else is."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
import torch

from installation.codes.code import Code as DarkroomCode
from installation.codes.files import read_codes
from installation.codes.files import write_code as write_darkroom_code
from installation.control.web.studio_desk import StudioError
from installation.faces.ffhq import crop_to_original, invert, quad_from_landmarks
from installation.latents.directions import DirectionSet
from installation.messages import AlignedFace, EncodedFace, Expression, Face, OwnChanges
from installation.models.bundle import Models
from installation.networks.editor import Editor
from installation.networks.facets_encoder import FacetsEncoder
from installation.studio.code_file import DRAWN_PX, MOST_PAINTINGS, Card, read_code, write_code
from installation.styles.library import Style

GENERATOR = "0123456789ab"
SHAPE = (14, 256)


class Base:
    layered = True


@pytest.fixture(scope="module")
def models():
    """Sizes are all that counts here."""
    mean = torch.zeros(SHAPE)
    return Models("small", Base(), FacetsEncoder.__new__(FacetsEncoder), (), DirectionSet([]), mean, editor=Editor())  # type: ignore[arg-type]


def landmarks():
    """468 points around a face of 100 px at (300, 200)."""
    points = np.random.default_rng(3).uniform(-40, 40, (468, 2)) + np.array([300, 200])
    from installation.faces import landmarks as index

    for place, at in ((index.RIGHT_EYE, (280, 185)), (index.LEFT_EYE, (320, 186)), (index.MOUTH_CORNERS, (300, 225))):
        points[list(place)] = at
    return points.astype(np.float32)


def somebody(models):
    points, draw = landmarks(), torch.Generator().manual_seed(1)
    face = Face(4, points, (260.0, 160.0, 340.0, 240.0), Expression(), 1.0, True, 1.0)
    M = crop_to_original(quad_from_landmarks(points), 256)
    aligned = AlignedFace(face, np.zeros((256, 256, 3), np.uint8), M, invert(M))
    knobs = len(models.editor.knobs)
    changes = OwnChanges(torch.randn(knobs, 2, 32, 32, 32, generator=draw), torch.randn(knobs, 2, 2, 64, 64, generator=draw))
    silhouette, covered = np.full((128, 128), 200, np.uint8), np.zeros((32, 32), np.uint8)
    detail = torch.randn(32, 32, 32, generator=draw)
    return EncodedFace(face, torch.randn(SHAPE, generator=draw), detail, silhouette, covered, changes), aligned


CARD = Card("d" * 32, 3, "me.jpg", {"edit/age/amount": 1.5}, {"style/own-1/amount": 0.5})


@pytest.fixture(scope="module")
def written(models):
    own = {"own-1": Style("own-1", "my waves", vector=np.linspace(0, 1, 100, dtype=np.float32))}
    return write_code(*somebody(models), CARD, own, models, GENERATOR)


def read(data, models, generator=GENERATOR):
    return read_code(data, "a.npz", models, generator)


def refused(data, models, **other):
    with pytest.raises(StudioError) as told:
        read(data, models, **other)
    assert told.value.status == 422 and str(told.value).startswith("a.npz: ")
    return str(told.value)


def changed(data, **arrays):
    """The same file with other arrays; None takes one away."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        kept = {name: file[name] for name in file.files} | arrays
    out = io.BytesIO()
    np.savez_compressed(out, **{name: array for name, array in kept.items() if array is not None})
    return out.getvalue()


def with_card(data, **told):
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        card = json.loads(file["card"].tobytes()) | told
    return changed(data, card=np.frombuffer(json.dumps(card).encode(), np.uint8))


def test_what_was_written_is_read(models, written):
    encoded, _ = somebody(models)
    code = read(written, models)
    assert torch.equal(code.encoded.ws, encoded.ws) and torch.equal(code.encoded.detail, encoded.detail)
    for name in ("residual", "flow"):
        assert torch.equal(getattr(code.encoded.changes, name), getattr(encoded.changes, name))
    assert (code.encoded.silhouette == encoded.silhouette).all() and (code.encoded.covered == encoded.covered).all()
    assert (code.picture, code.face, code.name) == (CARD.picture, 3, "me.jpg")
    assert (dict(code.values), dict(code.style)) == (CARD.values, CARD.style)
    assert code.paintings["own-1"].description == "my waves" and code.paintings["own-1"].vector[99] == 1.0


def test_the_face_lies_in_its_square_as_it_lay_in_the_photograph(models, written):
    quad = quad_from_landmarks(read(written, models).encoded.face.landmarks)
    assert quad.side == pytest.approx(DRAWN_PX, abs=0.5) and np.allclose(quad.centre, (DRAWN_PX - 1) / 2, atol=0.5)


def test_grids_films_and_inversions_read_it_too(models, written, tmp_path):
    (tmp_path / "saved.npz").write_bytes(written)
    (code,) = read_codes(tmp_path / "saved.npz")
    encoded, _ = somebody(models)
    assert code.name == "me" and torch.equal(code.ws, encoded.ws)
    assert torch.equal(code.detail, encoded.detail.clamp(-1, 1))


def test_a_code_without_its_face_s_place_is_told_for_what_it_is(models, tmp_path):
    write_darkroom_code(tmp_path / "a.npz", DarkroomCode("a", torch.zeros(SHAPE), None, {"generator": "x"}))
    assert "grid" in refused((tmp_path / "a.npz").read_bytes(), models)


def test_it_holds_no_picture_and_no_pickle(written):
    with np.load(io.BytesIO(written), allow_pickle=False) as file:
        assert {file[name].dtype.kind for name in file.files} <= {"f", "u"}
        assert not any(file[name].ndim == 3 and file[name].shape[-1] == 3 for name in file.files)


def test_files_of_others_are_told(models, written):
    assert "another generator" in refused(written, models, generator="other")
    assert "newer program" in refused(with_card(written, version=2), models)
    assert "no file of code and edits" in refused(with_card(written, format="else"), models)
    assert "no file of code and edits" in refused(changed(written, card=None), models)
    assert "damaged" in refused(with_card(written, values=[1]), models)
    assert "damaged" in refused(with_card(written, paintings=[["own-1", "a"], ["own-2", "b"]]), models)
    many = [[f"own-{k}", "a"] for k in range(MOST_PAINTINGS + 1)]
    assert "damaged" in refused(changed(with_card(written, paintings=many), paintings=np.zeros((len(many), 100), np.float32)), models)
    for data in (b"", b"no zip", written[:300], written[: len(written) // 2], b"\x89PNG" + bytes(200)):
        refused(data, models)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("ws", None),
        ("landmarks", None),
        ("ws", np.zeros((18, 512), np.float32)),
        ("ws", np.full(SHAPE, np.nan, np.float32)),
        ("ws", np.full(SHAPE, 1e9, np.float32)),
        ("ws", np.zeros(SHAPE, np.float64)),
        ("landmarks", np.zeros((468, 3), np.float32)),
        ("landmarks", np.zeros((468, 2), np.float32)),
        ("detail", np.zeros((32, 16, 16), np.float32)),
        ("residual", np.zeros((1, 2, 32, 32, 32), np.float32)),
        ("flow", np.zeros((2, 2), np.float32)),
        ("silhouette", np.zeros((4, 4), np.uint8)),
        ("paintings", np.zeros((1, 7), np.float32)),
    ],
)
def test_arrays_that_do_not_fit_are_told(models, written, name, array):
    assert refused(changed(written, **{name: array}), models).endswith(".")


def member(name, body):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    return out.getvalue()


def test_a_bomb_is_not_unpacked(models):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)})
    assert "does not hold" in refused(member("ws.npy", header.getvalue() + bytes(64)), models)
    assert "claims" in refused(member("ws.npy", bytes(200_000_000)), models)


def test_a_pickle_is_not_run(models, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "run"), "w"))

    out = io.BytesIO()
    np.savez(out, ws=np.array([Evil()], object), allow_pickle=True)
    refused(out.getvalue(), models)
    refused(pickle.dumps(Evil()), models)
    assert not (tmp_path / "run").exists()
