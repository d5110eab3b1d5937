import pytest
import torch

from installation.latents.directions import Direction, DirectionSet, load_directions, save_directions
from installation.latents.maps import Maps
from installation.latents.own_changes import added, between
from installation.messages import LipAmounts, OwnChanges

STYLES, WIDTH, SIDE = 4, 6, 8


def changes(seed: int) -> OwnChanges:
    draw = torch.Generator().manual_seed(seed)
    return OwnChanges(torch.rand(3, 2, 2, SIDE, SIDE, generator=draw) * 0.2, torch.rand(3, 2, 2, 16, 16, generator=draw) * 0.01)


def direction(name: str, by_editor: bool = True) -> Direction:
    maps = Maps(flow=torch.full((2, SIDE, SIDE), 0.1), shift=torch.full((2, SIDE, SIDE), 0.3), warp=torch.full((2, 16, 16), 0.02))
    return Direction(name, torch.ones(STYLES, WIDTH), (0, STYLES), maps, by_editor=by_editor)


def test_what_is_left_to_the_editor_keeps_its_warp_alone():
    found = DirectionSet([direction("age"), direction("hat", by_editor=False), direction("beard")], knobs=("smile", "age"))
    move = found.move([0.5, 0.0, 0.0])
    assert not move.offset.any() and move.knobs == ((1, 0.5),)
    own, detail = changes(1), torch.zeros(2, SIDE, SIDE)
    assert torch.allclose(move.carry(detail, own), 0.5 * own.residual[1, 0])
    assert torch.allclose(move.warp(own), 0.5 * own.flow[1, 0] + 0.01)
    assert torch.equal(move.carry(detail), detail) and torch.allclose(move.warp(), torch.full((2, 16, 16), 0.01))
    for amounts in ([0.0, 1.0, 0.0], [0.0, 0.0, 1.0]):  # the editor has no such knob, or the file leaves it nothing
        linear = found.move(amounts)
        assert linear.knobs == () and linear.offset.any() and torch.equal(linear.carry(detail, own), linear.carry(detail))


def test_without_an_editor_every_direction_is_linear():
    alone = DirectionSet([direction("age")]).move([1.0])
    assert alone.knobs == () and torch.equal(alone.offset, torch.ones(STYLES, WIDTH))


def test_either_way_has_its_own_change_and_none_is_nothing():
    own = changes(2)
    total = added(own.residual, ((0, -0.5), (2, 2.0)))
    assert torch.allclose(total, 0.5 * own.residual[0, 1] + 2 * own.residual[2, 0])
    assert added(own.residual, ()) is None
    before = own.residual.clone()
    added(own.residual, ((0, 1.0), (1, 1.0)))
    assert torch.equal(own.residual, before)  # what is kept of a face is not written into


def test_a_smile_on_top_of_an_edit_adds_to_its_knob():
    found = DirectionSet([direction("smile"), direction("age")], knobs=("age", "smile"))
    move = found.move([0.25, 1.0])
    further = found.further(move, 0, 0.5)
    assert dict(further.knobs) == {1: 0.75, 0: 1.0} and dict(move.knobs) == {1: 0.25, 0: 1.0}
    assert dict(found.further(move, 0, -0.25).knobs) == {0: 1.0}
    assert dict(found.further(None, 0, 0.5).knobs) == {1: 0.5}


def test_a_residual_stays_in_its_range_and_the_sitters_own_is_not_written_into():
    own, detail = changes(3), torch.full((2, SIDE, SIDE), 0.95)
    move = DirectionSet([direction("age")], knobs=("age",)).move([4.0])
    edited = move.carry(detail, own)
    assert float(edited.max()) == 1.0 and torch.equal(detail, torch.full((2, SIDE, SIDE), 0.95))
    weak = move.carry(torch.zeros(2, SIDE, SIDE), own, 0.5)
    assert torch.allclose(weak, (2.0 * own.residual[0, 0]).clamp(-1, 1))


def test_half_way_between_two_faces_and_where_one_is_unknown():
    a, b = changes(4), changes(5)
    assert torch.allclose(between(a, b, 0.25).residual, 0.75 * a.residual + 0.25 * b.residual)
    assert torch.allclose(between(a, b, 0.25).flow, 0.75 * a.flow + 0.25 * b.flow)
    assert between(a, b, 0.0) is a and between(a, b, 1.0) is b
    assert between(a, None, 0.9) is a and between(None, b, 0.1) is b and between(None, None, 0.5) is None


def test_files_keep_which_directions_an_editor_draws(tmp_path):
    path = tmp_path / "d.safetensors"
    save_directions([direction("age"), direction("hat", by_editor=False)], path, {})
    assert [d.by_editor for d in load_directions([path], STYLES, WIDTH).directions] == [True, False]
    drawn = load_directions([path], STYLES, WIDTH, knobs=("age",))
    assert drawn.move([1.0, 0.0]).knobs == ((0, 1.0),) and not drawn.move([1.0, 0.0]).offset.any()
    save_directions([direction("age", by_editor=False)], tmp_path / "own.safetensors", {})  # an artist's own of the same name
    own = load_directions([path, tmp_path / "own.safetensors"], STYLES, WIDTH, knobs=("age",))
    assert own.move([1.0, 0.0]).knobs == () and own.move([1.0, 0.0]).offset.any()


@pytest.mark.parametrize("told", ['{"age": 1}', "not json"])
def test_a_card_that_says_nonsense_is_one_sentence(tmp_path, told):
    from installation.errors import WeightsError

    path = tmp_path / "d.safetensors"
    save_directions([direction("age", by_editor=False)], path, {"by_editor": told})
    with pytest.raises(WeightsError, match="not a readable directions file") as refused:
        load_directions([path], STYLES, WIDTH)
    assert "\n" not in str(refused.value)


def test_an_amount_of_the_mouth_moves_the_lips_and_is_not_drawn():
    found = DirectionSet([direction("age"), direction("mouth-open")], knobs=("mouth-open", "age"))
    both = found.parted([0.5, 0.75])
    assert both.lips.opening == 0.75 and both.knobs == ((1, 0.5),) and both.drawn
    own = changes(5)
    assert torch.allclose(both.warp(own), found.move([0.5, 0.0]).warp(own))  # nor does its own warp move anything
    for amount in (0.75, -0.5):
        alone = found.parted([0.0, amount])
        assert alone.lips.opening == amount and not alone.drawn and not alone.offset.any() and alone.warp(own) is None
    assert found.parted([0.0, 0.0]) is None and found.move([0.0, 0.75]).lips.opening == 0.0
    older = found.further(found.parted([0.0, 0.75]), 0, 1.0)
    assert older.lips.opening == 0.75 and older.drawn and older.knobs == ((1, 1.0),)
    assert found.further(older, 1, -1.0).lips.opening == -0.25 and found.further(older, 1, -1.0).knobs == older.knobs


def test_a_smile_that_goes_closes_the_mouth_and_one_that_comes_does_not_open_it():
    found = DirectionSet([direction("smile"), direction("mouth-open")], knobs=("smile", "mouth-open"))
    assert found.parted([-0.5, 0.0]).lips == LipAmounts(-0.5, -0.5) and found.parted([-0.5, 0.0]).drawn
    assert found.parted([0.5, 0.0]).lips == LipAmounts(0.0, 0.5)
    assert found.parted([-0.5, 1.0]).lips.opening == 0.5
    assert found.further(None, 0, -0.5).lips.opening == -0.5  # as a visitor's own smile adds it
    assert found.further(found.parted([0.5, 0.0]), 0, -0.75).lips == LipAmounts(-0.25, -0.25)
    assert found.further(found.parted([-0.5, 0.25]), 0, 2.0).lips.opening == 0.25
    own = DirectionSet([direction("smile", by_editor=False), direction("mouth-open")], knobs=("smile", "mouth-open"))
    assert not own.parted([-0.5, 0.0]).lips.any  # an artist's own does what its maker wants


def test_an_artists_own_direction_of_that_name_is_drawn_as_it_is():
    for found in (
        DirectionSet([direction("mouth-open", by_editor=False)], knobs=("mouth-open",)),
        DirectionSet([direction("mouth-open")]),
    ):
        move = found.parted([1.0])
        assert not move.lips.any and move.drawn and move.offset.any()


def test_how_much_of_an_edit_is_the_editors():
    found = DirectionSet([direction("age"), direction("hat", by_editor=False)], knobs=("age",))
    assert found.move([2.0, 0.0]).by_editor == 1.0 and found.move([0.0, -1.0]).by_editor == 0.0
    assert found.move([-1.0, 3.0]).by_editor == pytest.approx(0.25)
    assert found.further(found.move([1.0, 0.0]), 1, -1.0).by_editor == pytest.approx(0.5)
