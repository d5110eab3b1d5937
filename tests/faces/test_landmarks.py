"""The tables of landmarks: each side of the face mirrors the other, and each outline goes round."""

from pathlib import Path

import numpy as np
import pytest

from installation.faces import geometry
from installation.faces import landmarks as index

PORTRAITS = np.load(Path(__file__).parents[1] / "data" / "expressions.npz")


def turn_onto(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The rotation, no reflection, that brings points nearest to their others (Kabsch 1976)."""
    u, _, vt = np.linalg.svd(points.T @ others)
    return u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt


def centred(points: np.ndarray) -> np.ndarray:
    points = points.astype(float) - points.mean(axis=0, dtype=float)
    return points / np.sqrt((points**2).mean())


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """[468, 3], the mean of many faces, each turned onto the first, its middle at 0."""
    faces = [centred(one) for kind in PORTRAITS.values() for one in kind]
    return centred(np.mean([one @ turn_onto(one, faces[0]) for one in faces], axis=0))


@pytest.fixture(scope="module")
def partner(face: np.ndarray) -> list[int]:
    """The landmark across the face from each."""
    mirrored = face * (-1, 1, 1)
    found = np.arange(0)
    for _ in range(20):  # turn the reflection onto the face by the pairs there are, then pair anew
        found = np.linalg.norm(face[:, None] - mirrored[None], axis=2).argmin(axis=1)
        mirrored = mirrored @ turn_onto(mirrored[found], face)
    assert (found[found] == np.arange(len(face))).all()  # the mesh is symmetric
    return found.tolist()


def test_what_belongs_to_both_sides_mirrors_itself(partner: list[int]) -> None:
    for table in (index.FACE_OVAL, index.RIGID, index.LIPS_REFINED, index.MOUTH_CORNERS, index.OUTER_EYE_CORNERS):
        assert {partner[i] for i in table} == set(table)
    for lip in (index.UPPER_LIP_INNER, index.LOWER_LIP_INNER):
        assert [partner[i] for i in lip] == list(lip[::-1])


def test_the_right_eye_mirrors_the_left(partner: list[int]) -> None:
    assert [partner[i] for i in index.RIGHT_EYE_REFINED] == list(index.LEFT_EYE_REFINED)
    assert {partner[i] for i in index.RIGHT_EYE} == set(index.LEFT_EYE)
    assert [partner[i] for i in index.RIGHT_EYE_CORNERS] == list(index.LEFT_EYE_CORNERS)
    assert [tuple(partner[i] for i in lids) for lids in index.RIGHT_EYE_LIDS] == list(index.LEFT_EYE_LIDS)


def test_the_measures_of_directions_are_symmetric_too(partner: list[int]) -> None:
    assert {partner[i] for i in geometry.RIGHT_BROW} == set(geometry.LEFT_BROW)
    for pair in (geometry.CHEEKS, geometry.NOSE_WINGS):
        assert [partner[i] for i in pair] == list(pair[::-1])
    for middle in (geometry.NOSE_ROOT, geometry.NOSE_BASE, geometry.NOSE_TIP, *geometry.UPPER_LIP_EDGE, *geometry.LOWER_LIP_EDGE):
        assert partner[middle] == middle


def test_no_landmark_is_refined_twice_by_one_part() -> None:
    for table in (index.LIPS_REFINED, index.RIGHT_EYE_REFINED, index.LEFT_EYE_REFINED, index.FACE_OVAL, index.RIGID):
        assert len(set(table)) == len(table)


def test_the_oval_is_the_outline_of_the_face(face: np.ndarray) -> None:
    """The others lie within it, seen from the front."""
    oval = face[list(index.FACE_OVAL), :2]
    angles = np.unwrap(np.arctan2(*(oval - oval.mean(axis=0)).T))
    assert abs(abs(angles[-1] - angles[0]) - 2 * np.pi * 35 / 36) < 0.15
    steps = np.linalg.norm(np.roll(oval, -1, axis=0) - oval, axis=1)
    assert steps.max() < 3 * np.median(steps)
    reach = np.linalg.norm(face[:, :2] - oval.mean(axis=0), axis=1)
    where = np.arctan2(*(face[:, :2] - oval.mean(axis=0)).T)
    edge = np.interp(where, angles, np.linalg.norm(oval - oval.mean(axis=0), axis=1), period=2 * np.pi)
    assert (reach / edge).max() < 1.05


def test_right_is_the_pictures_left(face: np.ndarray) -> None:
    right, left = face[list(index.RIGHT_EYE_REFINED), 0], face[list(index.LEFT_EYE_REFINED), 0]
    assert right.max() < left.min()
    assert face[index.MOUTH_CORNERS[0], 0] < face[index.MOUTH_CORNERS[1], 0]
