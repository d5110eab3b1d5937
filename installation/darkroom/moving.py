"""Moving pictures that are made, not filmed: MP4 with a sound, WebP, GIF; whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

from PIL import Image as Pillow

from installation.darkroom.clips import CRF
from installation.darkroom.soundtrack import carry, check_sound, sound_of, track_for
from installation.errors import ConfigError, FaultError
from installation.messages import Image
from installation.output_file import whole_file
from installation.outputs.film import Film

SUFFIXES = (".mp4", ".webp", ".gif")
WEBP_QUALITY = 82
GIF_TICK = 10  # ms: a GIF counts no finer
GIF_FASTEST = 20  # ms: browsers show a shorter one slower
HELD_BYTES = {".webp": 4, ".gif": 5}  # in memory, of a pixel of every picture: as Pillow keeps it, and once more in 256 colours
COLOURS, PALETTE_SIDE, PALETTE_PICTURES = 256, 96, 24  # of a GIF, and what its colours are chosen from


def check_moving(path: Path, fps: float, sound: Path | None) -> None:
    """Raises ConfigError where a film cannot be what its name says."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f"{path}: the name must end in {', '.join(SUFFIXES)}")
    if suffix == ".gif" and fps > 1000 / GIF_FASTEST:
        raise ConfigError(f"{path}: browsers show a GIF of more than {1000 // GIF_FASTEST} pictures a second slower; lower --fps")
    if sound is not None and suffix != ".mp4":
        raise ConfigError(f"{path}: only an .mp4 can carry the sound; name one, or --silent, which keeps the beat alone")


def check_room(path: Path, count: int, side: int, free_mb: float) -> None:
    """Raises ConfigError, before anything is drawn, for a film whose pictures, ``count`` of ``side`` px, no memory holds at once; an MP4 is
    written as they come. free_mb: memory; 0 where nobody knows."""
    need = count * side * side * HELD_BYTES.get(path.suffix.lower(), 0)
    if free_mb and need > free_mb * 2**20:
        have = f"{count} pictures of {side} px need {need / 2**20:.0f} MB of memory at once, and {free_mb:.0f} MB are free"
        raise ConfigError(f"{path}: {have}; lower --size, --fps or --seconds, or name an .mp4")


def write_mp4(path: Path, pictures: Iterable[Image], fps: float, sound: Path | None, seconds: float) -> None:
    """Pictures [H, W, 3] of one size, with the first ``seconds`` of a sound file, as far as that can be read. Raises SourceError or
    FaultError before the first picture where there is no sound that an MP4 can carry, FaultError where the film cannot be written."""
    import av

    if sound is not None:
        check_sound(sound)
    silent, film, count = path.with_name(f".{path.stem}.silent.mp4"), None, 0
    try:
        for picture in pictures:
            if film is None:
                film = Film(silent, (picture.shape[1], picture.shape[0]), Fraction(fps).limit_denominator(1001), CRF, "medium")
            film.add(film.frame(picture), count)
            count += 1
        if film is not None:
            film.finish()
            film = None
            with whole_file(path) as part:
                put_together(silent, sound, part, seconds)
    except (OSError, av.FFmpegError) as err:
        raise FaultError(f"{path}: cannot be written ({err.strerror or err})") from err
    finally:
        if film is not None:
            film.abandon()
        silent.unlink(missing_ok=True)


def put_together(silent: Path, sound: Path | None, out: Path, seconds: float) -> None:
    """The pictures of a film and the beginning of a sound, as an MP4 with its index in front."""
    import av

    options = {"movflags": "+faststart"}
    with av.open(str(silent)) as pictures, av.open(str(out), "w", format="mp4", options=options) as joined, ExitStack() as stack:
        stream = pictures.streams.video[0]
        copy = joined.add_stream_from_template(stream)
        file = None if sound is None else stack.enter_context(av.open(str(sound)))
        heard = None if file is None else sound_of(file)
        track = None if heard is None else track_for(heard, joined)
        for packet in pictures.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                joined.mux(packet)
        if file is not None and heard is not None and track is not None:
            carry(file, heard, joined, track, seconds)  # that it ends early has been said when its beats were read


def write_webp(path: Path, pictures: Iterable[Image], fps: float, loop: bool) -> None:
    """An animation. All of its pictures are in memory at once."""
    _write_animation(path, "WEBP", map(Pillow.fromarray, pictures), 1000 / fps, 1, loop, {"quality": WEBP_QUALITY, "method": 4})


def write_gif(path: Path, pictures: Iterable[Image], fps: float, loop: bool) -> None:
    """An animation in 256 colours, the same ones all the way, so that nothing flickers."""
    kept = [Pillow.fromarray(picture) for picture in pictures]
    palette = _palette(kept)
    drawn = (picture.quantize(palette=palette, dither=Pillow.Dither.FLOYDSTEINBERG) for picture in kept)
    _write_animation(path, "GIF", drawn, 1000 / fps, GIF_TICK, loop, {"optimize": False, "disposal": 1})


def _palette(pictures: list[Pillow.Image]) -> Pillow.Image:
    """The colours of some pictures of the whole film."""
    some = pictures[:: max(1, len(pictures) // PALETTE_PICTURES)]
    strip = Pillow.new("RGB", (PALETTE_SIDE * len(some), PALETTE_SIDE))
    for k, picture in enumerate(some):
        strip.paste(picture.resize((PALETTE_SIDE, PALETTE_SIDE), Pillow.Resampling.BOX), (k * PALETTE_SIDE, 0))
    return strip.quantize(COLOURS, method=Pillow.Quantize.MEDIANCUT)


def _write_animation(
    path: Path, kind: str, pictures: Iterator[Pillow.Image], each: float, tick: int, loop: bool, options: dict[str, object]
) -> None:
    frames = list(pictures)
    shown = durations(len(frames), each, tick)
    repeat = {"loop": 0} if loop else {"loop": 1} if kind == "WEBP" else {}
    with whole_file(path) as part:
        frames[0].save(part, kind, save_all=True, append_images=frames[1:], duration=shown, **repeat, **options)


def durations(count: int, each: float, tick: int) -> list[int]:
    """ms of each picture, in whole ticks, so that no rounding adds up: what is on the beat stays there."""
    ends = [round((k + 1) * each / tick) * tick for k in range(count)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


WRITERS: dict[str, Callable[[Path, Iterable[Image], float, bool], None]] = {".webp": write_webp, ".gif": write_gif}
