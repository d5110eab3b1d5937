"""Stored faces: coded when they are asked for, by the models of the show."""

import threading
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from installation.control.parameters import GUESTS
from installation.models.bundle import load_models
from installation.models.guests import FACES, Guest, GuestBook, face_coder
from installation.networks.encoder_parts import as_network_input

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


def mean_colour(picture):
    return Guest(torch.full((14, 4), float(picture.mean())), torch.full((2, 4, 4), float(picture[..., 0].mean())))


def test_every_guest_of_the_control_is_there():
    book = GuestBook(torch.zeros(14, 4), mean_colour, background=False)
    assert book("taken-1") is None and book("taken-2") is None  # until somebody takes a face
    assert [book.take(Guest(torch.full((14, 4), value))) for value in (-3.0, -2.0)] == ["taken-1", "taken-2"]
    guests = [book(name) for name in GUESTS if name != "none"]
    assert all(guest is not None for guest in guests)
    assert len({float(guest.ws[0, 0]) for guest in guests}) == len(guests)
    assert book("none") is None and book("../guest-1") is None
    first = cv2.cvtColor(cv2.imread(str(sorted(FACES.glob("*.webp"))[0])), cv2.COLOR_BGR2RGB)
    assert float(book("guest-1").ws[0, 0]) == pytest.approx(first.mean())
    assert float(book("guest-1").detail[0, 0, 0]) == pytest.approx(first[..., 0].mean())  # red is red


def test_beside_the_show_a_guest_comes_when_it_is_coded():
    may, done = threading.Event(), threading.Event()

    def slow(picture):
        may.wait(10)
        done.set()
        return mean_colour(picture)

    book = GuestBook(torch.zeros(14, 4), slow, background=True)
    assert book("guest-1") is None and book("guest-1") is None and book("mean") is not None
    may.set()
    assert done.wait(10)
    for thread in threading.enumerate():
        if thread.name == "guest":
            thread.join()
    assert book("guest-1") is not None


def test_a_picture_that_cannot_be_read_is_no_guest(tmp_path):
    (tmp_path / "a.webp").write_bytes(np.random.default_rng(0).bytes(100))
    book = GuestBook(torch.zeros(14, 4), mean_colour, background=False, folder=tmp_path)
    assert book("guest-1") is None and book("guest-2") is None


@pytest.fixture(scope="module")
def models():
    return load_models(WEIGHTS / "generator.safetensors", WEIGHTS / "encoder.safetensors", [], [WEIGHTS / "directions.safetensors"])


def test_a_face_is_coded_by_the_encoder_of_the_show(models):
    picture = cv2.cvtColor(cv2.imread(str(sorted(FACES.glob("*.webp"))[0])), cv2.COLOR_BGR2RGB)
    side = models.input_px
    guest = face_coder(models)(picture)
    crops = torch.from_numpy(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA if side < len(picture) else cv2.INTER_CUBIC))
    with torch.inference_mode():
        ws, detail = models.detail.encode_with_detail(as_network_input(crops[None]))
    assert torch.allclose(guest.ws, ws[0], atol=1e-5) and torch.allclose(guest.detail, detail[0], atol=1e-5)
    assert guest.ws.shape == models.latent_avg.shape


def test_a_large_picture_is_made_smaller_without_moire(models):
    """Stripes as fine as two pixels are grey once they are smaller, and no other stripes."""
    side = models.input_px
    fine = np.zeros((4 * side, 4 * side, 3), np.uint8)
    fine[::2] = 254
    grey = np.full((side, side, 3), 127, np.uint8)
    code = face_coder(models)
    assert torch.allclose(code(fine).ws, code(grey).ws, atol=1e-4)


def test_a_whole_encoder_gives_a_code_alone():
    plain = SimpleNamespace(
        input_px=8, detail=None, whole_encoder=lambda: lambda crops: crops.float().mean(dim=(1, 2))[:, None].repeat(1, 6, 1)
    )
    guest = face_coder(plain)(np.full((16, 16, 3), (10, 20, 30), np.uint8))
    assert guest.detail is None and torch.equal(guest.ws, torch.tensor([[10.0, 20.0, 30.0]] * 6))


def test_of_two_faces_that_are_taken_one_melts_into_the_other():
    book = GuestBook(torch.zeros(14, 4), mean_colour, background=False)
    names = [book.take(Guest(torch.full((14, 4), float(k)))) for k in range(3)]
    assert names == ["taken-1", "taken-2", "taken-1"]
    assert float(book("taken-1").ws[0, 0]) == 2.0 and float(book("taken-2").ws[0, 0]) == 1.0
