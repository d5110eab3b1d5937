import numpy as np
import pytest

from installation.canvas.invitation import FADE_SECONDS, InvitationPainter, InvitationTexts, Words, painted
from installation.canvas.scene import Overlay
from installation.canvas.typefaces import OWN, has_letters, typeface
from installation.messages import Image

LONG = "Heben Sie die Hand, um sich verwandelt zu sehen"
TEXTS = InvitationTexts(
    {
        "come": (Words("en", "Come closer", "Nothing is recorded", OWN), Words("zh", "请走近一点", "", OWN)),
        "hand": (Words("de", LONG, "", OWN),),
    },
    each_seconds=5.0,
)


def laid(overlays: tuple[Overlay, ...], width: int = 640, height: int = 360, grey: int = 200) -> Image:
    """A grey canvas with overlays on it."""
    canvas = np.full((height, width, 3), grey, np.float32)
    for one in overlays:
        h, w = one.colour.shape[:2]
        part = canvas[one.y : one.y + h, one.x : one.x + w]
        part[:] = part * (one.clear / 255.0) + one.colour
    return np.asarray(np.clip(np.round(canvas), 0, 255), np.uint8)


@pytest.mark.parametrize("size", [(1280, 720), (1080, 1920), (160, 90), (3840, 300), (64, 64)])
@pytest.mark.parametrize("text", ["Come closer", LONG, "请举手，看看不一样的自己", "x" * 90])
def test_a_page_fits_the_canvas(size: tuple[int, int], text: str) -> None:
    page = painted(Words("en", text, "Nothing is recorded", OWN), *size)
    assert page.x == 0 and page.y >= 0 and page.colour.shape == page.clear.shape
    assert page.colour.shape[1] == size[0] and page.y + page.colour.shape[0] <= size[1]
    columns = np.flatnonzero(page.colour.max(axis=(0, 2)))
    assert len(columns) and columns[0] > 0.02 * size[0] and columns[-1] < 0.98 * size[0]  # not cut off
    assert abs((columns[0] + columns[-1]) / 2 - size[0] / 2) < 0.03 * size[0] + 2
    assert (page.colour <= 255 - page.clear).all()  # premultiplied


def test_words_are_light_on_a_shade_whatever_is_behind_them() -> None:
    shown = laid((painted(TEXTS.texts["hand"][0], 640, 360),), grey=250)
    rows = shown[300:324]
    assert rows.max() > 235 and np.percentile(rows[:, 100:540], 30) < 190
    assert (shown[:200] == 250).all()


def test_it_fades_in_takes_turns_and_fades_out() -> None:
    painter = InvitationPainter(640, 360, TEXTS)
    dt, brightness, counts = 0.1, [], []
    for k in range(140):
        name = "come" if 5 <= k < 110 else ""
        overlays = painter.overlays(name, k * dt, dt)
        counts.append(len(overlays))
        brightness.append(float(laid(overlays, grey=0).mean()))
    assert counts[:5] == [0] * 5 and counts[-1] == 0
    assert max(np.abs(np.diff(brightness))) < 2.1 * max(brightness) * dt / FADE_SECONDS  # fades, never a pop; two pages may go at once
    assert set(counts[20:50]) == {1} and 2 in counts[50:70] and set(counts[70:100]) == {1}  # another language after five seconds
    first, second = brightness[45], brightness[90]
    assert abs(first - second) > 0.05 * first


def test_nothing_is_painted_anew_while_nothing_changes() -> None:
    painter = InvitationPainter(640, 360, TEXTS)
    painter.overlays("hand", 0.0, 0.0)
    (one,) = painter.overlays("hand", 2.0, 2.0)
    assert painter.overlays("hand", 2.1, 0.1)[0] is one  # a renderer keeps what it has


def test_in_the_dark_nothing_is_said() -> None:
    painter = InvitationPainter(640, 360, TEXTS)
    painter.overlays("hand", 0.0, 0.0)
    assert painter.overlays("hand", 2.0, 2.0, light=0.0) == ()
    half, whole = (laid(painter.overlays("hand", 2.0, 0.0, light=light), grey=0).mean() for light in (0.5, 1.0))
    assert half == pytest.approx(whole / 2, rel=0.1)


def test_what_there_is_no_text_for_is_silence() -> None:
    painter = InvitationPainter(640, 360, TEXTS)
    assert painter.overlays("smile", 0.0, 1.0) == painter.overlays("", 1.0, 1.0) == ()


def test_the_font_that_ships_has_the_letters_of_western_europe_and_no_others() -> None:
    assert has_letters(OWN, "Kommen Sie näher, Größe, señor ¿qué? où cœur Ç 2026")
    assert not has_letters(OWN, "Łódź") and not has_letters(OWN, "ığ")  # those are the system's
    assert not has_letters(OWN, "囍") and not has_letters(OWN, "a囍") and not has_letters(OWN, "")


def test_a_font_is_found_that_has_every_letter_or_none(tmp_path, monkeypatch) -> None:
    assert typeface("Come closer") == OWN
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    assert typeface("Come closer", broken) == OWN
    monkeypatch.setattr("installation.canvas.typefaces.system_fonts", lambda: (broken,))
    assert typeface("囍") is None
    monkeypatch.setattr("installation.canvas.typefaces.system_fonts", lambda: (broken, OWN))
    assert typeface("Come") == OWN
