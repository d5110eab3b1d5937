"""The mirror on whatever a camera may show, through the real program in lockstep: no holes, nothing outside the faces, no exception."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config
from installation.faces.ffhq import quad_from_landmarks
from installation.sources.scripted import ScriptedSource

ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT / "tests" / "data" / "yes.mkv"
RATE = 5.0  # frames a second: a change comes up to its strength in two of them
LAYOUTS = ("mirror", "facets", "salon", "grid", "row", "focus")
QUIET = ("control.osc.enabled=false", "control.web.enabled=false", "canvas.mode=headless", "canvas.renderer=plain")
ENGINE = ("engine.backend=openvino", "engine.precision=float32", "engine.threads=1", "engine.portrait_px=128")
DARK, LIT, HOLE = 12, 40, 0.001  # grey levels of a hole and of what was there; share of the frame
OUTSIDE = 1.05  # of a face's square: beyond it nothing may change


def clip_frame():
    reader = cv2.VideoCapture(str(CLIP))
    found, frame = reader.read()
    reader.release()
    assert found
    return np.ascontiguousarray(frame[..., ::-1])


def demo_face(name="05015"):
    picture = cv2.imread(str(ROOT / "installation" / "demo" / "faces" / f"{name}.webp"))
    return np.ascontiguousarray(picture[..., ::-1])


def room(width, height):
    """A wall with a pattern, lit from the left."""
    y, x = np.mgrid[0:height, 0:width]
    levels = 150 - 60 * x / width + 12 * ((x // 40 + y // 40) % 2)
    return np.repeat(levels[..., None], 3, axis=2).astype(np.uint8)


def pasted(frame, face, x, y, side):
    """A face's picture put into a frame, its middle there; as much of it as fits."""
    height, width = frame.shape[:2]
    x0, y0 = x - side // 2, y - side // 2
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA if side < 256 else cv2.INTER_CUBIC)
    left, top, right, bottom = max(0, x0), max(0, y0), min(width, x0 + side), min(height, y0 + side)
    frame[top:bottom, left:right] = small[top - y0 : bottom - y0, left - x0 : right - x0]
    return frame


def shifted(frame, dx, dy):
    return cv2.warpAffine(frame, np.float32([[1, 0, dx], [0, 1, dy]]), frame.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


def behind():
    """A small face of which a large one hides the half."""
    frame = pasted(room(640, 480), demo_face("01620"), 250, 220, 170)
    return pasted(frame, demo_face("05015"), 380, 250, 300)


def montage():
    """Sixteen visitors."""
    faces = [demo_face(name) for name in ("01620", "03992", "05015", "09460")]
    frame = room(960, 720)
    for k in range(16):
        pasted(frame, faces[k % 4], 120 + 240 * (k % 4), 90 + 180 * (k // 4), 176)
    return frame


PICTURES = {
    "half outside": lambda: pasted(room(640, 480), demo_face(), 10, 240, 360),
    "half below": lambda: pasted(room(640, 480), demo_face(), 320, 470, 300),
    "larger than the frame": lambda: cv2.resize(clip_frame()[60:300, 180:460], (640, 548), interpolation=cv2.INTER_CUBIC),
    "upside down": lambda: np.ascontiguousarray(clip_frame()[::-1, ::-1]),
    "behind another": behind,
    "overlapping": lambda: pasted(pasted(room(640, 480), demo_face("01620"), 240, 240, 240), demo_face("09460"), 380, 240, 240),
    "small": lambda: cv2.resize(clip_frame(), (320, 240), interpolation=cv2.INTER_AREA),
    "large": lambda: cv2.resize(clip_frame(), (3840, 2160), interpolation=cv2.INTER_CUBIC),
    "sixteen": montage,
    "nobody": lambda: room(500, 333),
    "clip": clip_frame,
}


class Stage:
    """The real program, its loops turned by hand, before a camera that shows what it is told to."""

    def __init__(self, monkeypatch, *overrides):
        self.pictures = [None]  # a camera that is opened reads ahead
        monkeypatch.setattr("installation.assembly.source.find_source", lambda spec, settings, clock, realtime: self._camera(clock))
        config = load_config(None, ["source=0", "faces.fade_in_seconds=0.01", *QUIET, *ENGINE, *overrides])
        self.show = Installation(config, RunOptions(lockstep=True))
        self.show.generate.wait()
        self.show.loops.capture.step(0.0)
        self.shown = []
        put = self.show.loops.synthesis.out.put
        self.show.loops.synthesis.out.put = lambda portraits: (self.shown.append(portraits), put(portraits))[1]

    def _camera(self, clock):
        return ScriptedSource(self._script(), clock, RATE)

    def _script(self):
        while True:
            yield self.pictures.pop(0)

    def see(self, picture, frames=4, layout=None):
        """What the canvas shows of the last of so many frames, and the portraits of all of them."""
        if layout is not None:
            self.show.controls.set("look/layout", layout)
        self.shown.clear()
        for k in range(frames):
            self.pictures.append(picture(k) if callable(picture) else picture)
            now = self.show.clock.now()
            for loop in (self.show.loops.capture, self.show.loops.perception, self.show.loops.synthesis, self.show.loops.display):
                loop.step(now)
            self.show.clock.advance(RATE)
        assert self.show.health.faults == []
        return self.show.canvas.read().copy(), list(self.shown)

    def close(self):
        self.show.close()


@pytest.fixture(scope="module")
def stage():
    with pytest.MonkeyPatch.context() as monkeypatch:
        stage = Stage(
            monkeypatch, "canvas.width=320", "canvas.height=240", "faces.max=16", "controls={edit/age/amount: 1, edit/smile/amount: 1}"
        )
        yield stage
        stage.close()


def squares(portraits, shape, grown=OUTSIDE):
    """True where a face's square is."""
    inside = np.zeros(shape[:2], np.uint8)
    for portrait in portraits.portraits:
        quad = quad_from_landmarks(portrait.face.landmarks)
        corners = quad.centre + grown * (quad.corners - quad.centre)
        cv2.fillConvexPoly(inside, np.rint(np.clip(corners, -20000, 20000)).astype(np.int32), 1)
    return inside > 0


def without_holes(picture, frame):
    before, after = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (frame, picture))
    hole = ((after < DARK) & (before > LIT)).astype(np.uint8)
    hole = cv2.morphologyEx(hole, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))  # a dark line is no hole
    return hole.mean() < HOLE


def judge(frame, shown, everybody=True):
    """No hole, and nothing outside the faces. everybody: all faces have a portrait, as they have in the mirror."""
    for portraits in shown:
        if portraits.picture is not None:
            assert portraits.picture.shape == frame.shape
            assert without_holes(portraits.picture, frame)
            changed = cv2.absdiff(portraits.picture, frame).max(axis=2) > 0
            assert not everybody or not (changed & ~squares(portraits, frame.shape)).any()


@pytest.mark.parametrize("name", list(PICTURES))
def test_whatever_the_camera_shows_the_mirror_has_no_holes_and_leaves_the_room_alone(stage, name):
    frame = PICTURES[name]()
    for layout in LAYOUTS:
        few = name in ("large", "sixteen") and layout != "mirror"
        canvas, shown = stage.see(frame, frames=2 if few else 4, layout=layout)
        assert len(shown) == (2 if few else 4)
        judge(frame, shown, everybody=layout == "mirror")
        assert canvas.shape == (240, 320, 3)
    if name not in ("nobody", "half outside", "half below"):
        assert stage.shown[-1].portraits, "nobody was found"


def test_a_camera_may_change_its_size_in_mid_show_and_a_silhouette_may_be_lost(stage):
    frame = clip_frame()
    sizes = [(640, 480), (320, 240), (1280, 960), (640, 480)]
    for size in sizes:
        picture = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if size[0] < 640 else cv2.INTER_CUBIC)
        _, shown = stage.see(picture, frames=2, layout="mirror")
        judge(picture, shown)
    outline = stage.show.loops.perception.silhouette.outline
    stage.show.loops.perception.silhouette.outline = lambda aligned: aligned  # nobody's is known
    try:
        _, shown = stage.see(frame, frames=5)
        judge(frame, shown)
    finally:
        stage.show.loops.perception.silhouette.outline = outline
    _, shown = stage.see(frame, frames=2)
    judge(frame, shown)
    assert np.abs(shown[-1].picture.astype(int) - frame).max() > 10  # it is edited


def test_with_every_edit_at_nothing_the_canvas_is_the_cameras_frame(stage):
    table = stage.show.controls
    kept = dict(table.snapshot(stage.show.clock.now()).values)
    depths = {name: 0.0 for name in kept if name.endswith("/lfo/depth") or (name.startswith("edit/") and name.endswith("/amount"))}
    nothing = {"smile/trigger": 0.0, "look/mirror": False, "look/layout": "mirror", "look/sharpen": 0.0} | depths
    nothing |= {"look/vignette": 0.0, "look/grain": 0.0, "look/particles-amount": 0.0, "look/ornament-amount": 0.0}
    for name, value in nothing.items():
        assert table.set(name, value), name
    frame = np.ascontiguousarray(cv2.resize(clip_frame(), (320, 240), interpolation=cv2.INTER_AREA))
    stage.see(frame, frames=20)
    drawn, spared = stage.show.joined.glass.drawn, stage.show.joined.glass.spared
    canvas, shown = stage.see(frame, frames=4)
    assert np.abs(canvas.astype(int) - frame).max() <= 1
    assert shown[-1].picture is shown[-1].frame.image
    assert stage.show.joined.glass.drawn == drawn and stage.show.joined.glass.spared > spared
    for name in nothing:
        table.set(name, kept[name])
