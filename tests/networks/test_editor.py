from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from installation.networks.editor import HEAD, KNOBS, Editor, added, ellipse, where_to_write
from installation.networks.encoder_parts import EditingTrunk, EncoderTrunk, example_crops
from installation.networks.facets_encoder import FacetsEncoder


@pytest.fixture(scope="module")
def parts():
    torch.manual_seed(1)
    encoder, editor = FacetsEncoder(styles=14, w_dim=32).eval(), Editor().eval()
    for layer in (editor.last, editor.move):
        torch.nn.init.normal_(layer.weight, std=0.1)
        torch.nn.init.normal_(layer.bias, std=0.1)
    return encoder, editor


def test_a_new_editor_changes_nothing(parts):
    encoder, _ = parts
    with torch.inference_mode():
        changes, flows = Editor().eval()(*encoder.pyramid(torch.randn(2, 3, 128, 128)))
    assert changes.shape == (2, len(KNOBS), 2, 32, 32, 32) and flows.shape == (2, len(KNOBS), 2, 2, 64, 64)
    assert not changes.any() and not flows.any()


def test_no_edit_reaches_the_frame_or_the_hair(parts):
    encoder, editor = parts
    with torch.inference_mode():
        changes, flows = editor(*encoder.pyramid(torch.randn(1, 3, 128, 128)))
    size = changes.abs().amax((0, 2, 3))  # [knobs, 32, 32]
    middle = size[:, 16, 16]
    for edge in (size[:, 0], size[:, -1], size[:, :, 0], size[:, :, -1]):
        assert (edge < 0.1 * middle[:, None]).all()
    assert flows.abs().amax((0, 2, 3))[:, 0].max() < 0.1 * flows.abs().max()
    assert (size[:, 5, 16] < 0.1 * middle).all() and (size[:2, 12, 5] < 0.1 * middle[:2]).all()
    assert (size[:2, 9, 16] > 0.2 * middle[:2]).all()  # the forehead belongs to the face
    assert 0.99 < float(ellipse(*HEAD).max()) <= 1


def test_amounts_are_taken_by_their_way_and_added_up():
    either = torch.arange(12.0).view(1, 3, 2, 2)
    got = added(either, torch.tensor([[0.5, 0.0, -2.0]]))
    assert torch.equal(got, 0.5 * either[:, 0, 0] + 2 * either[:, 2, 1])
    assert not added(either, torch.zeros(1, 3)).any()


def test_the_trunk_gives_the_same_with_an_editor_and_what_it_writes_besides(parts):
    encoder, editor = parts
    crops = example_crops(2, 128)
    with torch.inference_mode():
        plain, both = EncoderTrunk(encoder)(crops), EditingTrunk(encoder, editor)(crops)
        expected = editor(*encoder.pyramid(crops.permute(0, 3, 1, 2).float() / 127.5 - 1))
    for a, b in zip((*plain, *expected), both, strict=True):
        assert torch.equal(a, b)


def test_age_leaves_lips_and_brows_to_their_owner_and_gender_most_of_them():
    lips, brow, cheek, forehead = (23, 16), (12, 20), (19, 10), (9, 16)  # cells of 32
    age, gender, smile = (where_to_write(name) for name in ("age", "gender", "smile"))
    assert age[lips] < 0.02 and age[brow] < 0.35 and gender[lips] < 0.25 and 0.5 < gender[brow] < 0.9
    assert age[cheek] > 0.9 and age[forehead] > 0.8 and gender[cheek] > 0.9
    assert smile[lips] > 0.95
    assert torch.equal(Editor().where[0], age)


def test_what_ships_writes_where_the_code_says():
    shipped = load_file(Path(__file__).parents[2] / "weights" / "editor.safetensors")
    assert torch.allclose(shipped["where"].float(), Editor().where, atol=1e-3)
