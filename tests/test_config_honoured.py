"""The configuration offers nothing that does not exist: every option of every enumerated key is tried."""

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from torch import nn

from installation.assembly.chronicle import keeps_log
from installation.assembly.operator_corner import corner_of as hidden_corner
from installation.assembly.options import RunOptions, keeps_state
from installation.assembly.safe_start import counts_starts
from installation.assembly.visitors import attract_of, gestures_of
from installation.canvas.pointer import Touch
from installation.canvas.present import CanvasSettings, open_canvas
from installation.canvas.window import choose_mode
from installation.checkpoints.loading import EncoderReading, load_encoder
from installation.config import SHIPPED, Config, EngineConfig, Section, Switch, load_config
from installation.config_file import read_document
from installation.control.desk import ControlDesk
from installation.control.desk_links import DeskLinks
from installation.control.installed import Installed
from installation.control.keyboard import Action, Keyboard
from installation.control.parameters import parameter_table
from installation.control.pin import PinCheck
from installation.control.sound.tempo import Tempo
from installation.control.state import ControlState
from installation.engines.base import Choice, Network
from installation.engines.device import device_of
from installation.engines.select import EngineSettings, build, candidates, choose, relative_error
from installation.engines.style_models import StyleEngineSettings
from installation.errors import ConfigError, DisplayError
from installation.latents.directions import DirectionSet
from installation.messages import Expression, Face, Frame, TrackedFrame
from installation.models.bundle import Models
from installation.networks.stylegan2 import Generator
from installation.operation.ending import Ending
from installation.operation.health import Health
from installation.portraits.engines import GenerateSettings
from installation.sources.orientation import Orientation
from installation.stages.generate import Generate
from installation.styles.painter import STEPS, Painter, PainterSettings
from installation.takeaways.printing import SHEETS, layout
from installation.takeaways.texts import texts
from tests.networks.test_psp_encoders import checkpoint

GPU = torch.cuda.is_available()


def enumerated(model: type[Section] = Config, above: str = "") -> dict[str, tuple[object, ...]]:
    """Options of every key that takes one of a few, by dotted key. The options of a switch are auto, true and false."""
    found: dict[str, tuple[object, ...]] = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            found |= enumerated(kind, f"{above}{name}.")
        elif kind == get_args(Switch)[0]:
            found[above + name] = ("auto", True, False)
        elif get_origin(kind) is Literal:
            found[above + name] = get_args(kind)
    return found


def asked(key: str, option: object) -> Config:
    """The configuration with one key set as a person would set it."""
    return load_config(None, [f"{key}={str(option).lower() if isinstance(option, bool) else option}"])


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.conv(x))


MODULE = Small().eval().requires_grad_(False)


def network() -> Network:
    return Network("small", MODULE, (torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1)),), "0")


def error_of(choice: Choice) -> float:
    net = network()
    got = build(net, choice, None)(*[value.numpy() for value in net.example])[0]
    return relative_error(MODULE(*net.example).numpy(), got)


def settings(**given: object) -> EngineSettings:
    engine = EngineConfig(**{"threads": 1, **given})
    return EngineSettings(engine.backend, engine.precision, engine.threads, engine.device)


def try_backend(option: str) -> None:
    wanted = settings(backend=option)
    if option == "cudagraph" and not GPU:
        with pytest.raises(ConfigError, match=r"engine\.backend cudagraph: does not run on this machine"):
            choose(network(), wanted)
        return
    if option == "auto":
        assert choose(network(), wanted).choice in candidates(wanted, thorough=False)
        return
    assert {choice.backend for choice in candidates(wanted, thorough=False)} == {option}
    if option == "compile" and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        pytest.skip("torch.compile needs a C++ compiler, and there is none here")
    assert error_of(Choice(option, "float32", 1)) < 1e-3


def try_precision(option: str) -> None:
    wanted = settings(precision=option, device="cpu")
    offered = candidates(wanted, thorough=False)
    if option == "auto":
        assert {choice.precision for choice in offered} >= {"float32", "bf16"}
        return
    assert {choice.precision for choice in offered} == {option}
    error = error_of(Choice("eager", option, 1))
    assert (error < 1e-6) if option == "float32" else (1e-6 < error < 0.02)  # not float32 under another name
    try:
        error = error_of(Choice("openvino", option, 1))
    except RuntimeError as err:
        assert f"does not calculate in {option}" in str(err)
        return
    assert error < 0.02 and (option == "float32" or error > 1e-6)


def try_device(option: str) -> None:
    wanted = settings(device=option)
    if option == "cuda" and not GPU:
        with pytest.raises(ConfigError, match=r"engine\.device cuda: does not run on this machine"):
            choose(network(), wanted)
        return
    on_gpu = GPU and option != "cpu"
    assert device_of(option) == ("cuda" if on_gpu else "cpu")
    assert all((choice.backend == "cudagraph") == on_gpu for choice in candidates(wanted, thorough=False))


def try_portrait_px(option: int) -> None:
    largest = max(get_args(EngineConfig.model_fields["portrait_px"].annotation))
    channels = {2**level: 4 for level in range(2, largest.bit_length())}
    torch.manual_seed(2)
    base = Generator(largest, 8, 2, channels).eval().requires_grad_(False)
    models = Models("thin", base, torch.nn.Identity(), (), DirectionSet([]), torch.zeros(base.styles, 8))
    engine = EngineSettings("eager", "float32", 1, "cpu")
    drawn = Generate(models, engine, GenerateSettings(asked("engine.portrait_px", option).engine.portrait_px, 0.001, (1,)))
    assert drawn.portrait_px == (option or largest)  # 0: this one is quick enough for the whole size


def try_mode(option: str) -> None:
    mode = asked("canvas.mode", option).canvas.mode
    assert choose_mode(mode, {"DISPLAY": ":0"}, "linux") == {"auto": "fullscreen"}.get(option, option)


def try_renderer(option: str) -> None:
    wanted = CanvasSettings(160, 90, mode="headless", renderer=asked("canvas.renderer", option).canvas.renderer)
    try:
        canvas = open_canvas(wanted)
    except DisplayError as err:
        assert option == "gl" and "no OpenGL" in str(err)
        return
    assert option in ("auto", canvas.renderer.name)
    canvas.close()


def corner_of(rotate: int = 0, flip: str = "none") -> tuple[int, int]:
    """Where the picture's upper left corner comes to lie."""
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[0, 0] = 255
    row, column = np.argwhere(Orientation.of(rotate, flip).apply(picture)[:, :, 0])[0].tolist()  # type: ignore[arg-type]
    return row, column


def try_rotate(option: int) -> None:
    corners = {0: (0, 0), 90: (0, 1), 180: (1, 2), 270: (2, 0)}
    assert corner_of(rotate=asked("capture.rotate", option).capture.rotate) == corners[option]


def try_flip(option: str) -> None:
    corners = {"none": (0, 0), "horizontal": (0, 2), "vertical": (1, 0)}
    assert corner_of(flip=asked("capture.flip", option).capture.flip) == corners[option]


def encoder_of(reading: EncoderReading) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        checkpoint(path, "GradualStyleEncoder", options={"output_size": 128})
        return load_encoder(path, reading)


def try_encoder_kind(option: str) -> None:
    encoder = encoder_of(EncoderReading(kind=asked("models.encoder_kind", option).models.encoder_kind))
    assert encoder.kind == ("Encoder4Editing" if option == "e4e" else "GradualStyleEncoder")


def try_encoder_codes(option: str) -> None:
    encoder = encoder_of(EncoderReading(codes=asked("models.encoder_codes", option).models.encoder_codes))
    assert (encoder.style is not None) is (option == "z")
    assert bool(encoder.latent_avg.any()) is (option in ("auto", "relative"))


def try_keys(option: str) -> None:
    controls = ControlState(parameter_table((), ()))
    keyboard = Keyboard(lock=asked("canvas.keys", option).canvas.keys)
    assert (keyboard.read(["q"], controls) == [Action.QUIT]) is (option == "all")
    assert (("none", "the keyboard is locked") in keyboard.rows()) is (option == "none")


def try_switch(part: str) -> Callable[[object], None]:
    def attempt(option: object) -> None:
        config = asked(f"control.{part}.enabled", option).control
        installed = Installed((), (), ())
        opened = []
        for lockstep in (False, True):
            state = ControlState(installed.table(), {})
            links = DeskLinks(lambda: None, print, Tempo(state, float), float)
            ways = ControlDesk(config, state, installed, links, lockstep=lockstep).ways
            opened.append({"osc": ways.osc, "midi": ways.midi, "web": ways.panel}[part] is not None)
        assert opened == {"auto": [True, False], True: [True, True], False: [False, False]}[option]

    return attempt


def try_resume(option: object) -> None:
    config = asked("control.resume", option)
    runs = (RunOptions(unattended=True), RunOptions(duration=4), RunOptions(lockstep=True), RunOptions(timeline_play=Path("moves")))
    kept = [keeps_state(config, options) for options in runs]
    assert kept == {"auto": [True, False, False, False], True: [True, True, False, False], False: [False] * 4}[option]


def try_log(option: object) -> None:
    config = asked("operation.log", option)
    runs = (RunOptions(unattended=True), RunOptions(duration=4), RunOptions(unattended=True, lockstep=True))
    kept = [keeps_log(config, options) for options in runs]
    assert kept == {"auto": [True, False, False], True: [True, True, False], False: [False] * 3}[option]


def try_safe_start(option: object) -> None:
    config = asked("operation.safe_start", option)
    counted = [counts_starts(config, unattended) for unattended in (True, False)]
    assert counted == {"auto": [True, False], True: [True, True], False: [False, False]}[option]


def try_style_px(option: int) -> None:
    long_side = asked("engine.style_px", option).engine.style_px
    painter = Painter(PainterSettings(1024, 64, StyleEngineSettings(None, 1, "f32"), long_side, background=not option), pytest.fail)
    painter.prepare()
    painter.wait()
    assert painter.long_side == option if option else painter.long_side in [step[0] for step in STEPS]


def try_language(option: str) -> None:
    language = asked("takeaways.language", option).takeaways.language
    english, there = texts("canvas", "en"), texts("canvas", language)
    assert set(there) == set(english)
    assert all(there[word] != english[word] for word in english) is (language != "en")


def try_paper(option: str) -> None:
    page = layout(Pillow.new("RGB", (320, 180)), SHEETS[asked("takeaways.paper", option).takeaways.paper], "")
    assert page.size[0] / page.size[1] == pytest.approx(SHEETS[option].height / SHEETS[option].width, abs=0.01)


def try_consent(option: str) -> None:
    hands, consent = gestures_of(asked("privacy.consent", option))
    assert (hands is not None) == (option == "hand")
    assert (consent is None) == (option == "off") == (attract_of(asked("privacy.consent", option), lambda name: None).consent == "")
    if consent is not None:
        frame, nobody = Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8)), np.zeros((468, 2), np.float32)
        smiling = Face(0, nobody, (1, 1, 4, 4), Expression(smile=1.0), 1.0, True, 1.0, hand_raised=option == "hand")
        told = [consent.admit(TrackedFrame(frame, (smiling,)), now) for now in (0.0, 1.0)]
        assert [bool(one.tracked.faces) for one in told] == [option == "hand", True]


def try_operator_corner(option: str) -> None:
    """Held at each corner, and asked for the PIN at the one that is configured."""
    wanted = asked("operator.corner", option).operator
    canvas = SimpleNamespace(size=(640, 360), touches=lambda: touches, show_cursor=lambda shown: None)
    places = {"upper-left": (2, 2), "upper-right": (638, 2), "lower-left": (2, 358), "lower-right": (638, 358)}
    found = []
    for name, place in places.items():
        hand = hidden_corner(wanted, PinCheck("2718"), Ending(lambda: None), canvas, lambda: None, Health())
        if hand is None:
            continue
        touches = [Touch("down", *place)]
        hand.step(0.0)
        touches = []
        hand.step(wanted.hold_seconds + 0.1)
        found += [name] if hand.overlays(0.0) else []
    assert found == [option] if option != "off" else found == []


TRIED: dict[str, Callable[..., None]] = {
    "operator.corner": try_operator_corner,
    "capture.rotate": try_rotate,
    "capture.flip": try_flip,
    "models.encoder_kind": try_encoder_kind,
    "models.encoder_codes": try_encoder_codes,
    "engine.backend": try_backend,
    "engine.precision": try_precision,
    "engine.device": try_device,
    "engine.portrait_px": try_portrait_px,
    "engine.style_px": try_style_px,
    "privacy.consent": try_consent,
    "canvas.mode": try_mode,
    "canvas.keys": try_keys,
    "canvas.renderer": try_renderer,
    "takeaways.language": try_language,
    "takeaways.paper": try_paper,
    "control.resume": try_resume,
    "operation.log": try_log,
    "operation.safe_start": try_safe_start,
    **{f"control.{part}.enabled": try_switch(part) for part in ("osc", "web", "midi")},
}


def test_every_enumerated_key_is_tried() -> None:
    assert set(enumerated()) == set(TRIED)


def test_the_comments_of_the_shipped_file_offer_what_there_is() -> None:
    lines, document = SHIPPED.read_text(encoding="utf-8").splitlines(), read_document(SHIPPED)
    for key, options in enumerated().items():
        comment = lines[document.lines[tuple(key.split("."))] - 1].split("#", 1)[1].split(";")[0]
        offered = comment.split(": chosen")[0]
        words = {*re.findall(r"[a-z0-9]+", offered), *re.findall(r"[a-z]+-[a-z]+", offered)}
        for option in options:
            assert str(option).lower() in words, f"{key}: {option} is not in its comment"
        if key in ("engine.backend", "engine.precision", "engine.device", "canvas.renderer"):
            assert words - {"or"} == set(options), f"{key}: its comment offers something else"


@pytest.mark.parametrize(("key", "option"), [(key, option) for key, options in enumerated().items() for option in options], ids=str)
def test_every_option_is_honoured(key: str, option: object) -> None:
    TRIED[key](option)


@pytest.mark.parametrize(("device", "backend"), [("cuda", "eager"), ("cuda", "openvino"), ("cuda", "compile"), ("cpu", "cudagraph")])
def test_a_backend_and_a_device_that_exclude_each_other_are_refused(device: str, backend: str) -> None:
    with pytest.raises(ConfigError, match=rf"engine\.device: '{device}': engine\.backend {backend} runs on"):
        load_config(None, [f"engine.device={device}", f"engine.backend={backend}"])


def test_threads_are_those_that_were_asked_for() -> None:
    assert {choice.threads for choice in candidates(settings(threads=3, device="cpu"), thorough=False)} == {3}


def test_a_remembered_engine_that_runs_no_more_is_measured_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))
    wanted = EngineSettings(device="cpu", threads=1, cache=tmp_path)
    choose(network(), wanted)
    (path,) = tmp_path.glob("choice-*.json")
    gone = {"backend": "openvino", "precision": "int8", "threads": 1}  # as another version may have left it
    path.write_text(json.dumps({"choice": gone, "milliseconds": 0.1, "error": 0.0, "busy": False}))
    assert choose(network(), wanted).choice in candidates(wanted, thorough=False)
    assert json.loads(path.read_text())["choice"] != gone
