"""Lists of directions: components, layers, strengths, and what is wrong with a list."""

import pytest
import torch

from installation.errors import WeightsError
from installation.latents.direction_lists import parse_layers
from installation.latents.directions import Direction, load_directions, save_directions
from installation.latents.maps import Maps

STYLES, WIDTH = 6, 8


@pytest.fixture
def folder(tmp_path):
    torch.save({"comp": torch.eye(40, WIDTH)[:, None], "std": torch.full((40,), 2.0)}, tmp_path / "pca.pt")
    torch.save(torch.ones(1, WIDTH), tmp_path / "age.pt")
    torch.save({"beard": torch.ones(STYLES, WIDTH), "hat": torch.ones(1, WIDTH)}, tmp_path / "many.pt")
    own = [Direction("own", torch.ones(STYLES, WIDTH), (2, 4), Maps(flow=torch.ones(2, 4, 4)))]
    save_directions(own, tmp_path / "own.safetensors", {"family": "mine"})
    return tmp_path


def listed(folder, text):
    path = folder / "list.yaml"
    path.write_text(text, encoding="utf-8")
    return load_directions([path], STYLES, WIDTH)


def test_component_layers_scale_and_name(folder):
    found = listed(folder, "directions:\n  - {file: pca.pt, component: 3, layers: 1-2, scale: -20, name: Wide Smile}\n  - file: age.pt")
    assert found.names == ("wide-smile", "age")
    smile = found.directions[0]
    assert smile.layers == (1, 3)
    assert smile.vector[:, 3].tolist() == [0, -40, -40, 0, 0, 0] and smile.vector.abs().sum() == 80
    assert found.directions[1].vector.sum() == STYLES * WIDTH


def test_picking_from_several_and_a_scale_for_the_residual_too(folder):
    found = listed(folder, "family: mine\ndirections:\n  - {file: many.pt, pick: hat, layers: 0}\n  - {file: own.safetensors, scale: 0.25}")
    assert found.names == ("hat", "own")
    assert found.directions[0].vector.sum(dim=1).tolist() == [8, 0, 0, 0, 0, 0]
    assert found.directions[0].family == "mine"
    assert found.directions[1].vector[2, 0] == 0.25 and found.directions[1].maps.flow.unique().tolist() == [0.25]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("directions: []", "a list of entries is needed"),
        ("direction:\n  - file: age.pt", "a list of entries is needed"),
        ("directions:\n  - {file: age.pt}\nother: 1", "other: no such key"),
        ("directions:\n  - {name: a}", r"list\.yaml:2: an entry needs a file"),
        ("directions:\n  - {file: age.pt, strength: 2}", r"list\.yaml:2: strength: no such key"),
        ("directions:\n  - {file: age.pt, layers: 7-2}", "layers: first and last"),
        ("directions:\n  - {file: age.pt, layers: 4-9}", "'age' moves layers 4-9, the generator has 0-5"),
        ("directions:\n  - {file: age.pt, scale: .inf}", "scale: a finite number"),
        ("directions:\n  - {file: age.pt, scale: .nan}", "scale: a finite number"),
        (f"directions:\n  - {{file: age.pt, scale: {10**400}}}", "scale: a finite number"),
        ("directions:\n  - {file: pca.pt, component: 99}", r"pca\.pt has no component 99; it holds 40 components"),
        ("directions:\n  - {file: pca.pt}", r"pca\.pt holds 40 directions; say which with component"),
        ("directions:\n  - {file: many.pt, name: one}", r"many\.pt holds 2 directions; say which with pick"),
        ("directions:\n  - {file: many.pt, pick: nose}", "no direction 'nose'; it holds beard, hat"),
        ("directions:\n  - {file: none.pt}", r"none\.pt: no such"),
        ("directions:\n  - {file: list.yaml}", "cannot name another list"),
        ("directions: [", r"list\.yaml"),
    ],
)
def test_what_is_wrong_is_said(folder, text, reason):
    with pytest.raises(WeightsError, match=reason):
        listed(folder, text)


@pytest.mark.parametrize(("text", "layers"), [("4-7", (4, 8)), (4, (4, 5)), ("0", (0, 1)), ([2, 3], (2, 4))])
def test_layers(text, layers):
    assert parse_layers(text) == layers


@pytest.mark.parametrize("text", ["", "a", "-1", "3-1", "1-2-3", [], True, 900])
def test_layers_that_are_none(text):
    with pytest.raises(ValueError, match="first and last"):
        parse_layers(text)
