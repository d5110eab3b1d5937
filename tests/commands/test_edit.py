"""``python -m installation edit``: stills, folders and clips with their faces edited, and what is left out or refused."""

from hashlib import sha256
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from installation.commands.edit import check_targets, jobs_of, main
from installation.darkroom.files import Source, find_sources
from installation.errors import ConfigError, SourceError
from installation.sources.stills import read_picture

ROOT = Path(__file__).resolve().parents[2]
FACES = ROOT / "installation" / "demo" / "faces"
CLIP_FRAMES, RATE = 6, 10
EDITED = 1.0  # grey levels by which an edited face differs on the whole
JPEG = 3.0  # those by which a JPEG differs from its source


def wall(width: int, height: int, *faces: tuple[str, int, int, int]) -> np.ndarray:
    """A grey wall, and on it faces: name, left, top, side."""
    picture = np.full((height, width, 3), 120, np.uint8)
    for name, x, y, side in faces:
        picture[y : y + side, x : x + side] = cv2.resize(read_picture(FACES / f"{name}.webp"), (side, side), interpolation=cv2.INTER_AREA)
    return picture


def two() -> np.ndarray:
    return wall(560, 300, ("05015", 20, 20, 256), ("09460", 330, 60, 200))


def write_clip(path: Path) -> Path:
    """A face that moves, and a tone."""
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=RATE, options={"crf": "5"})
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        audio = file.add_stream("aac", rate=48000)
        for k in range(CLIP_FRAMES):
            file.mux(video.encode(av.VideoFrame.from_ndarray(wall(320, 240, ("01620", 40 + 4 * k, 20, 200)), format="rgb24")))
        file.mux(video.encode(None))
        tone = (0.3 * np.sin(np.arange(48000 * CLIP_FRAMES // RATE) / 20)).astype(np.float32)
        heard = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
        heard.sample_rate = 48000
        file.mux(audio.encode(heard))
        file.mux(audio.encode(None))
    return path


def pictures(clip: Path) -> list[np.ndarray]:
    with av.open(str(clip)) as file:
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in file.decode(video=0)]


def loudest(clip: Path) -> float:
    with av.open(str(clip)) as file:
        return max(float(np.abs(frame.to_ndarray()).max()) for frame in file.decode(audio=0))


def sums(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The arguments for engines that are quick to make."""
    file = tmp_path_factory.mktemp("config") / "steady.yaml"
    file.write_text("engine: {backend: eager, precision: float32, device: cpu, threads: 1}\nmodels: {children: []}\n")
    return ["--config", str(file)]


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of everything."""
    folder = tmp_path_factory.mktemp("album")
    Pillow.fromarray(two()).save(folder / "two.png")
    upright = Pillow.fromarray(wall(300, 340, ("01620", 20, 40, 256)))
    turned, exif = upright.rotate(90, expand=True), Pillow.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    turned.save(folder / "turned.jpg", quality=97, exif=exif)
    Pillow.fromarray(wall(300, 200)).save(folder / "wall.png")
    (folder / "broken.jpg").write_bytes((folder / "two.png").read_bytes()[:3000])
    (folder / "empty.png").write_bytes(b"")
    Pillow.fromarray(wall(4100, 300, ("01620", 3000, 20, 256))).save(folder / "wide.jpg", quality=95)
    write_clip(folder / "clip.mp4")
    (folder / "notes.txt").write_text("not a picture")
    return folder


@pytest.fixture(scope="module")
def edited(album: Path, steady: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The album, made older and seen on a sheet beside."""
    out = tmp_path_factory.mktemp("older") / "out"
    assert main([str(album), "--set", "age=2", "--out", str(out), "--sheet", str(out / "all.jpg"), *steady]) == 0
    return out


def test_a_folder_gives_what_can_be_edited(edited: Path) -> None:
    assert {path.name for path in edited.iterdir()} == {
        "two-edited.png",
        "turned-edited.jpg",
        "wide-edited.jpg",
        "clip-edited.mp4",
        "all.jpg",
    }


def test_a_large_picture_keeps_its_size(edited: Path) -> None:
    with Pillow.open(edited / "wide-edited.jpg") as picture:
        assert picture.size == (4100, 300)


def test_faces_change_and_the_wall_does_not(edited: Path) -> None:
    before, after = two().astype(int), np.asarray(Pillow.open(edited / "two-edited.png")).astype(int)
    assert after.shape == before.shape
    for columns in (slice(20, 276), slice(330, 530)):
        assert np.abs(after[:, columns] - before[:, columns]).mean() > EDITED
    assert (after[:, 285:325] == before[:, 285:325]).all() and (after[:10] == before[:10]).all()


def test_a_picture_is_turned_upright(edited: Path) -> None:
    after = np.asarray(Pillow.open(edited / "turned-edited.jpg")).astype(int)
    before = wall(300, 340, ("01620", 20, 40, 256)).astype(int)
    assert after.shape == before.shape
    assert (
        np.abs(after[:, :15] - before[:, :15]).max() < 4 * JPEG and np.abs(after[100:250, 70:220] - before[100:250, 70:220]).mean() > JPEG
    )


def test_a_clip_keeps_its_pictures_and_its_sound(album: Path, edited: Path) -> None:
    before, after = pictures(album / "clip.mp4"), pictures(edited / "clip-edited.mp4")
    assert len(after) == len(before) == CLIP_FRAMES and after[0].shape == before[0].shape
    for k, (was, now) in enumerate(zip(before, after, strict=True)):
        assert np.abs(now - was)[60:200, 80:200].mean() > JPEG, k  # from the first one on
        assert np.abs(now - was)[:, 290:].mean() < JPEG
    assert loudest(edited / "clip-edited.mp4") > 0.2


def test_the_sheet_has_before_and_after_of_all(edited: Path) -> None:
    with Pillow.open(edited / "all.jpg") as sheet:
        assert sheet.width > 4 * 288 and sheet.height > 2 * 200


def test_the_rest_is_told_and_the_same_again_gives_the_same_bytes(
    album: Path, edited: Path, steady: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main([str(album), "--set", "age=2", "--out", str(tmp_path / "again"), "--sheet", str(tmp_path / "again" / "all.jpg"), *steady]) == 0
    )
    assert sums(tmp_path / "again") == sums(edited)
    told = capsys.readouterr().err
    assert "wall.png: no face found, left out" in told and "broken.jpg: " in told and "empty.png: the file is empty" in told
    assert "3 of 7 left out" in told and "Traceback" not in told


def test_portraits_of_two_faces_and_where_they_are_already(steady: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "two.png", tmp_path / "out"
    Pillow.fromarray(two()).save(source)
    arguments = [str(source), "--set", "smile=2", "--portrait", "--out", str(out), *steady]
    assert main(arguments) == 0
    assert {path.name for path in out.iterdir()} == {"two-edited-1.png", "two-edited-2.png"}
    for path in out.iterdir():
        with Pillow.open(path) as portrait:
            assert portrait.width == portrait.height >= 128
    with pytest.raises(ConfigError, match=r"two-edited-1\.png: is there already"):
        main(arguments)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_colours_keep_their_profile_and_nothing_else_goes_along(suffix: str, steady: list[str], tmp_path: Path) -> None:
    source, out, exif = tmp_path / f"p3.{suffix}", tmp_path / "out", Pillow.Exif()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif[0x010F] = "somebody's phone"
    Pillow.fromarray(wall(300, 300, ("01620", 20, 20, 256))).save(source, icc_profile=profile, exif=exif)
    for words in ([], ["--portrait"]):
        assert main([str(source), "--set", "smile=2", "--out", str(out), *words, *steady]) == 0
    assert {path.name for path in out.iterdir()} == {f"p3-edited.{suffix}", f"p3-edited-1.{suffix}"}
    for path in out.iterdir():
        with Pillow.open(path) as made:
            assert made.info["icc_profile"] == profile and not made.getexif()


def test_portraits_of_a_folder_leave_its_clip_out(steady: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    album, out = tmp_path / "album", tmp_path / "out"
    album.mkdir()
    Pillow.fromarray(two()).save(album / "two.png")
    write_clip(album / "clip.mp4")
    assert main([str(album), "--set", "smile=2", "--portrait", "--out", str(out), *steady]) == 0
    assert {path.name for path in out.iterdir()} == {"two-edited-1.png", "two-edited-2.png"}
    assert "clip.mp4: is a clip, left out" in capsys.readouterr().err


def test_where_nobody_is_the_command_fails(steady: list[str], tmp_path: Path) -> None:
    Pillow.fromarray(wall(300, 200)).save(tmp_path / "wall.png")
    arguments = [str(tmp_path / "wall.png"), "--set", "age=1", "--out", str(tmp_path / "out"), *steady]
    with pytest.raises(SourceError, match=r"no face found$") as failed:
        main(arguments)
    assert failed.value.exit_code == 3 and not list((tmp_path / "out").iterdir())


def test_names_do_not_collide(tmp_path: Path) -> None:
    for name in ("a/me.jpg", "a/me.webp", "a/me.png", "b/me.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Pillow.new("RGB", (40, 30)).save(path)
    jobs = jobs_of(find_sources([tmp_path / "a", tmp_path / "b"]), tmp_path / "out")
    assert [(job.source.path.relative_to(tmp_path).as_posix(), job.out.name) for job in jobs] == [
        ("a/me.jpg", "me-edited.jpg"), ("a/me.png", "me-edited.png"), ("a/me.webp", "me-2-edited.jpg"), ("b/me.jpg", "me-3-edited.jpg"),
    ]  # fmt: skip


@pytest.mark.parametrize("portraits", [False, True])
def test_nothing_is_written_over_unless_that_is_asked_for(portraits: bool, tmp_path: Path) -> None:
    jobs = jobs_of([Source(tmp_path / "me.jpg")], tmp_path)
    check_targets(jobs, portraits, force=False)
    (tmp_path / ("me-edited-12.jpg" if portraits else "me-edited.jpg")).write_bytes(b"mine")
    with pytest.raises(ConfigError, match="is there already"):
        check_targets(jobs, portraits, force=False)
    check_targets(jobs, portraits, force=True)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["{photo}"], "nothing is asked for"),
        (["nowhere.png", "--set", "age=1"], "there is no such file"),
        (["{photo}", "--set", "age=1", "--sheet", "{out}.gif"], "must end in .jpg or .png"),
        (["{clip}", "--set", "age=1", "--portrait"], "pictures alone"),
        (["{photo}", "--oscillate"], "me.png: is a picture, and --oscillate moves clips alone"),
        (["{photo}", "--set", "age=1", "--oscillate"], "--oscillate moves clips alone"),
        (["{clip}", "{photo}", "--oscillate"], "me.png: is a picture"),
        (["{photo}", "--set", "agee=1"], "did you mean 'age'"),
        (["{photo}", "--style", "inc"], "did you mean 'ink'"),
        (["{photo}", "--preset", "popart"], "did you mean 'pop-art'"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_made(arguments: list[str], why: str, steady: list[str], tmp_path: Path) -> None:
    places = {"photo": tmp_path / "me.png", "clip": ROOT / "tests" / "data" / "yes.mkv", "out": tmp_path / "out"}
    Pillow.new("RGB", (40, 30)).save(places["photo"])
    with pytest.raises(ConfigError, match=why):
        main([*(argument.format(**places) for argument in arguments), "--out", str(tmp_path / "out"), *steady])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("who", ["0", "-1", "left", "1.5"])
def test_who_is_a_word_or_a_number(who: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["me.png", "--set", "age=1", "--out", "out", f"--face={who}"])
    assert ended.value.code == 2
