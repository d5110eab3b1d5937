"""Styles over a still, without the mirror's networks: which there are for a visit, and what of a picture is painted."""

import numpy as np
import pytest

from installation.control.parameters import parameter_table
from installation.control.web.studio_desk import StudioError
from installation.engines.style_models import StyleEngineSettings
from installation.faces.ffhq import crop_to_original, invert, quad_from_landmarks
from installation.latents.directions import DirectionSet
from installation.messages import AlignedFace, Expression, Face
from installation.studio.brushes import SKETCH_PX, Brushes
from installation.studio.people import Person
from installation.studio.photograph import Photograph
from installation.studio.portraying import Offer
from installation.studio.styling import Stylist
from installation.studio.visits import Visit
from installation.studio.wish import FACES_ALONE, Wish
from installation.styles.library import Palette, Style
from tests.studio.conftest import LEFT, RIGHT, change, two
from tests.studio.test_code_file import landmarks

OWN = {"style/own-1/amount": 1.0}


@pytest.fixture(scope="module")
def stylist():
    """The show itself has no style at all: what there is are the visitor's own."""
    table = parameter_table(["age"], [])
    offer = Offer(None, lambda: table, lambda: DirectionSet([]), Palette)
    return Stylist(offer, Brushes(StyleEngineSettings(threads=1, precision="f32"), 320))


@pytest.fixture
def visit():
    """A photograph in which one face is known, the left one, and a painting of the visitor's own."""
    points = np.asarray(landmarks(), np.float32)
    points = ((points - points.mean(axis=0)) / np.ptp(points, axis=0).max() * 120 + (148, 168)).astype(np.float32)
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    face = Face(1, points, (x0, y0, x1, y1), Expression(), presence=1.0, seen=True, drawable=1.0)
    matrix = crop_to_original(quad_from_landmarks(points), 64)
    person = Person(1, face, AlignedFace(face, np.zeros((64, 64, 3), np.uint8), matrix, invert(matrix)), "")
    style = Style("own-1", "mine", vector=np.random.default_rng(0).normal(0, 1, 100).astype(np.float32))
    return Visit(Photograph.of(two(), "two.png", b"", "0"), (person,), own={"own-1": style})


def test_without_a_style_the_picture_is_the_very_same(stylist, visit):
    for style in ({}, {"style/own-1/amount": 0.0}, {"style/none/amount": 1.0}, {"style/strength": 1.0}):
        picture = two()
        assert stylist.styled(visit, Wish(style=style), picture) is picture


def test_the_visitors_own_style_is_laid_over_all_or_over_the_face_that_is_known(stylist, visit):
    whole = stylist.styled(visit, Wish(style=OWN), two())
    assert change(two(), whole, LEFT) > 3 and change(two(), whole, RIGHT) > 3
    people = stylist.styled(visit, Wish(style=OWN | {"style/scope": FACES_ALONE}), two())
    assert change(two(), people, LEFT) > 3 and (people[:, RIGHT] == two()[:, RIGHT]).all()
    half = two()[::2, ::2]  # in another size the face is in another place
    people = stylist.styled(visit, Wish(style=OWN | {"style/scope": FACES_ALONE}), half)
    assert change(half, people, slice(10, 138)) > 3 and (people[:, 175:] == half[:, 175:]).all()


def test_a_style_belongs_to_the_visit_that_brought_it(stylist, visit):
    assert stylist.sketch(visit, 1, "own-1").shape == (SKETCH_PX, SKETCH_PX, 3)
    other = Visit(visit.photograph, visit.people)
    with pytest.raises(StudioError) as told:
        stylist.sketch(other, 1, "own-1")
    assert told.value.status == 404
    assert stylist.styled(other, Wish(style=OWN), picture := two()) is picture
    with pytest.raises(StudioError):
        stylist.sketch(visit, 2, "own-1")
