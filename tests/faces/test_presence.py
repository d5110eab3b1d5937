"""Ids and fades, on scripted visitors."""

import numpy as np
import pytest

from installation.faces.presence import Presence, PresenceSettings, Sighting

RATE = 30
ANN, BEN, EVE = (np.eye(4, dtype=np.float32)[i] * 0.8 + 0.2 for i in range(3))


def seen(x: float, y: float = 200.0, size: float = 100.0, looks: np.ndarray = ANN) -> Sighting:
    return Sighting(x, y, size, (looks / np.linalg.norm(looks)).astype(np.float32))


def presence(**settings: float) -> Presence:
    return Presence(PresenceSettings(**settings))  # type: ignore[arg-type]


def test_presence_rises_holds_and_falls() -> None:
    who = presence(fade_in_seconds=0.5, occlusion_seconds=1.0, fade_out_seconds=0.5)
    levels = []
    for i in range(90):
        who.update([seen(300)] if i <= 30 else [], i / RATE)
        levels.append(who.visitors[0].presence if who.visitors else None)
    assert levels[0] == 0
    assert levels[6] == pytest.approx(6 / RATE / 0.5)
    assert levels[15:60] == pytest.approx([1.0] * 45)  # held for a second after frame 30
    assert levels[68] == pytest.approx(1 - 8 / RATE / 0.5, abs=0.08)
    assert levels[77] is None
    assert not who.visitors


def test_an_occlusion_of_a_second_keeps_the_id() -> None:
    who = presence(occlusion_seconds=1.0)
    for i in range(120):
        hidden = 40 <= i < 70
        ids = who.update([] if hidden else [seen(200 + 2 * i)], i / RATE)
        assert ids == ([] if hidden else [0])
        assert [visitor.seen for visitor in who.visitors] == [not hidden]


def test_who_comes_back_while_fading_is_the_same() -> None:
    who = presence(occlusion_seconds=0.5, fade_out_seconds=1.0)
    for i in range(30):
        who.update([seen(300)], i / RATE)
    who.update([], 2.0)
    assert who.update([seen(310)], 2.1) == [0]


def test_a_stranger_in_the_same_place_is_another() -> None:
    who = presence(occlusion_seconds=1.0)
    for i in range(30):
        who.update([seen(300)], i / RATE)
    assert who.update([seen(360, looks=BEN)], 1.6) == [1]


@pytest.mark.parametrize("hidden", [0, 5, 15])
def test_a_crossing_keeps_both_ids(hidden: int) -> None:
    """Ann walks right in front of Ben, who walks left and is hidden for some frames while they overlap."""
    who = presence()
    noise = np.random.default_rng(2)
    for i in range(120):
        ann, ben = 100 + 5 * i, 700 - 5 * i
        faces = [seen(ann + noise.normal(0, 2), 200, 100, ANN)]
        if abs(i - 60) * 2 >= hidden:
            faces.append(seen(ben + noise.normal(0, 2), 210, 95, BEN))
        order = noise.permutation(len(faces))
        ids = who.update([faces[k] for k in order], i / RATE)
        by_looks = {int(k): id for k, id in zip(order, ids, strict=True)}
        assert by_looks[0] == 0
        assert by_looks.get(1, 1) == 1


def test_a_crossing_of_twins_is_told_apart_by_their_motion() -> None:
    who = presence()
    for i in range(120):
        ids = who.update([seen(100 + 5 * i, 200), seen(700 - 5 * i, 230)], i / RATE)
        assert ids == [0, 1]


def test_an_entering_face_gets_a_new_id_and_disturbs_nobody() -> None:
    who = presence()
    for i in range(60):
        faces = [seen(300)] + ([seen(900 - 3 * i, looks=BEN)] if i >= 20 else [])
        ids = who.update(faces, i / RATE)
        assert ids == [0, 1][: len(faces)]
    assert who.visitors[0].presence == 1
    assert who.visitors[1].presence == pytest.approx(1.0)


def test_more_faces_than_places_keeps_the_largest() -> None:
    who = presence(max_faces=2)
    ids = who.update([seen(100, size=50), seen(400, size=120, looks=BEN), seen(800, size=90, looks=EVE)], 0.0)
    assert ids == [None, 0, 1]


def test_a_clearly_larger_face_takes_a_place_after_a_fade() -> None:
    who = presence(max_faces=1, fade_out_seconds=0.5, fade_in_seconds=0.1)
    for i in range(90):
        faces = [seen(200, size=80)] + ([seen(700, size=160, looks=BEN)] if i >= 30 else [])
        who.update(faces, i / RATE)
        assert len(who.visitors) == 1
        if i == 40:
            assert who.visitors[0].id == 0
            assert 0 < who.visitors[0].presence < 1
    assert [visitor.id for visitor in who.visitors] == [1]
    assert who.visitors[0].presence == 1


def test_faces_of_like_size_do_not_flap() -> None:
    who = presence(max_faces=2)
    sizes = np.random.default_rng(5).uniform(0.9, 1.1, (300, 4)) * 100
    kept = set()
    for i, row in enumerate(sizes):
        looks = [ANN, BEN, EVE, ANN + BEN]
        who.update([seen(200 * (k + 1), size=size, looks=looks[k]) for k, size in enumerate(row)], i / RATE)
        kept |= {visitor.id for visitor in who.visitors}
    assert kept == {0, 1}


def test_who_was_not_looked_for_counts_as_seen() -> None:
    who = presence(fade_in_seconds=1.0)
    who.update([seen(200), seen(600, looks=BEN)], 0.0)
    for i in range(1, 31):
        who.update([seen(200)] if i % 2 else [seen(600, looks=BEN)], i / RATE, unchecked={1} if i % 2 else {0})
        assert all(visitor.seen for visitor in who.visitors)
    assert [visitor.presence for visitor in who.visitors] == pytest.approx([1.0, 1.0])
    who.update([seen(200)], 31 / RATE)
    assert [visitor.seen for visitor in who.visitors] == [True, False]


def test_who_cannot_be_seen_well_fades_though_they_are_found() -> None:
    who = presence(occlusion_seconds=0.5, fade_in_seconds=0.1, fade_out_seconds=0.5)
    for i in range(60):
        who.update([Sighting(300, 200, 100, seen(300).looks, quality=0.2 if i >= 20 else 1.0)], i / RATE)
        if i == 34:
            assert who.visitors[0].presence == 1
    assert who.visitors[0].presence == 0
    assert who.visitors[0].seen
    who.update([seen(300)], 2.1)
    assert who.visitors[0].presence > 0


def test_a_newcomer_half_outside_the_frame_is_not_shown_yet() -> None:
    who = presence(fade_in_seconds=0.2)
    for i in range(30):
        who.update([Sighting(10 + 5 * i, 200, 100, seen(0).looks, quality=0.0 if i < 15 else 1.0, edge=i < 15)], i / RATE)
        assert (who.visitors[0].presence > 0) == (i >= 15)


def test_who_walked_out_of_the_frame_fades_sooner_than_who_is_hidden() -> None:
    left = {}
    for edge in (False, True):
        who = presence(occlusion_seconds=1.0, fade_in_seconds=0.1, fade_out_seconds=0.5)
        for i in range(90):
            looks = [Sighting(300, 200, 100, seen(300).looks, quality=0.1 if i >= 27 and edge else 1.0, edge=i >= 27 and edge)]
            who.update(looks if i < 30 else [], i / RATE)
            if not who.visitors:
                left[edge] = i
                break
    assert left[True] < left[False] - 20


def test_without_frames_visitors_fade_and_leave_by_the_clock() -> None:
    who = presence(occlusion_seconds=1.0, fade_out_seconds=1.0)
    for i in range(60):
        who.update([seen(300)], i / RATE)
    who.wait(2.5)
    assert [visitor.presence for visitor in who.visitors] == [1.0]
    assert not who.visitors[0].seen
    who.wait(3.5)
    assert 0 < who.visitors[0].presence < 1
    who.wait(4.1)
    assert not who.visitors


def test_a_hidden_face_does_not_take_over_the_one_before_it() -> None:
    """Ben's landmarks slip over to Ann, who is larger, while she passes in front of him."""
    who = presence()
    for i in range(20):
        who.update([seen(100 + 10 * i, size=120), Sighting(330, 200, 100, seen(0, looks=BEN).looks)], i / RATE)
    hidden = Sighting(320, 200, 110, seen(0, looks=BEN).looks, quality=0.0)
    who.update([seen(300, size=120), hidden], 20 / RATE)
    ids = who.update([seen(312, size=120)], 21 / RATE)
    assert ids == [0]
    emerged = Sighting(335, 200, 120, seen(0, looks=BEN).looks)  # as large as Ann: hers
    who.update([seen(322, size=120), emerged], 22 / RATE)
    assert who.visitors[1].quality == 0
    who.update([seen(420, size=120), Sighting(331, 200, 101, seen(0, looks=BEN).looks)], 25 / RATE)
    assert [visitor.quality for visitor in who.visitors] == [1.0, 1.0]
