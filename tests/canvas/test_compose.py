"""The canvas against pixels: the plain path by itself, then GL against it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from installation.canvas.compose import BLACKOUT_SECONDS, Compose
from installation.canvas.hud import HudGroup, HudState
from installation.canvas.plain.renderer import PlainRenderer
from installation.canvas.scene import Renderer
from installation.messages import Expression, Face, Frame, Portrait, Portraits

# The stand-ins lie beside the tests of the renderers.
_spec = importlib.util.spec_from_file_location("stand_ins", Path(__file__).parents[1] / "canvas" / "stand_ins.py")
assert _spec and _spec.loader
stand_ins = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stand_ins)
Knobs, gradient_picture, plain_picture, portraits = (
    stand_ins.Knobs,
    stand_ins.gradient_picture,
    stand_ins.plain_picture,
    stand_ins.portraits,
)

WIDTH, HEIGHT = 320, 180
RED, BLUE = (200, 40, 30), (30, 60, 200)
FRAME = np.dstack([np.full((90, 160), 220, np.uint8), np.tile(np.arange(160, dtype=np.uint8), (90, 1)), np.full((90, 160), 90, np.uint8)])


def draw(who, knobs, seconds=3.0, fps=30, renderer: Renderer | None = None, hud=None, size=(WIDTH, HEIGHT)):
    """The picture after some time of the same visitors."""
    compose = Compose(renderer or PlainRenderer(*size))
    for i in range(round(seconds * fps) + 1):
        compose(who, knobs, i / fps, hud)
    return compose.read().copy()


def middle(picture):
    return picture[picture.shape[0] // 2, picture.shape[1] // 2]


def test_a_portrait_hangs_in_the_middle_and_fades_into_the_wall():
    picture = draw(portraits(plain_picture(RED)), Knobs(background="black"))
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(middle(picture).astype(int) - RED).max() <= 1
    assert picture[:, : WIDTH // 5].max() == 0
    row = picture[HEIGHT // 2, WIDTH // 2 :, 0].astype(int)
    assert np.all(np.diff(row) <= 0)  # never brighter on the way out
    assert np.abs(np.diff(row)).max() < 40  # and no edge


def test_the_room_is_dark_lit_where_a_portrait_hangs_and_never_quite_black():
    empty = draw(None, Knobs())
    assert 3 < empty.mean() < 60
    two = draw(portraits(plain_picture(RED), plain_picture(BLUE)), Knobs(layout="row"))
    wall = two[int(0.12 * HEIGHT)].mean(axis=1)
    assert wall[WIDTH // 4] > wall[3] + 4


def test_portraits_hang_in_the_order_of_their_ids_on_any_canvas():
    who = portraits(plain_picture(RED), plain_picture(BLUE))
    wide = draw(who, Knobs(background="black"))
    assert wide[HEIGHT // 2, WIDTH // 4, 0] > 150 > wide[HEIGHT // 2, WIDTH // 4, 2]
    assert wide[HEIGHT // 2, 3 * WIDTH // 4, 2] > 150
    tall = draw(who, Knobs(background="black"), size=(HEIGHT, WIDTH))
    assert tall[WIDTH // 4, HEIGHT // 2, 0] > 150
    assert tall[3 * WIDTH // 4, HEIGHT // 2, 2] > 150


def test_mirror_turns_each_portrait_about():
    picture = np.hstack([plain_picture(RED)[:, :32], plain_picture(BLUE)[:, :32]])
    straight, mirrored = (draw(portraits(picture), Knobs(background="black", mirror=mirror)) for mirror in (False, True))
    assert straight[HEIGHT // 2, WIDTH // 2 - 30, 0] > 150
    assert mirrored[HEIGHT // 2, WIDTH // 2 - 30, 2] > 150
    assert np.abs(straight.astype(int) - mirrored[:, ::-1]).mean() < 1.0


def test_brightness_gamma_and_tint_follow_their_formula():
    grey = portraits(plain_picture((100, 100, 100)))
    assert middle(draw(grey, Knobs(brightness=1.5)))[0] == pytest.approx(150, abs=2)
    assert middle(draw(grey, Knobs(gamma=2.0)))[0] == pytest.approx(255 * (100 / 255) ** 0.5, abs=2)
    toned = middle(draw(grey, Knobs(tint_hue=0.0, tint_amount=1.0))).astype(int)
    assert toned[0] > toned[1] + 40
    assert toned @ [0.2126, 0.7152, 0.0722] == pytest.approx(100, abs=2)
    grey_red = middle(draw(portraits(plain_picture(RED)), Knobs(saturation=0.0))).astype(int)
    assert np.ptp(grey_red) <= 1
    assert grey_red[0] == pytest.approx(np.dot(RED, [0.2126, 0.7152, 0.0722]), abs=2)


def test_the_vignette_reaches_portraits_and_wall():
    knobs = Knobs(background="black", layout="row", softness=0.0)
    who = portraits(*[plain_picture((200, 200, 200))] * 5)
    plain = draw(who, knobs)
    knobs.turn(vignette=1.0)
    dark = draw(who, knobs)
    x = WIDTH // 8
    assert dark[HEIGHT // 2, x, 0] < 0.93 * plain[HEIGHT // 2, x, 0]
    assert middle(dark)[0] == pytest.approx(middle(plain)[0], abs=2)


def test_opacity_lets_the_wall_through_and_visitors_fade_in_and_out_without_a_pop():
    half = draw(portraits(plain_picture((200, 200, 200)), opacity=0.5), Knobs(background="black"))
    assert middle(half)[0] == pytest.approx(100, abs=3)
    compose, knobs = Compose(PlainRenderer(WIDTH, HEIGHT)), Knobs(background="black")
    levels = []
    for i in range(120):
        compose(portraits(plain_picture((200, 200, 200))) if i < 60 else portraits(), knobs, i / 30)
        levels.append(int(middle(compose.read())[0]))
    assert levels[0] == 0 and levels[59] >= 199 and levels[-1] == 0
    assert np.abs(np.diff(levels)).max() < 30


def test_the_camera_stands_dim_behind_and_backgrounds_cross_over():
    who = portraits(plain_picture(BLUE), frame=FRAME)
    camera = draw(who, Knobs(background="camera"))
    assert camera[HEIGHT // 2, 8, 0] > camera[HEIGHT // 2, 8, 2]  # the frame's red
    assert 20 < camera[:, :20].mean() < 0.5 * FRAME[:, :8].mean()
    mirrored = draw(who, Knobs(background="camera", mirror=True))
    assert np.abs(camera[:, :40].astype(int) - mirrored[:, ::-1][:, :40]).mean() < 2
    compose, knobs = Compose(PlainRenderer(WIDTH, HEIGHT)), Knobs(background="black")
    levels = []
    for i in range(90):
        knobs.turn(background="black" if i < 30 else "camera")
        compose(who, knobs, i / 30)
        levels.append(float(compose.read()[:, :20].mean()))
    assert levels[29] == 0.0 and levels[-1] == pytest.approx(camera[:, :20].mean(), abs=1.0)
    assert np.abs(np.diff(levels)).max() < 0.2 * levels[-1]


def test_trails_keep_what_was_there_for_the_same_time_at_any_rate_and_let_go_of_all_of_it():
    left = []
    for fps in (15, 60):
        compose, knobs = Compose(PlainRenderer(WIDTH, HEIGHT)), Knobs(background="black", trails=0.6)
        for i in range(5 * fps):
            compose(portraits(plain_picture((200, 200, 200))), knobs, i / fps)
        for i in range(5 * fps, round(5.4 * fps)):
            compose(portraits(plain_picture((0, 0, 0))), knobs, i / fps)
        left.append(int(middle(compose.read())[0]))
        for i in range(round(5.4 * fps), 12 * fps):
            compose(portraits(plain_picture((0, 0, 0))), knobs, i / fps)
        assert compose.read().max() == 0
    assert 20 < left[0] < 180
    assert left[0] == pytest.approx(left[1], abs=6)


def test_grain_moves_with_time_and_repeats_with_seed_and_time():
    knobs = Knobs(grain=0.4, background="black")
    who = portraits(plain_picture((128, 128, 128)))
    one, two = draw(who, knobs), draw(who, knobs)
    assert np.array_equal(one, two)
    later = draw(who, knobs, seconds=3.1)
    other = draw(who, knobs, renderer=PlainRenderer(WIDTH, HEIGHT, seed=5))
    patch = (slice(80, 100), slice(150, 170))
    assert not np.array_equal(one[patch], later[patch])
    assert not np.array_equal(one[patch], other[patch])
    assert one[patch].std() == pytest.approx(8, rel=0.25)
    assert np.all(one[patch][:, :, 0] == one[patch][:, :, 1])  # grain has no colour


def test_blackout_fades_in_its_time_and_the_panel_stays():
    compose, knobs = Compose(PlainRenderer(WIDTH, HEIGHT)), Knobs()
    who = portraits(plain_picture((200, 200, 200)))
    levels = []
    for i in range(90):
        knobs.turn(blackout=i >= 60)
        compose(who, knobs, i / 30)
        levels.append(int(middle(compose.read())[0]))
    frames = round(BLACKOUT_SECONDS * 30)
    assert 0 < levels[60 + frames // 2] < 199
    assert levels[60 + frames] == 0
    assert compose.read().max() == 0
    compose(who, knobs, 3.0, HudState((HudGroup("Show", (("canvas", "30 fps"),)),)))
    assert compose.read().max() > 150


def test_a_blackout_takes_as_long_as_it_is_told_and_a_show_that_begins_dark_is_dark_at_once():
    seconds = [4.0]
    compose, knobs = Compose(PlainRenderer(WIDTH, HEIGHT), blackout_seconds=lambda: seconds[0]), Knobs(blackout=True)
    who = portraits(plain_picture((200, 200, 200)))
    compose(who, knobs, 0.0)
    assert compose.dark and compose.read().max() == 0
    knobs.turn(blackout=False)
    levels = []
    for i in range(1, 151):
        compose(who, knobs, i / 30)
        levels.append(int(middle(compose.read())[0]))
    assert not compose.dark and levels == sorted(levels)
    assert 0 < levels[29] < levels[59] < levels[89] < levels[149] == levels[125]
    knobs.turn(blackout=True)
    seconds[0] = None  # by another hand: in the usual time
    for i in range(151, 151 + round(BLACKOUT_SECONDS * 30) + 1):
        assert not compose.dark
        compose(who, knobs, i / 30)
    assert compose.dark and compose.read().max() == 0


def test_the_panel_is_drawn_over_the_picture_and_leaves_nothing_behind():
    who, knobs = portraits(plain_picture(RED)), Knobs(background="black")
    bare = draw(who, knobs)
    compose = Compose(PlainRenderer(WIDTH, HEIGHT))
    hud = HudState((HudGroup("Show", (("canvas", "30.0 fps"), ("faces", "1"))),))
    for i in range(91):
        compose(who, knobs, i / 30, hud if 30 < i < 60 else None)
        if i == 59:
            shown = compose.read().copy()
    assert shown[8:60, 8:90].max() > 150
    assert np.array_equal(compose.read(), bare)


def test_pictures_of_any_size_and_portraits_beyond_the_rim_are_drawn():
    who = portraits(gradient_picture(256), gradient_picture(16), gradient_picture(64))
    picture = draw(who, Knobs(zoom=2.0), size=(201, 97))
    assert picture.shape == (97, 201, 3)
    assert picture.max() > 100


@pytest.mark.parametrize("what", [{"particles": "snow"}, {"particles": "bokeh"}, {"ornament": "gold"}, {"ornament": "pumpkins"}])
def test_particles_and_ornaments_come_and_go_without_a_pop(what):
    who, knobs = portraits(plain_picture(BLUE)), Knobs(background="black")
    compose, before, steps, levels = Compose(PlainRenderer(WIDTH, HEIGHT)), None, [], []
    for i in range(240):
        knobs.turn(**(what if 40 < i < 130 else dict.fromkeys(what, "none")))
        compose(who, knobs, 1.0 + i / 30)
        picture = compose.read().astype(int)
        if i > 30:
            steps.append(0.0 if before is None else float(np.abs(picture - before).mean()))
            levels.append(float(picture.mean()))
        before = picture
    bare, full = levels[0], levels[90]
    assert full > bare + 0.15
    assert levels[-1] == pytest.approx(bare, abs=0.05)
    changing = max(steps[5:95]), max(steps[100:])
    assert max(changing) < 0.25 * (full - bare) + 0.8
    assert np.abs(np.diff(levels)).max() < 0.2 * (full - bare) + 0.1


LOOKS = {
    "plain": {},
    "graded": {"gamma": 1.4, "brightness": 1.1, "tint_hue": 0.6, "tint_amount": 0.4, "vignette": 0.8, "softness": 0.1, "saturation": 0.4},
    "trails": {"trails": 0.6, "mirror": True},
    "grain": {"grain": 0.3},
    "camera": {"background": "camera", "mirror": True, "vignette": 0.4},
    "focus": {"layout": "focus", "zoom": 1.3},
    "snow": {"particles": "snow", "background": "black"},
    "confetti": {"particles": "confetti"},
    "embers": {"particles": "embers", "tint_hue": 0.6, "tint_amount": 0.3},
    "bokeh": {"particles": "bokeh", "trails": 0.4},
    "gold": {"ornament": "gold"},
    "mirror": {"layout": "mirror", "mirror": True},
    "mirror, seen whole": {"layout": "mirror", "fit": "contain", "vignette": 0.5, "tint_hue": 0.3, "tint_amount": 0.3, "gamma": 1.2},
    "mirror, sharpened": {"layout": "mirror", "sharpen": 0.5, "particles": "snow"},
    "salon": {"layout": "salon"},
    "facets": {"layout": "facets", "rows": 1, "columns": 3, "gap": 0.1},
    "lanterns": {"ornament": "lanterns", "ornament_amount": 0.7},
}


@pytest.mark.gl
@pytest.mark.parametrize("name", list(LOOKS))
def test_gl_draws_what_the_plain_path_draws(name):
    hardware = pytest.importorskip("installation.canvas.opengl.renderer")
    try:
        context = hardware.open_context(standalone=True)
    except Exception as err:
        pytest.skip(f"no OpenGL here: {err}")
    renderer = hardware.GLRenderer(context, WIDTH, HEIGHT)
    who = portraits(gradient_picture(64), gradient_picture(128), plain_picture(RED), frame=FRAME)
    hud = HudState((HudGroup("Show", (("canvas", "30.0 fps"),)),)) if name == "plain" else None
    knobs = Knobs(**LOOKS[name])
    for seconds in (0.4, 3.0):  # on their way, and at rest
        one, two = draw(who, knobs, seconds, hud=hud).astype(int), draw(who, knobs, seconds, renderer=renderer, hud=hud).astype(int)
        assert one.std() > 10
        assert np.abs(one - two).mean() < 1.0
    assert np.quantile(np.abs(one - two), 0.999) <= 10  # at rest both enlarge alike; on the way the plain path is linear
    renderer.close()


def plain(width, height):
    return PlainRenderer(width, height)


def gl(width, height):
    hardware = pytest.importorskip("installation.canvas.opengl.renderer")
    try:
        context = hardware.open_context(standalone=True)
    except Exception as err:
        pytest.skip(f"no OpenGL here: {err}")
    return hardware.GLRenderer(context, width, height)


RENDERERS = [plain, pytest.param(gl, marks=pytest.mark.gl)]


def room(seed=3):
    return np.random.default_rng(seed).integers(0, 256, (90, 160, 3)).astype(np.uint8)


def mirrored(picture, square=None):
    frame = Frame(0, 0.0, picture)
    face = Face(0, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, True, 1.0)
    there = np.array([[40.0, 0.0, 80.0], [0.0, 40.0, 45.0]]) if square is None else square
    return Portraits(frame, (Portrait(face, plain_picture((255, 0, 0)), 1.0, 0, there),), picture)


@pytest.mark.parametrize("make", RENDERERS)
@pytest.mark.parametrize("mirror", [False, True])
def test_the_mirror_is_the_cameras_picture_to_a_grey_level(make, mirror):
    renderer = make(160, 90)
    compose = Compose(renderer)
    picture = room()
    compose(mirrored(picture), Knobs(layout="mirror", mirror=mirror), 0.0)
    seen = compose.read().astype(int)
    assert np.abs(seen - (picture[:, ::-1] if mirror else picture)).max() <= 1
    renderer.close()


@pytest.mark.parametrize("make", RENDERERS)
def test_a_change_of_layout_is_a_movement_from_where_the_face_is(make):
    renderer = make(160, 90)
    compose, knobs = Compose(renderer), Knobs(layout="mirror", softness=0.0)
    for k in range(3):
        compose(mirrored(plain_picture((0, 0, 90), 90)), knobs, k / 30)
    knobs.turn(layout="grid")
    middles, shares = [], []
    for k in range(3, 60):
        picture = plain_picture((0, 0, 90), 90)
        compose(mirrored(picture, np.array([[30.0, 0, 20.0], [0, 30.0, 45.0]])), knobs, k / 30)
        canvas = compose.read().astype(int)
        red = (canvas[:, :, 0] - canvas[:, :, 2]).clip(0)
        shares.append(canvas[2, 80, 2])
        middles.append((red.sum(axis=0) * np.arange(160)).sum() / max(1, red.sum()))
    assert shares[0] > 80 > shares[10] > shares[-1]  # the room goes, it is not cut off
    steps = np.abs(np.diff(middles[6:]))
    assert steps.max() < 12
    assert middles[-1] == pytest.approx(79.5, abs=1.5)
    renderer.close()


@pytest.mark.parametrize("make", RENDERERS)
def test_the_salon_frames_whole_squares(make):
    renderer = make(320, 180)
    compose = Compose(renderer)
    for k in range(60):
        compose(mirrored(room()), Knobs(layout="salon"), k / 30)
    canvas = compose.read().astype(int)
    red = (canvas[:, :, 0] > 200) & (canvas[:, :, 1] < 40)
    rows, columns = np.nonzero(red)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)
    assert red[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].mean() > 0.98  # square to its corners
    assert canvas[rows.min() - 5, 160].min() > 120  # the mat
    renderer.close()
