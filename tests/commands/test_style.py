"""``python -m installation style``: stills, folders and clips in a style, and what is refused."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from installation import places
from installation.commands import style
from installation.commands.style import main
from installation.errors import ConfigError, SourceError
from installation.training.gatys import gram
from tests.training.score.score_inputs import write_nets

CLIP_FRAMES, RATE = 8, 10


def photo(path: Path, size: tuple[int, int] = (120, 80)) -> Path:
    across = np.linspace(0, 255, size[0], dtype=np.uint8)
    picture = np.broadcast_to(across[None, :, None], (size[1], size[0], 3)).copy()
    picture[20:60, 30:90, 0] = 220
    Pillow.fromarray(picture).save(path)
    return path


def clip(path: Path, sound: bool) -> Path:
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        audio = file.add_stream("aac", rate=48000) if sound else None
        for k in range(CLIP_FRAMES):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 20 * k, np.uint8), format="rgb24")
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        if audio is not None:
            tone = (0.3 * np.sin(np.arange(48000 * CLIP_FRAMES // RATE) / 20)).astype(np.float32)
            heard = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
            heard.sample_rate = 48000
            file.mux(audio.encode(heard))
            file.mux(audio.encode(None))
    return path


def test_a_still_in_two_styles(tmp_path: Path) -> None:
    source, out = photo(tmp_path / "me.png"), tmp_path / "out"
    assert main([str(source), "--style", "crimson", "--style", "ink=0.5,great-wave=0.5", "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {"me-crimson.png", "me-ink+great-wave.png"}
    plain, one, two = (
        np.asarray(Pillow.open(path)).astype(int) for path in (source, out / "me-crimson.png", out / "me-ink+great-wave.png")
    )
    assert one.shape == plain.shape and np.abs(one - plain).mean() > 15 and np.abs(one - two).mean() > 15


def test_a_still_keeps_its_colour_profile(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source, out = photo(tmp_path / "me.png"), tmp_path / "out"
    with Pillow.open(source) as picture:
        picture.save(tmp_path / "me.jpg", icc_profile=profile)
    assert main([str(tmp_path / "me.jpg"), "--style", "crimson", "--strength", "0.5", "--size", "64", "--out", str(out)]) == 0
    with Pillow.open(out / "me-crimson.jpg") as painted:
        assert painted.info["icc_profile"] == profile


def test_two_mixtures_of_the_same_styles_are_two_pictures(tmp_path: Path) -> None:
    source, out = photo(tmp_path / "me.png"), tmp_path / "out"
    mixtures = ["--style", "ink=0.25,frost=0.75", "--style", "ink=0.75,frost=0.25", "--style", "delft"]
    assert main([str(source), *mixtures, "--size", "64", "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {"me-ink=0.25+frost=0.75.png", "me-ink=0.75+frost=0.25.png", "me-delft.png"}


def test_networks_are_kept_where_those_of_the_show_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    open_store = style.open_store
    monkeypatch.setattr(style, "open_store", lambda folder: (opened.append(folder), open_store(tmp_path / "cache"))[1])
    main([str(photo(tmp_path / "me.png")), "--style", "ink", "--size", "64", "--out", str(tmp_path / "out")])
    assert opened == [places.cache() / "engines"]


def test_strength_0_leaves_a_picture_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="asks for nothing"):
        main([str(photo(tmp_path / "me.png")), "--style", "ink", "--strength", "0", "--out", str(tmp_path / "out")])


@pytest.mark.parametrize("sound", [True, False])
def test_a_clip_keeps_its_length_and_its_sound(sound: bool, tmp_path: Path) -> None:
    source = clip(tmp_path / "clip.mp4", sound)
    assert main([str(source), "--style", "crimson", "--out", str(tmp_path / "out"), "--size", "96"]) == 0
    (painted,) = (tmp_path / "out").iterdir()
    assert painted.name == "clip-crimson.mp4"
    with av.open(str(painted)) as file:
        assert len(list(file.decode(video=0))) == CLIP_FRAMES and float(file.streams.video[0].average_rate or 0) == RATE
        assert bool(file.streams.audio) == sound
    if sound:
        with av.open(str(painted)) as file:
            heard = np.concatenate([frame.to_ndarray().ravel() for frame in file.decode(audio=0)])
        assert heard.size >= 0.9 * 48000 * CLIP_FRAMES / RATE and np.abs(heard).max() > 0.2


def test_a_folder_is_painted_and_one_broken_file_is_named_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "c.png"):
        photo(folder / name)
    photo(folder / "b.png")
    data = (folder / "b.png").read_bytes()
    (folder / "b.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceError, match="1 of 3 could not be read"):
        main([str(folder), "--style", "frost", "--out", str(tmp_path / "out")])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a-frost.png", "c-frost.png"}
    assert "b.png" in capsys.readouterr().err


def test_nothing_is_written_over_unless_that_is_asked_for(tmp_path: Path) -> None:
    arguments = [str(photo(tmp_path / "me.png")), "--style", "frost", "--out", str(tmp_path / "out")]
    main(arguments)
    with pytest.raises(ConfigError, match="is there already"):
        main(arguments)
    assert main([*arguments, "--force"]) == 0


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        photo(tmp_path / name / "me.png")
    with pytest.raises(ConfigError, match="two sources would be painted into this file"):
        main([str(tmp_path / "a" / "me.png"), str(tmp_path / "b"), "--style", "ink", "--out", str(tmp_path / "out")])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "name at least one SOURCE"),
        (["nowhere.png", "--style", "ink", "--out", "{out}"], "there is no such file"),
        (["{photo}", "--style", "ink", "--sheet", "{out}.gif"], "must end in .jpg or .png"),
        (["{photo}", "--style", "ink", "--out", "{out}", "--styles", "{out}/nowhere"], "no such folder"),
        (["{photo}", "--style", "ink", "--style", "ink", "--out", "{out}"], "one twice in the same style"),
        (["{photo}", "--style", "ink", "--out", "{out}", "--slow"], "--nets"),
        (["{photo}", "--style", "great-wave", "--sheet", "{out}.jpg", "--slow", "--nets", "{nets}"], "draws no --sheet"),
        (["{photo}", "--style", "ink", "--out", "{out}", "--slow", "--nets", "{nets}"], "ink: --slow paints in the style of one painting"),
        (["{photo}", "--style", "great-wave,ink=0.1", "--out", "{out}", "--slow", "--nets", "{nets}"], "it blends none"),
        (["{clip}", "--style", "great-wave", "--out", "{out}", "--slow", "--nets", "{nets}"], "clip.mp4: is a clip"),
        (["{photo}", "--style", "ink", "--out", "{out}", "--steps", "9"], "--steps goes with --slow alone"),
        (["{photo}", "--style", "ink", "--out", "{out}", "--nets", "{nets}"], "--nets goes with --slow alone"),
        (["{photo}", "{clip}", "--style", "ink", "--sheet", "{out}.jpg"], "--sheet shows one picture"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], why: str, tmp_path: Path) -> None:
    named = {"photo": photo(tmp_path / "me.png"), "out": tmp_path / "out", "nets": write_nets(tmp_path / "nets")}
    named["clip"] = clip(tmp_path / "clip.mp4", sound=False)
    with pytest.raises(ConfigError, match=why):
        main([argument.format(**named) for argument in arguments])


def test_the_slow_way_paints_in_the_style_of_a_picture_whatever_its_file_is_called(tmp_path: Path) -> None:
    styles, folder, out = tmp_path / "styles", tmp_path / "in", tmp_path / "out"
    styles.mkdir()
    folder.mkdir()
    Pillow.fromarray(np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)).save(styles / "Größe 1.5 (x).png")
    source = photo(folder / "me.png")
    clip(folder / "clip.mp4", sound=False)  # which is left out
    (folder / "broken.png").write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    nets = ["--slow", "--steps", "3", "--size", "64", "--nets", str(write_nets(tmp_path / "nets"))]
    for strength, target in (("1", out), ("0.25", tmp_path / "faint")):
        with pytest.raises(SourceError, match="1 of 2 could not be read"):  # and the other is painted all the same
            asked = ["--styles", str(styles), "--style", "groesse-1-5-x", "--strength", strength]
            main([str(folder), *asked, "--out", str(target), *nets])
    plain, whole, faint = (
        np.asarray(Pillow.open(path)).astype(float)
        for path in (source, out / "me-groesse-1-5-x.png", tmp_path / "faint" / "me-groesse-1-5-x.png")
    )
    assert whole.shape == plain.shape and np.abs(whole - plain).mean() > 2
    assert np.abs(faint - (0.25 * whole + 0.75 * plain)).mean() < 1
    with pytest.raises(SystemExit):
        main([str(folder), "--style", "great-wave", "--out", str(out), "--slow", "--steps", "0"])


def test_a_sheet_shows_one_picture_in_every_style(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    styles = [argument for name in ("ink", "frost", "crimson", "amber", "delft") for argument in ("--style", name)]
    assert main([str(photo(tmp_path / "me.png")), *styles, "--sheet", str(sheet)]) == 0
    with Pillow.open(sheet) as picture:
        assert picture.width > 4 * 288 and picture.height > 2 * 192


def test_the_gram_matrix_is_the_mean_product_of_channels() -> None:
    import torch

    maps = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])
    assert torch.allclose(gram(maps), torch.tensor([[2.5, 0.5], [0.5, 5.0]]))
