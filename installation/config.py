"""The start-time settings: what each is, its unit and its bounds. Their values stand in ``config.yaml``, and only there.

A configuration file may be partial: a key that it leaves out comes from the ``config.yaml`` beside the program, and
``--set faces.max=30`` goes over both. The live controls are another matter: see ``control/parameters.py``.
"""

from __future__ import annotations

import ipaddress
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise
from math import inf, isfinite
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from installation.config_file import Document, Key, Value, read_document
from installation.config_layers import SECRETS, Layers, merge, read_override
from installation.config_times import (
    EVERY_DAY,
    WHOLE_DAY,
    Dates,
    Hours,
    check_weekdays,
    read_dates,
    read_hours,
    read_opening,
    read_weekdays,
)
from installation.errors import ConfigError
from installation.places import kept, shipped
from installation.time_zone import check_zone
from installation.zones import MOST, Zone, read_zone

SHORTEST_PIN, LONGEST_PIN = 4, 12  # digits
WORDS_OF_MODELS = ("encoder_kind", "encoder_codes")  # rows under models that name no file
SHIPPED = shipped("config.yaml")


def _no_truth(value: object) -> object:
    if isinstance(value, bool):  # Python counts with true and false; people who write "max: true" made a mistake
        raise ValueError("must be a number")
    return value


def _side(value: int) -> int:
    if value != 0 and not 64 <= value <= 7680:
        raise ValueError("must be 64 to 7680 px, or 0 for the display's own")
    return value


def _plain(value: object) -> object:
    if not isinstance(value, bool | int | float | str):
        raise ValueError("must be a number, true, false or text")
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("must be a finite number")
    return value


def _switch(value: object) -> object:
    if not isinstance(value, bool) and value != "auto":
        raise ValueError("must be auto, true or false")
    return value


def _patience(value: object) -> object:
    if value != "forever" and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf):
        raise ValueError("must be seconds from 0 on, or forever")
    return value


def _pause(value: object) -> object:
    if value != "never" and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf):
        raise ValueError("must be seconds from 0 on, or never")
    return value


def _word_off(value: object) -> object:
    return "off" if value is False else value  # what YAML makes of off


def pin_fault(pin: str) -> str:
    """Why this is no PIN, "" where it is one. Never says it."""
    if not (pin.isascii() and pin.isdecimal() and SHORTEST_PIN <= len(pin) <= LONGEST_PIN):
        return f"must be {SHORTEST_PIN} to {LONGEST_PIN} digits"
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        return "is too easy to guess: digits that are all the same, or run on"
    return ""


def _pin(value: object) -> object:
    if isinstance(value, int | float):  # YAML reads 0412 as another number
        raise ValueError('must stand in quotes, as in "2718"')
    if isinstance(value, str) and value and (fault := pin_fault(value)):
        raise ValueError(fault)
    return value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError("must be an address or a network, as in 192.168.1.20 or 192.168.1.0/24") from None
    return value


def _endpoint(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("must be HOST:PORT, as in 192.168.1.20:9000")
    return value


def _topic(value: str) -> str:
    if set(value) & set("+#\0") or value.startswith("$"):
        raise ValueError("must be a topic without + and #, as in house/facets")
    return value


def _origin(value: str) -> str:
    parts = urlsplit(value)
    whole = parts.scheme in ("http", "https") and parts.netloc and not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    if not whole and value not in ("*", "null"):
        raise ValueError("must be where a page comes from, as in http://localhost:3000, null for a file's, or * for every page")
    return value.lower()


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Int = Annotated[int, BeforeValidator(_no_truth)]
Side = Annotated[int, BeforeValidator(_no_truth), AfterValidator(_side)]
Float = Annotated[float, BeforeValidator(_no_truth)]
Switch = Annotated[bool | Literal["auto"], BeforeValidator(_switch)]
Patience = Annotated[float | Literal["forever"], BeforeValidator(_patience)]
Pause = Annotated[float | Literal["never"], BeforeValidator(_pause)]
LanguageTag = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
AddressRange = Annotated[str, AfterValidator(_network)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
Origin = Annotated[str, AfterValidator(_origin)]
ZoneName = Annotated[str, AfterValidator(check_zone)]
DayNames = Annotated[str, AfterValidator(check_weekdays)]
OpeningHours = Annotated[tuple[Hours, ...], PlainValidator(read_opening)]
RowHours = Annotated[tuple[Hours, ...], PlainValidator(read_hours)]
Weekdays = Annotated[frozenset[int], PlainValidator(read_weekdays)]
DateSpans = Annotated[tuple[Dates, ...], PlainValidator(read_dates)]
IgnoredZone = Annotated[Zone, PlainValidator(read_zone)]
Season = Literal["advent", "christmas", "carnival", "easter"]
ControlValue = Annotated[bool | int | float | str, BeforeValidator(_plain)]


@cache
def _shipped() -> Document:
    here = Path.cwd()
    return read_document(SHIPPED.relative_to(here) if SHIPPED.is_relative_to(here) else SHIPPED)


def _setting(address: str, description: str, **bounds: Any) -> Any:
    """A field whose default is the value of ``address`` in the shipped file."""

    def default() -> Value:
        value: Value = _shipped().values
        for name in address.split("."):
            if not isinstance(value, dict) or name not in value:
                raise ConfigError(f"{SHIPPED}: {address}: missing; the file beside the program must hold every key")
            value = value[name]
        return _at_home(value) if address.startswith("models.") else value

    return Field(default_factory=default, validate_default=True, description=description, **bounds)


class Section(BaseModel):
    """Unknown keys are refused, values never change, and numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, coerce_numbers_to_str=True, protected_namespaces=())


class CaptureConfig(Section):
    """What is asked of a camera, a file keeps its own size; and how every source's pictures are laid."""

    width: Int = _setting("capture.width", "px, picture width asked of a camera", ge=16, le=7680)
    height: Int = _setting("capture.height", "px, picture height asked of a camera", ge=16, le=7680)
    fps: Float = _setting("capture.fps", "frames a second asked of a camera, and the pace of stills", gt=0, le=240)
    loop: bool = _setting("capture.loop", "whether a file starts again at its end")
    mjpg: bool = _setting("capture.mjpg", "whether to ask a camera for MJPG, which most need for their full rate")
    rotate: Literal[0, 90, 180, 270] = _setting("capture.rotate", "degrees clockwise by which every picture is turned")
    flip: Literal["none", "horizontal", "vertical"] = _setting("capture.flip", "how every picture is mirrored after that")
    frozen_seconds: Float = _setting(
        "capture.frozen_seconds", "s of black or unchanging pictures after which a camera is opened anew, 0: never", ge=0, le=3600
    )
    wait: Patience = _setting("capture.wait", "s that the show goes on without a source at its start, or forever")
    camera_file: str = _setting("capture.camera_file", "file of the camera chosen on the panel, from the program's folder on", min_length=1)


class SmoothingConfig(Section):
    """The two knobs of the One Euro filter (Casiez et al. 2012) over the landmarks."""

    min_cutoff: Float = _setting("faces.smoothing.min_cutoff", "Hz, cutoff for a face at rest; lower is calmer", gt=0, le=60)
    beta: Float = _setting("faces.smoothing.beta", "Hz of cutoff for each face size a second; higher follows faster", ge=0, le=100)


class FacesConfig(Section):
    """Whom the mirror sees, and how long it remembers them."""

    max: Int = _setting("faces.max", "most faces tracked at once", ge=1, le=64)
    min_size: Float = _setting("faces.min_size", "smallest face, as a fraction of the frame's width", gt=0, le=1)
    smoothing: SmoothingConfig = Field(default_factory=SmoothingConfig)
    occlusion_seconds: Float = _setting("faces.occlusion_seconds", "s, how long a hidden face keeps its identity", ge=0, le=30)
    fade_in_seconds: Float = _setting("faces.fade_in_seconds", "s, fade of a visitor who comes", ge=0, le=30)
    fade_out_seconds: Float = _setting("faces.fade_out_seconds", "s, fade of a visitor who left", ge=0, le=30)
    ignore_zones: tuple[IgnoredZone, ...] = _setting("faces.ignore_zones", "where in the picture faces do not count", max_length=MOST)
    zones_file: str = _setting("faces.zones_file", "file of zones drawn on the panel, from the program's folder on", min_length=1)
    room_file: str = _setting("faces.room_file", "file of the crop drawn on the panel, from the program's folder on", min_length=1)
    yaw_limit_degrees: Float = _setting("faces.yaw_limit_degrees", "degrees of yaw drawn in full", gt=0, le=90)
    yaw_fade_degrees: Float = _setting("faces.yaw_fade_degrees", "degrees beyond the limit over which a portrait fades", ge=0, le=90)


class EncodeConfig(Section):
    """When a visitor's code is taken anew. Any one reason is enough."""

    refresh_seconds: Float = _setting("encode.refresh_seconds", "s, age at which a code is refreshed", ge=0, le=60)
    pose_degrees: Float = _setting("encode.pose_degrees", "degrees of head rotation that refresh it", ge=0, le=90)
    expression_change: Float = _setting("encode.expression_change", "change of a measure (0 to 1) that refreshes it", ge=0, le=1)
    smoothing_seconds: Float = _setting("encode.smoothing_seconds", "s, time constant of the smoothing in W+", ge=0, le=10)


class ModelsConfig(Section):
    """The weights files. A relative path starts at the folder of the file that names it; on a command line, here."""

    generator: Path = _setting("models.generator", "file of the base generator")
    encoder: Path = _setting("models.encoder", "file of the encoder")
    encoder_kind: Literal["auto", "psp", "e4e"] = _setting("models.encoder_kind", "what a published encoder is")
    encoder_codes: Literal["auto", "relative", "absolute", "z"] = _setting("models.encoder_codes", "what a published encoder's codes are")
    editor: Path = _setting("models.editor", "file of the editor, which draws age, gender, smile and open mouth on the encoder's faces")
    children: tuple[Path, ...] = _setting("models.children", "files of the generators to mix in", max_length=8)
    directions: tuple[Path, ...] = _setting("models.directions", "files of the edit directions, and folders of them", max_length=64)
    styles: Path = _setting("models.styles", "folder of pictures whose styles can be painted in")


class EngineConfig(Section):
    """How the networks are run. ``auto`` measures on this very machine."""

    backend: Literal["auto", "eager", "compile", "cudagraph", "openvino"] = _setting("engine.backend", "what runs the networks")
    precision: Literal["auto", "float32", "bf16", "fp16"] = _setting("engine.precision", "arithmetic of the networks")
    threads: Int = _setting("engine.threads", "CPU threads; 0: measured for the generator, half of the cores for the encoder", ge=0, le=256)
    device: Literal["auto", "cpu", "cuda"] = _setting("engine.device", "where the networks run")
    portrait_px: Literal[0, 64, 128, 256, 512, 1024] = _setting("engine.portrait_px", "px, size of a portrait, 0: chosen by speed")
    style_px: Literal[0, 256, 384, 512, 640, 768] = _setting("engine.style_px", "px, longer side of a painted picture, 0: chosen by speed")
    min_portrait_fps: Float = _setting("engine.min_portrait_fps", "portraits a second under which they get smaller", ge=0, le=240)

    @field_validator("device")
    @classmethod
    def _together(cls, device: str, info: ValidationInfo) -> str:
        backend = info.data.get("backend", "auto")
        if device == "cuda" and backend not in ("auto", "cudagraph"):
            raise ValueError(f"engine.backend {backend} runs on the CPU; cudagraph or auto runs on a GPU")
        if device == "cpu" and backend == "cudagraph":
            raise ValueError("engine.backend cudagraph runs on a GPU; openvino, eager, compile or auto runs on the CPU")
        return device


class CanvasConfig(Section):
    """The picture that visitors see, and its window."""

    width: Side = _setting("canvas.width", "px, width of the canvas; 0: the display's own")
    height: Side = _setting("canvas.height", "px, height of the canvas; 0: the display's own")
    display: Int = _setting("canvas.display", "number of the display, from 0", ge=0, le=15)
    mode: Literal["auto", "windowed", "fullscreen", "headless"] = _setting("canvas.mode", "kind of window")
    renderer: Literal["auto", "gl", "plain"] = _setting("canvas.renderer", "what draws the canvas")
    vsync: bool = _setting("canvas.vsync", "whether to wait for the display's refresh, where GL draws")
    fps: Float = _setting("canvas.fps", "pictures a second presented", gt=0, le=240)
    keys: Literal["all", "operator", "none"] = _setting("canvas.keys", "whose keys count")


class RecordConfig(Section):
    """What ``--record`` writes."""

    crf: Int = _setting("record.crf", "H.264 quality, lower is better and larger", ge=0, le=51)


class PrivacyConfig(Section):
    """What may be kept of a visitor."""

    allow_recording: bool = _setting("privacy.allow_recording", "whether a live camera may be recorded, and shown on the panel")
    consent: Annotated[Literal["off", "hand", "smile"], BeforeValidator(_word_off)] = _setting(
        "privacy.consent", "what a visitor does before a portrait of them appears"
    )
    forget_seconds: Float = _setting("privacy.forget_seconds", "s, at most, until a visitor who left is forgotten", ge=0, le=60)


class InvitationConfig(Section):
    """What the canvas shows while nobody is there, and what it says to visitors."""

    after_seconds: Pause = _setting("invitation.after_seconds", "s without anybody until it begins, or never")
    each_seconds: Float = _setting("invitation.each_seconds", "s for which each language is shown", ge=2, le=120)
    languages: tuple[LanguageTag, ...] = _setting("invitation.languages", "languages, in their order", min_length=1, max_length=24)
    texts: str = _setting("invitation.texts", "file of texts of one's own, from the program's folder on, empty: those that ship")
    font: str = _setting("invitation.font", "font file that is asked first, from the program's folder on, empty: the one that ships")


class TakeawaysConfig(Section):
    """Pictures that visitors ask for and take home."""

    enabled: bool = _setting("takeaways.enabled", "whether visitors may")
    smile: Float = _setting("takeaways.smile", "how broad a smile, 0 to 1, asks for one, 0: none does", ge=0, le=1)
    hand: bool = _setting("takeaways.hand", "whether a raised hand asks for one, where hands are seen")
    hold_seconds: Float = _setting("takeaways.hold_seconds", "s that either is held until the countdown begins", ge=0.5, le=30)
    countdown_seconds: Float = _setting("takeaways.countdown_seconds", "s, in which it can be stopped", ge=2, le=30)
    code_seconds: Float = _setting("takeaways.code_seconds", "s that the code stays on the canvas", ge=5, le=600)
    keep_minutes: Float = _setting("takeaways.keep_minutes", "minutes until everything of it is deleted", ge=1, le=43_200)
    most_an_hour: Int = _setting("takeaways.most_an_hour", "how many are taken within an hour", ge=1, le=1000)
    most_megabytes: Int = _setting("takeaways.most_megabytes", "MB on the disk of all together", ge=32, le=1_000_000)
    folder: str = _setting("takeaways.folder", "where they are kept, from the program's folder on", min_length=1)
    url: str = _setting("takeaways.url", "where links begin, empty: the web server's own address")
    language: Literal["en", "de", "fr", "es", "it"] = _setting("takeaways.language", "of what the canvas says")
    printer: str = _setting("takeaways.printer", "name of the CUPS queue, empty: nothing is printed")
    paper: Literal["4x6", "a6", "a5", "a4", "letter"] = _setting("takeaways.paper", "what is in the printer")
    caption: str = _setting("takeaways.caption", "the line beneath a printed picture", max_length=120)
    most_prints: Int = _setting("takeaways.most_prints", "prints of one picture", ge=1, le=20)
    gallery: bool = _setting("takeaways.gallery", "whether there is a gallery of what visitors offer and the operator shows")
    gallery_hours: Float = _setting("takeaways.gallery_hours", "hours that a picture may stay in it", ge=0.1, le=720)

    @field_validator("url")
    @classmethod
    def _plain_url(cls, url: str) -> str:
        if url and not ("://" in url and urlsplit(url).hostname and _origin(url)):
            raise ValueError("must be where links begin, as in https://mirror.example")
        return url

    @field_validator("printer")
    @classmethod
    def _plain_queue(cls, printer: str) -> str:
        if printer.startswith("-") or any(letter.isspace() or letter in "/#" for letter in printer):
            raise ValueError("must be the name of a queue, as 'lpstat -e' lists them")
        return printer


class OscConfig(Section):
    """Open Sound Control over UDP."""

    enabled: Switch = _setting("control.osc.enabled", "auto, true or false; auto: in a show that keeps its own pace")
    host: str = _setting("control.osc.host", "address to listen on, 0.0.0.0 for every network", min_length=1)
    port: Int = _setting("control.osc.port", "UDP port to listen on, 0: any free one", ge=0, le=65535)
    allow: tuple[AddressRange, ...] = _setting("control.osc.allow", "senders beside this machine, addresses or networks", max_length=256)
    out_host: str = _setting("control.osc.out_host", "where /facets/out/… is sent", min_length=1)
    out_port: Int = _setting("control.osc.out_port", "UDP port of that, 0: nothing is sent", ge=0, le=65535)
    mirrors: tuple[Endpoint, ...] = _setting("control.osc.mirrors", "HOST:PORT of panels that follow every control", max_length=16)

    @field_validator("allow")
    @classmethod
    def _guarded(cls, allow: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not allow and not is_loopback(info.data.get("host", "localhost")):
            raise ValueError("control.osc.host listens beyond this machine; name who may send, as in [192.168.1.0/24]")
        return allow


class WebConfig(Section):
    """The panel and OSCQuery, on one port."""

    enabled: Switch = _setting("control.web.enabled", "auto, true or false; auto: in a show that keeps its own pace")
    host: str = _setting("control.web.host", "address to listen on, 0.0.0.0 for every network", min_length=1)
    port: Int = _setting("control.web.port", "TCP port to listen on, 0: any free one", ge=0, le=65535)
    token: str = _setting("control.web.token", "secret of the panel off this machine, empty: made at the start")
    token_file: str = _setting("control.web.token_file", "file that holds it, from the program's folder on, made where there is none")
    hosts: tuple[str, ...] = _setting("control.web.hosts", "names of this machine beside its own, as a proxy's", max_length=32)
    origins: tuple[Origin, ...] = _setting("control.web.origins", "pages that may read OSCQuery on this machine", max_length=32)
    studio: bool = _setting("control.web.studio", "whether there is a page where photographs are edited")


class MidiConfig(Section):
    """MIDI controllers."""

    enabled: Switch = _setting("control.midi.enabled", "auto, true or false; auto: in a show that keeps its own pace")
    ports: tuple[str, ...] = _setting("control.midi.ports", "names of ports or parts of them, none: every port", max_length=32)
    file: str = _setting("control.midi.file", "file of what was learned, from the program's folder on", min_length=1)


class AudioConfig(Section):
    """A sound input whose level moves oscillators."""

    enabled: bool = _setting("control.audio.enabled", "whether to listen")
    device: str = _setting("control.audio.device", "name of the input or a part of it, empty: the system's own")


class ControlConfig(Section):
    """The hands that reach the live controls from outside."""

    osc: OscConfig = Field(default_factory=OscConfig)
    web: WebConfig = Field(default_factory=WebConfig)
    midi: MidiConfig = Field(default_factory=MidiConfig)
    audio: AudioConfig = Field(default_factory=AudioConfig)
    resume: Switch = _setting("control.resume", "auto, true or false; auto: in a show that runs until it is stopped")
    resume_file: str = _setting("control.resume_file", "file of the live state, from the program's folder on", min_length=1)


class HolidayConfig(Section):
    """The public holidays of a place, as the package ``holidays`` knows them."""

    country: str = Field(description="the country, as in DE", min_length=2, max_length=3)
    subdivision: str = Field("", description="a part of it, as in BY; empty: what holds in the whole country", max_length=32)
    name: str = Field("", description="a part of a holiday's name, where only that one counts", max_length=100)


class RowConfig(Section):
    """A look by the clock: within the hours of days on which everything else holds that it names."""

    name: str = Field(description="what it is called in figures", min_length=1, max_length=64)
    preset: str = Field(description="the preset that is recalled when it begins", min_length=1)
    hours: RowHours = Field((WHOLE_DAY,), description="times of day; left out: the whole day")
    weekdays: Weekdays = Field(EVERY_DAY, description="weekdays; left out: every day")
    dates: DateSpans = Field((), description="dates, with or without a year; left out: the whole year")
    holiday: HolidayConfig | None = Field(None, description="public holidays alone")
    season: Season | None = Field(None, description="a season alone")


class ScheduleConfig(Section):
    """What an unattended show does by the clock."""

    zone: ZoneName = _setting("schedule.zone", "IANA name of the time zone, empty: the machine's own")
    fade_seconds: Float = _setting("schedule.fade_seconds", "s, to the dark screen and back", ge=0.3, le=60)
    hours: dict[DayNames, OpeningHours] = _setting("schedule.hours", "opening hours by weekdays; none: always open")
    closed: DateSpans = _setting("schedule.closed", "dates on which it stays closed")
    closed_holidays: HolidayConfig | None = _setting("schedule.closed_holidays", "public holidays on which it stays closed")
    rows: tuple[RowConfig, ...] = _setting("schedule.rows", "looks by the clock, the later before the earlier", max_length=64)


class MqttConfig(Section):
    """A heartbeat over MQTT."""

    host: str = _setting("operation.mqtt.host", "name or address of the broker, empty: no heartbeat")
    port: Int = _setting("operation.mqtt.port", "TCP port of it", ge=1, le=65535)
    tls: bool = _setting("operation.mqtt.tls", "whether the way there is encrypted")
    user: str = _setting("operation.mqtt.user", "name that the broker asks for, empty: none")
    password_file: str = _setting("operation.mqtt.password_file", "file that holds the password, from the program's folder on")
    topic: Annotated[str, AfterValidator(_topic)] = _setting("operation.mqtt.topic", "above this mirror's name", min_length=1)
    name: str = _setting("operation.mqtt.name", "this mirror's name, empty: the machine's", max_length=100)
    seconds: Float = _setting("operation.mqtt.seconds", "s between two heartbeats", ge=1, le=3600)


class OperationConfig(Section):
    """A show that nobody watches."""

    safe_start: Switch = _setting("operation.safe_start", "auto, true or false; auto: in a show that runs until it is stopped")
    log: Switch = _setting("operation.log", "auto, true or false; auto: in a show that runs until it is stopped")
    log_folder: str = _setting("operation.log_folder", "folder of the log, from the program's folder on", min_length=1)
    log_megabytes: Float = _setting("operation.log_megabytes", "MB, size of each of its files", ge=0.01, le=1000)
    log_files: Int = _setting("operation.log_files", "how many of them there are at most", ge=1, le=100)
    mqtt: MqttConfig = Field(default_factory=MqttConfig)


class OperatorConfig(Section):
    """The hidden corner of the canvas, and what whoever knows the PIN may do there."""

    pin: Annotated[str, BeforeValidator(_pin)] = _setting("operator.pin", "4 to 12 digits, empty: there is no hidden corner")
    pin_file: str = _setting("operator.pin_file", "file that holds it, from the program's folder on")
    corner: Annotated[
        Literal["off", "upper-left", "upper-right", "lower-left", "lower-right"], BeforeValidator(_word_off)
    ] = _setting("operator.corner", "where on the canvas a finger or the mouse is held")
    hold_seconds: Float = _setting("operator.hold_seconds", "s that it is held there", ge=1, le=30)
    leave_seconds: Float = _setting("operator.leave_seconds", "s without a touch after which the card leaves", ge=5, le=3600)
    power_off: str = _setting("operator.power_off", "command that shuts the machine down, empty: none", max_length=400)

    @field_validator("power_off")
    @classmethod
    def _a_command(cls, power_off: str) -> str:
        try:
            shlex.split(power_off)
        except ValueError as err:
            raise ValueError(f"is no command ({err}), as in systemctl poweroff") from None
        return power_off


class Config(Section):
    """Every start-time setting."""

    source: str = _setting("source", "camera index, device path, stream URL, video file, folder, still, or 'demo'", min_length=1)
    capture: CaptureConfig = Field(default_factory=CaptureConfig)
    faces: FacesConfig = Field(default_factory=FacesConfig)
    encode: EncodeConfig = Field(default_factory=EncodeConfig)
    models: ModelsConfig = Field(default_factory=ModelsConfig)
    engine: EngineConfig = Field(default_factory=EngineConfig)
    canvas: CanvasConfig = Field(default_factory=CanvasConfig)
    record: RecordConfig = Field(default_factory=RecordConfig)
    privacy: PrivacyConfig = Field(default_factory=PrivacyConfig)
    takeaways: TakeawaysConfig = Field(default_factory=TakeawaysConfig)
    invitation: InvitationConfig = Field(default_factory=InvitationConfig)
    control: ControlConfig = Field(default_factory=ControlConfig)
    schedule: ScheduleConfig = Field(default_factory=ScheduleConfig)
    operation: OperationConfig = Field(default_factory=OperationConfig)
    operator: OperatorConfig = Field(default_factory=OperatorConfig)
    controls: dict[str, ControlValue] = _setting("controls", "starting values of live controls by address")

    _layers: Layers = PrivateAttr(default=Layers({}, {}))

    def error(self, faults: Mapping[str, str]) -> ConfigError:
        """The error for settings that turned out wrong after loading, each with the place where it was written.
        ``faults``: reason by dotted key, ``{"models.encoder": "no such file"}``."""
        return ConfigError("\n".join(self._layers.say(tuple(key.split(".")), reason) for key, reason in faults.items()))

    def placed(self, key: str, err: ConfigError) -> ConfigError:
        """``err``, which names the dotted key itself, with the place where a person set that; as it is where nobody did."""
        origin = self._layers.origins.get(tuple(key.split(".")))
        return err if origin is None or not self.named(key) else ConfigError(f"{origin.where(tuple(key.split('.')))}: {err}")

    def named(self, key: str) -> bool:
        """Whether a person set the dotted key, in a file or on the command line; otherwise it has its shipped value."""
        origin = self._layers.origins.get(tuple(key.split(".")))
        return origin is not None and origin.label != _shipped().label

    def chosen(self) -> dict[str, Value]:
        """What a person has set, in files and on the command line, as a file of its own would say it; without what is secret."""
        values = _set_by_a_person(self._layers.values, (), self._layers)
        return {} if values is None else values

    @staticmethod
    def of(values: dict[str, Value], overrides: Sequence[str] = ()) -> Config:
        """The shipped settings with such values, and then ``overrides``, over them. Raises ConfigError."""
        return _loaded([_rooted(_shipped(), _at_home), Document("the last good configuration", values), *_overridden(overrides)])

    def check_controls(self, check: Callable[[str, Value], str | None]) -> None:
        """Raise ConfigError for entries of ``controls`` that ``check(address, value)`` has a reason against."""
        faults = {f"controls.{address}": reason for address, value in self.controls.items() if (reason := check(address, value))}
        if faults:
            raise self.error(faults)


def load_config(path: Path | None = None, overrides: Sequence[str] = ()) -> Config:
    """The shipped settings, with the file at ``path`` and then each ``KEY=VALUE`` of ``overrides`` over them. Raises
    ConfigError: one line a problem, ``file:line: key: value: reason`` or ``--set KEY=VALUE: key: value: reason``."""
    documents = [_rooted(_shipped(), _at_home)]
    if path is not None:
        documents.append(_rooted(read_document(path), partial(_under, path.absolute().parent)))
    return _loaded([*documents, *_overridden(overrides)])


def rooted_override(text: str) -> str:
    """``KEY=VALUE`` as it holds in any folder: with whole paths, where it names models. Raises ConfigError."""
    document = _rooted(read_override(text, Config), partial(_under, Path.cwd()))
    if "models" not in document.values:
        return text
    key = text.partition("=")[0]
    value: Value = document.values
    for name in key.strip().split("."):
        assert isinstance(value, dict)
        value = value[name]
    return f"{key}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def _overridden(overrides: Sequence[str]) -> list[Document]:
    return [_rooted(read_override(text, Config), partial(_under, Path.cwd())) for text in overrides]


def _loaded(documents: Sequence[Document]) -> Config:
    layers = merge(documents)
    try:
        config = Config.model_validate(layers.values)
    except ValidationError as err:
        raise ConfigError("\n".join(layers.explain(err, Config))) from err
    config._layers = layers
    return config


def _set_by_a_person(values: Mapping[str, Value], above: Key, layers: Layers) -> dict[str, Value] | None:
    """Those of the values beneath ``above`` that come from elsewhere than the shipped file; None where there are none."""
    found: dict[str, Value] = {}
    for name, value in values.items():
        key = (*above, name)
        origin = layers.origins.get(key)
        if isinstance(value, dict):
            inner = _set_by_a_person(value, key, layers)
            if inner is not None:
                found[name] = inner
        elif origin is not None and origin.label != _shipped().label and key[-1:] not in SECRETS:
            found[name] = value
    return found or None


def _rooted(document: Document, place: Callable[[Value], Value]) -> Document:
    """The document with ``place`` applied to the paths of its models."""
    models = document.values.get("models")
    if not isinstance(models, dict):
        return document
    rooted = {name: value if name in WORDS_OF_MODELS else place(value) for name, value in models.items()}
    return replace(document, values={**document.values, "models": rooted})


def _at_home(value: Value) -> Value:
    """Where the shipped file's models are. A wheel holds files and no empty folders: that of an artist's own directions is the
    show's, and counts where there is one."""
    if isinstance(value, list):
        return [_at_home(item) for item in value if not _absent_folder(item)]
    if isinstance(value, str) and _is_folder(value):
        return _under(kept("."), value)
    return _under(SHIPPED.parent, value)


def _is_folder(value: Value) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not Path(value).suffix


def _absent_folder(value: Value) -> bool:
    return isinstance(value, str) and _is_folder(value) and not kept(value).is_dir()


def _under(folder: Path, value: Value) -> Value:
    if isinstance(value, str):
        return str(folder / Path(value).expanduser()) if value.strip() else value
    return [_under(folder, item) for item in value] if isinstance(value, list) else value
