import itertools

import pytest

from installation.canvas.layout import Box, Hanging, Layout, targets

SIZES = ((1280, 720), (720, 1280), (640, 640))


def step_for(layout: Layout, hanging: list[Hanging], begin: float, seconds: float, fps: float, kind: str = "grid"):
    placements = ()
    for i in range(1, round(seconds * fps) + 1):
        placements = layout.step(hanging, kind, 1.0, begin + i / fps)
    return placements


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["grid", "row", "focus"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 13, 30])
def test_portraits_hang_inside_the_canvas_and_apart(size, kind, count):
    boxes = targets(kind, count, *size)
    assert len(boxes) == count
    for box in boxes:
        assert box.size >= 15
        assert box.size / 2 <= box.x <= size[0] - box.size / 2
        assert box.size / 2 <= box.y <= size[1] - box.size / 2
    for a, b in itertools.combinations(boxes, 2):
        assert max(abs(a.x - b.x), abs(a.y - b.y)) >= (a.size + b.size) / 2 - 1e-6


def test_the_grid_is_the_largest_that_fits():
    one, four = targets("grid", 1, 1280, 720)[0], targets("grid", 4, 1280, 720)
    assert one.size > 0.85 * 720
    assert {box.y for box in four} != {four[0].y}  # two rows beat one in a landscape canvas
    assert len({box.y for box in targets("row", 4, 1280, 720)}) == 1


def test_focus_makes_the_first_visitor_largest_whatever_the_orientation():
    for size in SIZES:
        first, *others = targets("focus", 5, *size)
        assert all(first.size > 1.5 * other.size for other in others)


def test_nobody_hangs_nothing():
    assert targets("grid", 0, 1280, 720) == []
    assert Layout(1280, 720).step([], "grid", 1.0, 0.0) == ()


def test_a_newcomer_moves_the_others_without_a_jump():
    layout = Layout(1280, 720)
    step_for(layout, [Hanging(0, 1.0)], 0.0, 3.0, 60)
    before = layout.step([Hanging(0, 1.0)], "grid", 1.0, 3.0)[0]
    assert before.rests
    places = [before.box]
    opacities = [0.0]
    for i in range(1, 181):
        placements = layout.step([Hanging(0, 1.0), Hanging(1, 1.0)], "grid", 1.0, 3.0 + i / 60)
        places.append(placements[0].box)
        opacities.append(placements[1].opacity)
    steps = [max(abs(a.x - b.x), abs(a.size - b.size)) for a, b in itertools.pairwise(places)]
    distance = abs(places[-1].x - places[0].x)
    assert distance > 100
    assert max(steps) < 0.06 * distance  # no pop
    assert max(b - a for a, b in itertools.pairwise(opacities)) < 0.06
    assert opacities[-1] == 1.0
    goal = targets("grid", 2, 1280, 720)
    assert places[-1] == goal[0]
    assert placements[1].rests


def test_the_way_does_not_depend_on_the_frame_rate():
    ends = []
    for fps in (10, 30, 120):
        layout = Layout(1280, 720)
        step_for(layout, [Hanging(0, 1.0)], 0.0, 3.0, fps)
        ends.append(step_for(layout, [Hanging(0, 1.0), Hanging(1, 1.0)], 3.0, 0.3, fps)[0].box)
    for end in ends[1:]:
        assert end.x == pytest.approx(ends[0].x, abs=0.5)
        assert end.size == pytest.approx(ends[0].size, abs=0.5)


def test_who_is_no_longer_named_fades_where_they_hang():
    layout = Layout(1280, 720)
    step_for(layout, [Hanging(0, 1.0), Hanging(1, 1.0)], 0.0, 3.0, 30)
    there = layout.step([Hanging(0, 1.0), Hanging(1, 1.0)], "grid", 1.0, 3.0)[0].box
    gone = next(one for one in layout.step([Hanging(1, 1.0)], "grid", 1.0, 3.1) if one.id == 0)
    assert 0.0 < gone.opacity < 1.0
    assert gone.box == there
    later = step_for(layout, [Hanging(1, 1.0)], 3.1, 2.0, 30)
    assert [one.id for one in later] == [1]
    assert later[0].box == targets("grid", 1, 1280, 720)[0]


def test_a_long_pause_makes_no_leap_past_the_goal():
    layout = Layout(1280, 720)
    layout.step([Hanging(0, 1.0)], "grid", 1.0, 0.0)
    box = layout.step([Hanging(0, 1.0)], "grid", 1.0, 100.0)[0].box
    goal = targets("grid", 1, 1280, 720)[0]
    assert isinstance(box, Box)
    assert 0.8 * goal.size < box.size <= goal.size
