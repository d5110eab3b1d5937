"""The studio over real networks: who is found, what is edited and what is left alone, and what is kept as files."""

import threading

import numpy as np
import pytest

from installation.control.web.studio_desk import StudioError
from installation.studio.atelier import Atelier
from installation.studio.workbench import MOST_PAINTINGS, Workbench
from tests.studio.conftest import LEFT, RIGHT, change, decoded, encoded, face, painting, two

EDITED = 0.8  # grey levels by which an edited face differs on the whole
AGE = {"edit/age/amount": 2.0}


@pytest.fixture(scope="module")
def visit(atelier):
    """Two people, the larger one left."""
    return atelier.take_photograph(encoded(two()), "two.png").result(120)


def full(atelier, visit, **wish):
    return decoded(atelier.picture_file(visit["id"], wish).result(120))


def refused(status, call):
    with pytest.raises(StudioError) as told:
        came = call()
        came.result(120)
    assert told.value.status == status
    return str(told.value)


def test_everybody_is_found_and_the_largest_is_chosen(visit):
    assert (visit["name"], visit["width"], visit["height"]) == ("two.png", 600, 340)
    assert [one["number"] for one in visit["people"]] == [1, 2] and visit["chosen"] == 1
    for one, columns in zip(visit["people"], (LEFT, RIGHT), strict=True):
        x, _, width, _ = one["box"]
        assert columns.start < 600 * x and 600 * (x + width) < columns.stop and one["why"] == ""


def test_without_an_edit_every_pixel_is_the_photographs(atelier, visit):
    assert (full(atelier, visit) == two()).all()
    assert (full(atelier, visit, faces={"1": {"edit/age/amount": 0.0}}) == two()).all()


def test_each_face_has_edits_of_its_own_in_its_place(atelier, visit):
    left = full(atelier, visit, faces={"1": AGE})
    assert left.shape == two().shape
    assert change(two(), left, LEFT) > EDITED and (left[:, RIGHT] == two()[:, RIGHT]).all()
    both = full(atelier, visit, faces={"1": AGE, "2": {"edit/smile/amount": 2.0}})
    assert (both[:, LEFT] == left[:, LEFT]).all() and change(two(), both, RIGHT) > EDITED
    assert (both[:, 300:340] == two()[:, 300:340]).all() and (both[320:] == two()[320:]).all()


def test_the_same_wish_gives_the_same_picture_whatever_came_before(atelier, visit):
    wish = {"faces": {"1": AGE, "2": {"edit/age/amount": -1.0}}}
    first = full(atelier, visit, **wish)
    atelier.drawn(visit["id"], {"faces": {"1": {"edit/smile/amount": 1.0}}, "fine": False}).result(120)
    assert (full(atelier, visit, **wish) == first).all()


def test_a_draft_shows_what_the_fine_picture_shows(atelier, visit):
    def seen(faces, fine):
        return decoded(atelier.drawn(visit["id"], {"faces": faces, "fine": fine}).result(120))

    drafts, fines = ([seen(faces, fine) for faces in ({}, {"1": AGE})] for fine in (False, True))
    for plain, aged in (drafts, fines):
        assert change(plain, aged, LEFT) > EDITED and change(plain, aged, RIGHT) < 0.5
    assert change(drafts[1], fines[1]) < 3


def test_before_is_the_picture_as_it_came(atelier, visit):
    wish = {"faces": {"1": AGE}, "style": {"style/ink/amount": 1.0}}
    assert change(decoded(atelier.before(visit["id"], wish).result(120)), two()) < 2


def test_a_portrait_is_the_square_of_one_face(atelier, visit):
    before = decoded(atelier.before(visit["id"], {"portrait": 2}).result(120))
    after = decoded(atelier.drawn(visit["id"], {"portrait": 2, "faces": {"2": AGE}}).result(120))
    assert before.shape == after.shape and before.shape[0] == before.shape[1] >= 256
    assert change(before, after) > EDITED
    plain = decoded(atelier.drawn(visit["id"], {"portrait": 2, "faces": {"1": AGE}}).result(120))
    assert change(before, plain) < 1


def test_a_generator_is_mixed_in_by_its_layers(atelier, visit):
    def mixed(**layers):
        values = {"blend/toon/amount": 1.0, **{f"blend/toon/layer/{name}": value for name, value in layers.items()}}
        return full(atelier, visit, faces={"1": values})

    layers = ("4", "8", "16", "32", "64", "128", "256")
    nothing, all_ = mixed(**dict.fromkeys(layers, 0.0)), mixed(**dict.fromkeys(layers, 1.0))
    coarse = mixed(**dict.fromkeys(layers, 0.0) | {"4": 1.0, "8": 1.0})
    assert change(nothing, all_) > 1 and change(nothing, coarse) > EDITED and change(coarse, all_) > EDITED


def test_without_glass_the_face_is_painted_anew(atelier, visit):
    dream = full(atelier, visit, portrait=1, faces={"1": {"identity/glass": 0.0}})
    mirror = full(atelier, visit, portrait=1)
    assert mirror.shape[0] >= 256 and dream.shape[0] >= 128
    code = decoded(atelier.code_seen(visit["id"], 1).result(120))
    assert dream.shape == code.shape and change(dream, code) < 6


def test_a_style_is_laid_over_all_or_over_the_people_alone(atelier, visit):
    whole = full(atelier, visit, style={"style/ink/amount": 1.0})
    assert change(two(), whole, slice(560, 600)) > 2 and change(two(), whole, LEFT) > 5
    people = full(atelier, visit, style={"style/ink/amount": 1.0, "style/scope": "portraits"})
    assert change(two(), people, LEFT) > 5 and (people[:, 575:] == two()[:, 575:]).all()
    weak = full(atelier, visit, style={"style/ink/amount": 1.0, "style/strength": 0.3})
    assert change(two(), weak) < 0.5 * change(two(), whole)
    assert (full(atelier, visit, style={"style/ink/amount": 1.0, "style/strength": 0.0}) == two()).all()
    assert len(atelier.sketch(visit["id"], 1, "ink").result(120)) > 1000


def test_a_painting_of_ones_own_is_a_style_and_a_code_file_keeps_it(atelier):
    mine = atelier.take_photograph(encoded(two()), "mine.png").result(120)
    waves = painting()
    told = atelier.take_painting(mine["id"], encoded(waves), "my waves.png").result(120)
    assert told == {"name": "style/own-1/amount", "title": "my waves"}
    painted = full(atelier, mine, style={told["name"]: 1.0})
    assert change(two(), painted) > 5
    data = atelier.code_file(mine["id"], 1, {"style": {told["name"]: 0.7}}).result(120)
    again = atelier.take_code(data, "x.npz").result(120)
    assert again["style"] == {told["name"]: 0.7} and again["paintings"] == [told]
    assert change(full(atelier, again), full(atelier, again, style=again["style"])) > 5
    refused(422, lambda: atelier.take_painting(mine["id"], b"no picture", "a.png"))
    for k in range(2, MOST_PAINTINGS + 1):
        assert atelier.take_painting(mine["id"], encoded(waves), f"{k}.png").result(120)["name"] == f"style/own-{k}/amount"
    assert "most" in refused(422, lambda: atelier.take_painting(mine["id"], encoded(waves), "more.png"))
    atelier.forget(mine["id"])


def test_own_paintings_go_over_to_the_same_picture_under_names_that_are_free(atelier):
    mine, again, other = (atelier.take_photograph(encoded(two()), name).result(120) for name in ("mine.png", "again.png", "other.png"))
    waves = atelier.take_painting(mine["id"], encoded(painting()), "my waves.png").result(120)
    blots = atelier.take_painting(again["id"], encoded(painting(31.0)), "blots.png").result(120)
    data = atelier.code_file(mine["id"], 1, {"style": {waves["name"]: 1.0}}).result(120)
    code = atelier.take_code(data, "x.npz").result(120)
    taken = atelier.adopt(again["id"], code["id"], 1).result(120)
    assert blots["name"] == waves["name"] == "style/own-1/amount"
    assert taken == {
        "codes": {},
        "styles": {waves["name"]: "style/own-2/amount"},
        "paintings": [blots, {"name": "style/own-2/amount", "title": "my waves"}],
        "notices": [],
    }
    assert (full(atelier, again, style={"style/own-2/amount": 1.0}) == full(atelier, mine, style={waves["name"]: 1.0})).all()
    assert atelier.adopt(again["id"], mine["id"], 1).result(120) == taken  # it is there already
    for k in range(MOST_PAINTINGS):
        atelier.take_painting(other["id"], encoded(painting(31.0 + k)), f"{k}.png").result(120)
    full_up = atelier.adopt(other["id"], code["id"], 1).result(120)
    assert full_up["styles"] == {} and len(full_up["paintings"]) == MOST_PAINTINGS
    assert "my waves" in full_up["notices"][0] and str(MOST_PAINTINGS) in full_up["notices"][0]
    for one in (mine, again, other, code):
        atelier.forget(one["id"])


def test_a_hand_on_a_slider_goes_first_and_what_takes_longer_does_not(atelier, monkeypatch):
    mine = atelier.take_photograph(encoded(two()), "mine.png").result(120)
    threads, shown = [], Workbench.shown

    def watched(*args):
        threads.append(threading.current_thread().name)
        return shown(*args)

    monkeypatch.setattr(Workbench, "shown", watched)

    def by(ask, **wish):
        ask(mine["id"], wish).result(120)
        return threads.pop()

    drawn, before = atelier.drawn, atelier.before
    assert by(drawn, faces={"1": AGE}, fine=False) == by(before, portrait=1, fine=False) == "studio-short"
    assert by(drawn, faces={"1": AGE}, fine=True) == by(before, portrait=1, fine=True) == "studio"
    assert by(drawn, faces={"1": AGE}, style={"style/ink/amount": 1.0}, fine=False) == "studio"
    assert by(drawn, faces={"2": AGE}, fine=False) == "studio"  # which the encoder has not met
    assert by(drawn, faces={"2": AGE}, fine=False) == "studio-short"
    atelier.forget(mine["id"])
    again = atelier.take_photograph(encoded(two()), "again.png").result(120)
    mine["id"] = again["id"]
    assert by(before, portrait=2, fine=False) == "studio"
    atelier.forget(again["id"])


def test_code_and_edits_load_again_without_the_photograph(atelier, visit):
    wish = {"faces": {"1": AGE, "2": {"edit/smile/amount": 1.0}}, "style": {"style/ink/amount": 0.5}}
    data = atelier.code_file(visit["id"], 1, wish).result(120)
    again = atelier.take_code(data, "saved.npz").result(120)
    assert (again["values"], again["style"], again["face"]) == (AGE, {"style/ink/amount": 0.5}, 1)
    assert again["code"] and again["digest"] == visit["digest"] and again["name"] == "two.png"
    plain, aged = full(atelier, again), full(atelier, again, faces={"1": AGE})
    assert change(plain, aged) > EDITED
    code = decoded(atelier.code_seen(visit["id"], 1).result(120))
    assert change(decoded(atelier.code_seen(again["id"], 1).result(120)), code) < 1
    assert atelier.code_file(again["id"], 1, {"faces": {"1": AGE}}).result(120)  # and is saved again


def test_what_makes_no_sense_is_told(atelier, visit):
    id = visit["id"]
    for wish in (
        None, [], {"faces": []}, {"faces": {"9": AGE}}, {"faces": {"x": AGE}}, {"portrait": 3},
        {"faces": {"1": {"edit/nothing/amount": 1}}},
        {"faces": {"1": {"edit/age/amount": "much"}}}, {"faces": {"1": {"edit/age/lfo/depth": 1}}}, {"faces": {"1": {"look/grain": 1}}},
        {"faces": {"1": {"preset/recall": "x"}}}, {"style": {"style/none/amount": 1}}, {"style": {"style/walk/amount": 1}},
        {"style": {"style/own-1/amount": 1}}, {"style": {"edit/age/amount": 1}},
    ):  # fmt: skip
        assert refused(400, lambda wish=wish: atelier.drawn(id, wish)).endswith(".")
    assert (
        change(full(atelier, visit, faces={"1": {"edit/age/amount": 3.0}}), full(atelier, visit, faces={"1": {"edit/age/amount": 99}})) == 0
    )
    refused(404, lambda: atelier.sketch(id, 1, "none"))
    refused(400, lambda: atelier.code_seen(id, 7))
    refused(410, lambda: atelier.drawn("nobody", {}))
    refused(404, lambda: atelier.take_sample(99))


def test_nobody_and_whoever_cannot_be_edited_are_told(atelier):
    wall = np.full((300, 400, 3), 120, np.uint8)
    assert "no face was found" in refused(422, lambda: atelier.take_photograph(encoded(wall), "wall.png"))
    half = np.full((340, 600, 3), 120, np.uint8)
    half[40:296, :128] = face()[:, 128:]
    half[70:270, 350:550] = face("09460", 200)
    told = atelier.take_photograph(encoded(half), "half.png").result(120)
    left = [one for one in told["people"] if one["why"]]
    assert told["chosen"] == next(one["number"] for one in told["people"] if not one["why"])
    for one in left:
        assert "cut off" in one["why"] or "away" in one["why"]
        refused(400, lambda one=one: atelier.drawn(told["id"], {"faces": {str(one["number"]): AGE}}))


def test_twenty_faces_are_found_and_one_of_them_edited(atelier):
    crowd = np.full((4 * 300, 5 * 300, 3), 120, np.uint8)
    names = ("05015", "09460", "03992", "01620")
    for k in range(20):
        y, x = 300 * (k // 5) + 40, 300 * (k % 5) + 40
        crowd[y : y + 220, x : x + 220] = face(names[k % 4], 220)
    told = atelier.take_photograph(encoded(crowd), "crowd.png").result(300)
    assert len(told["people"]) == 20
    number = told["people"][7]["number"]
    after = full(atelier, told, faces={str(number): AGE})
    changed = np.abs(after.astype(int) - crowd).sum(axis=2) > 0
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert changed.any() and rows[-1] - rows[0] < 320 and columns[-1] - columns[0] < 320


def test_samples_are_there_to_try(atelier):
    desk = atelier.desk()
    assert desk["samples"] >= 4 and atelier.sample(1)[8:12] == b"WEBP"
    assert atelier.take_sample(2).result(120)["people"]


def test_the_desk_tells_every_edit_and_nothing_of_the_canvas(atelier, workshop):
    desk = atelier.desk()
    names = [row["name"] for row in desk["edits"]]
    assert names == [f"edit/{name}/amount" for name in workshop[1].models.directions.names] and len(names) >= 15
    assert [row["name"] for row in desk["face"]] == ["identity/glass", "identity/detail", "truncation"]
    blend = next(one for one in desk["blends"] if one["name"] == "toon")
    assert [len(names) for names in blend["groups"].values()] == [2, 2, 3]
    assert all(row["name"].startswith("style/") and row["name"].endswith("/amount") for row in desk["styles"])
    assert [row["name"] for row in desk["styling"]] == ["style/strength", "style/colour", "style/scope"]


def test_before_the_show_is_there_that_is_said(workshop):
    early = Atelier(workshop[0], workshop[1])
    assert "starting" in refused(503, lambda: early.take_photograph(encoded(two()), "a.png"))
    assert early.desk()["edits"]
    early.close()


def test_the_networks_stay_while_somebody_is_there_and_come_again_when_they_are_wanted(workshop):
    config, offer, networks = workshop
    made = Atelier(config, offer)
    made.use(networks, None)
    mine = made.take_photograph(encoded(two()), "mine.png").result(120)
    bench = made._bench
    made._rest()
    assert made._bench is bench is not None
    made.forget(mine["id"])
    made._rest()
    assert made._bench is None
    made.desk()  # whoever asks is about to need them
    refused(410, lambda: made.drawn(mine["id"], {}))
    assert made._bench is not None
    made.close()


def test_what_is_left_is_forgotten_and_nothing_is_written(atelier, visit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = atelier.take_photograph(encoded(two()), "one.png").result(120)
    assert 0 < atelier.seen(one["id"])["seconds"] <= 1800
    atelier.forget(one["id"])
    refused(410, lambda: atelier.drawn(one["id"], {}))
    with pytest.raises(StudioError):
        atelier.seen(one["id"])
    assert list(tmp_path.iterdir()) == []
