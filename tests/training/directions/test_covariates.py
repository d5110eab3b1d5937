"""Skin, light and pose are measured and held: what only comes with an attribute is no part of its direction."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from installation.checkpoints.loading import metadata_of
from installation.latents.directions import Direction, load_directions, save_directions
from installation.latents.maps import Maps
from installation.training.directions.aligned_mesh import AlignedMesh
from installation.training.directions.command import beside, write
from installation.training.directions.covariates import (
    BETWEEN_GROUPS,
    IN_FITS,
    appearance,
    columns,
    components,
    groups,
    light_cells,
    taken_out,
)
from installation.training.directions.effects import Effect
from installation.training.directions.fitting import fit
from installation.training.directions.own_attribute import Group, alike, lightness_of

FACE = Path(__file__).resolve().parents[3] / "installation" / "demo" / "faces"


@pytest.fixture(scope="module")
def face():
    picture = np.asarray(Image.open(sorted(FACE.glob("*.webp"))[0]).convert("RGB").resize((256, 256)))
    landmarks = AlignedMesh()(picture)
    assert landmarks is not None
    return picture, landmarks


def test_a_darker_face_is_a_darker_skin_and_light_from_one_side_is_a_slope(face):
    picture, landmarks = face
    plain = appearance(picture, landmarks)
    darker = appearance((picture * 0.7).astype(np.uint8), landmarks)
    lit = appearance(np.clip(picture * np.linspace(0.6, 1.4, 256)[None, :, None], 0, 255).astype(np.uint8), landmarks)
    assert plain[0] - darker[0] > 8 and abs(plain[0] - lit[0]) < 4
    assert lit[3] - plain[3] > 20 and abs(lit[4] - plain[4]) < 10
    turned = landmarks.copy()
    turned[4, 0] += 12  # the tip of the nose, to the right
    moved = appearance(picture, turned)
    assert moved[7] - plain[7] > 0.1 and np.allclose(moved[:3], plain[:3])


def test_what_the_mask_hides_is_not_measured(face):
    picture, landmarks = face
    left = np.zeros((256, 256), bool)
    left[:, :128] = True
    painted = picture.copy()
    painted[:, 128:] = 0
    assert np.allclose(appearance(picture, landmarks, left), appearance(painted, landmarks, left), atol=1.5)
    assert np.isnan(appearance(picture, landmarks, np.zeros((256, 256), bool))).all()


def test_cells_say_where_it_is_dark_and_only_where_there_is_a_picture():
    picture = np.full((256, 256, 3), 200, np.uint8)
    picture[:, :128] = 60
    mask = np.ones((256, 256), bool)
    cells = light_cells(picture, mask).reshape(5, 5, 3)
    assert cells[:, 0].max() < 0.3 and cells[:, 4].min() > 0.7
    mask[:, 160:] = False
    picture[:, 160:] = 0
    hidden = light_cells(picture, mask).reshape(5, 5, 3)
    assert np.allclose(hidden[:, :2], cells[:, :2]) and hidden[:, 3].min() > 0.6 and hidden[:, 4].max() == 0


def test_components_hold_what_varies_and_no_more():
    rng = np.random.default_rng(8)
    values = rng.standard_normal((200, 3)) @ rng.standard_normal((3, 75)) + 4
    found = components(values)
    assert found.shape == (200, 3) and np.allclose(found.std(0), 1) and np.allclose(found.mean(0), 0, atol=1e-9)
    looks = np.tile(np.arange(9.0), (200, 1))
    assert columns(looks, [""] * 200, ["light"], values).shape == (200, 3) and columns(looks, [""] * 200, ["skin"], values).shape == (
        200,
        0,
    )


def test_a_fit_that_holds_the_skin_leaves_it_alone():
    """Age is measured by a network that takes darkness for age, and the old are photographed in darker rooms."""
    rng = np.random.default_rng(4)
    true, dark = np.linalg.qr(rng.standard_normal((60, 2)))[0].T
    age, skin = rng.standard_normal(3000), rng.standard_normal(3000)
    skin = skin + 0.7 * age
    codes = age[:, None] * true + skin[:, None] * dark + 0.1 * rng.standard_normal((3000, 60))
    measured = (age + 0.5 * skin)[:, None]
    free, held = fit(codes, measured)[0], fit(codes, measured, skin[:, None])[0]
    assert free @ dark > 0.9 * (free @ true)
    assert held @ true > 0.3 and abs(held @ dark) < 0.05 * (held @ true)


def test_groups_of_people_are_columns_and_what_all_share_is_none():
    measured = np.tile(np.arange(9.0), (4, 1))
    measured[:, 0] = (50, 60, 70, 80)
    told = [groups("a", {"race": "X"}), groups("a", {"race": "Y"}), groups("b", {"ethnicity": "X"}), groups("b", {})]
    assert len(set(told)) == 4
    assert columns(measured, told, IN_FITS).shape == (4, 1 + 4)
    assert columns(measured, told, ["groups"]).shape == (4, 4) and columns(measured, told, ["light"]).shape == (4, 0)
    assert columns(measured, told, []).shape == (4, 0)


def two_groups() -> tuple[tuple[Group, Group], np.ndarray, np.ndarray]:
    """A hat along one axis; whoever wears one stands in the sun, which lies along another."""
    rng = np.random.default_rng(5)
    hat, sun = np.linalg.qr(rng.standard_normal((32, 2)))[0].T
    made = []
    for worn in (1, 0):
        look = rng.standard_normal((150, 9))
        look[:, 0] = 50 + 10 * rng.standard_normal(150) + 15 * worn
        codes = worn * hat + (look[:, :1] - 50) / 10 * sun + 0.05 * rng.standard_normal((150, 32))
        details = codes.reshape(150, 8, 2, 2).astype(np.float32)
        landmarks = 0.5 + 0.01 * codes[:, :1, None] * np.ones((150, 468, 2))
        made.append(Group(codes, details, landmarks, look, ()))
    return (made[0], made[1]), hat, sun


def test_two_folders_are_compared_as_if_they_were_lit_alike():
    pair, hat, sun = two_groups()
    for hold, left in ((BETWEEN_GROUPS, 0.0), ((), 1.5)):
        positives, negatives = alike(pair, hold)
        gap = positives.codes.mean(0) - negatives.codes.mean(0)
        assert gap @ hat == pytest.approx(1, abs=0.1)
        assert gap @ sun == pytest.approx(left, abs=0.2)
        shift = positives.details.mean(0) - negatives.details.mean(0)
        assert np.allclose(shift.flatten(), gap, atol=1e-3)
        moved = positives.landmarks.mean(0) - negatives.landmarks.mean(0)
        assert moved[0, 0] == pytest.approx(0.01 * gap[0], abs=1e-4)


class Shape:
    """As much of the models as a direction's size needs."""

    latent_avg = torch.zeros(4, 8)


def test_the_skins_own_lightness_is_told_within_either_folder():
    pair, hat, sun = two_groups()
    skin = lightness_of(Shape, pair)  # type: ignore[arg-type]
    vector = skin.vector.flatten().double().numpy()
    deviation = np.concatenate([one.look[:, 0] for one in pair]).std() / 10
    assert vector @ sun == pytest.approx(deviation, rel=0.1) and abs(vector @ hat) < 0.1 * deviation
    assert torch.allclose(skin.maps.shift.flatten(), skin.vector.flatten(), atol=1e-3)


def test_without_a_residual_codes_are_made_alike_all_the_same():
    pair, hat, _ = two_groups()
    bare = tuple(replace(one, details=None) for one in pair)
    positives, negatives = alike(bare, BETWEEN_GROUPS)  # type: ignore[arg-type]
    assert positives.details is None and (positives.codes.mean(0) - negatives.codes.mean(0)) @ hat > 0.9


def test_nothing_is_taken_out_where_nothing_is_held():
    values = np.random.default_rng(6).standard_normal((10, 3, 2))
    assert taken_out(values, np.zeros((10, 0)), np.repeat([0, 1], 5)) is values


def test_only_the_named_directions_are_taken_and_an_editors_keep_their_warp(tmp_path):
    """The editor learned to write on top of a warp, so that stays; all else of a direction that was refitted is new."""
    names, draw = ("age", "smile", "yaw"), torch.Generator().manual_seed(2)

    def made() -> list[Direction]:
        parts = [Maps(*(torch.randn(depth, 4, 4, generator=draw) for depth in (2, 3, 2))) for _ in names]
        return [Direction(name, torch.randn(4, 8, generator=draw), (0, 4), one) for name, one in zip(names, parts, strict=True)]

    old, new = [replace(one, by_editor=one.name == "age", family="f") for one in made()], made()
    out = tmp_path / "directions.safetensors"
    save_directions(old, out, {"faces": "5", "effects": '{"yaw": {"own_effect_sd": 1.0}, "gone": {}}'})
    write(beside(old, new, ["age", "smile"]), {"age": Effect(2.0, 1.0, 0.1, "yaw", None)}, out, 7, IN_FITS)
    age, smile, yaw = load_directions([out], 4, 8).directions
    assert torch.allclose(age.vector, new[0].vector, atol=1e-2) and torch.allclose(age.maps.shift, new[0].maps.shift, atol=1e-2)
    assert torch.allclose(age.maps.warp, old[0].maps.warp, atol=1e-2) and age.by_editor and not smile.by_editor
    assert torch.allclose(smile.maps.warp, new[1].maps.warp, atol=1e-2) and torch.allclose(yaw.vector, old[2].vector, atol=1e-2)
    card = metadata_of(out)
    assert set(json.loads(card["effects"])) == {"yaw", "age"} and json.loads(card["held"]) == {"age": list(IN_FITS)}
    assert card["faces"] == "5"  # most of it was learned from those
