"""Stored faces: coded when they are asked for, by the models of the show."""

import threading

import cv2
import numpy as np
import pytest
import torch

from installation.control.parameters import GUESTS
from installation.models.guests import FACES, Guest, GuestBook


def mean_colour(picture):
    return Guest(torch.full((14, 4), float(picture.mean())), torch.full((2, 4, 4), float(picture[..., 0].mean())))


def test_every_guest_of_the_control_is_there():
    book = GuestBook(torch.zeros(14, 4), mean_colour, background=False)
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
