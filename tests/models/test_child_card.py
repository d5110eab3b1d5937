"""What a child's file says of how it is to be shown."""

from pathlib import Path

import pytest
import torch

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.loading import metadata_of, save_generator
from installation.models.bundle import _load_child, load_models
from installation.networks.stylegan2 import Generator

WEIGHTS = Path(__file__).parents[2] / "weights"
CHANNELS = dict.fromkeys((4, 8, 16, 32), 8)


@pytest.fixture
def base():
    return Generator(32, 16, 0, CHANNELS).eval()


def child_of(base, folder, **card):
    path = folder / "child.safetensors"
    save_generator(Generator(32, 16, 0, CHANNELS), path, torch.zeros(base.styles, 16), card, frozenset({32}))
    return _load_child(path, base, folder / "base.safetensors")


def test_eyes_and_hue_are_those_of_the_card_within_their_range(base, tmp_path):
    child = child_of(base, tmp_path, name="toon", eyes="0.2", own_hue="0.7")
    assert (child.name, child.eyes, child.own_hue) == ("toon", 0.2, 0.7)
    assert [child_of(base, tmp_path, own_hue=told).own_hue for told in ("7", "-1")] == [1.0, 0.0]


def test_without_a_word_everything_stays_as_it_is_drawn(base, tmp_path):
    child = child_of(base, tmp_path)
    assert (child.name, child.eyes, child.own_hue) == ("child", 0.0, 0.0)


def test_a_card_that_makes_no_sense_is_refused_in_a_sentence(base, tmp_path):
    for card in ({"own_hue": "much"}, {"own_hue": "nan"}, {"eyes": "nan"}):
        with pytest.raises(CheckpointError, match="its card cannot be read"):
            child_of(base, tmp_path, **card)


def test_of_the_shipped_children_the_toon_alone_asks_for_the_sitters_hue():
    cards = {name: metadata_of(WEIGHTS / f"{name}.safetensors") for name in ("painted", "woodcut", "toon")}
    assert {name: float(card.get("own_hue", 0.0)) for name, card in cards.items()} == {"painted": 0.0, "woodcut": 0.0, "toon": 1.0}


def test_two_children_of_one_name_are_told_apart_by_their_files(base, tmp_path):
    """Names come from cards, so files of two names may hold children of one, which a show would take for one control."""
    (tmp_path / "mine").mkdir()
    generator, encoder = WEIGHTS / "generator.safetensors", WEIGHTS / "encoder.safetensors"
    mine = tmp_path / "mine" / "party.safetensors"
    mine.write_bytes((WEIGHTS / "toon.safetensors").read_bytes())
    with pytest.raises(CheckpointError) as caught:
        load_models(generator, encoder, [WEIGHTS / "painted.safetensors", WEIGHTS / "toon.safetensors", mine], [])
    said = str(caught.value)
    assert str(mine) in said and str(WEIGHTS / "toon.safetensors") in said and "painted" not in said
    assert "'toon'" in said and "models.children" in said and "\n" not in said
    with pytest.raises(CheckpointError, match="named twice"):
        load_models(generator, encoder, [mine, mine], [])
