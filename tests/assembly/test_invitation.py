"""Texts from files: those that ship, an artist's own, and what is wrong with them."""

from pathlib import Path

import pytest

from installation.assembly.invitation import INVITATIONS, NOTES, SHIPPED, Invitation, invitation_of
from installation.canvas.typefaces import OWN, has_letters
from installation.config import load_config
from installation.config_file import read_document
from installation.errors import ConfigError

LANGUAGES = ["en", "de", "fr", "es", "it", "zh"]


def invited(*settings: str, keeps: bool = False, **how: object) -> Invitation:
    return invitation_of(load_config(None, settings), keeps, **how)  # type: ignore[arg-type]


def languages(invitation: Invitation, name: str = "come") -> list[str]:
    return [words.language for words in invitation.texts.texts[name]]


def test_every_text_that_ships_is_there_in_every_language_and_its_font_has_the_letters() -> None:
    texts = read_document(SHIPPED).values
    assert set(texts) == {*INVITATIONS, *NOTES}
    for text in texts.values():
        assert [*text] == LANGUAGES  # type: ignore[misc]
        assert all(has_letters(OWN, line) for line in text.values()), "run scripts/subset_font.py"  # type: ignore[attr-defined]
    invitation = invited()
    assert not invitation.notices
    for name in INVITATIONS:
        assert languages(invitation, name) == LANGUAGES
        assert {words.font for words in invitation.texts.texts[name]} == {OWN}


def test_beneath_it_stands_what_becomes_of_pictures() -> None:
    notes = [invited(keeps=keeps).texts.texts["come"][0].note for keeps in (False, True)]
    assert notes == ["Nothing is recorded", "Pictures may be recorded here"]


def test_languages_are_chosen_and_put_in_order() -> None:
    invitation = invited("invitation.languages=[de, en]", "invitation.each_seconds=4")
    assert languages(invitation) == ["de", "en"] and invitation.texts.each_seconds == 4


def test_an_artist_s_own_words_take_the_place_of_those_that_they_name(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("come: {en: Look, fr: Regardez}\n")
    invitation = invited(f"invitation.texts={own}", "invitation.languages=[en, fr]")
    assert [words.text for words in invitation.texts.texts["come"]] == ["Look", "Regardez"]
    assert invitation.texts.texts["smile"][0].text.startswith("Smile") and not invitation.notices


def test_a_language_that_is_missing_is_left_out_and_told_once(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("come: {en: Look, de: Schau}\nhand: {en: Wave}\n")
    invitation = invited(f"invitation.texts={own}", "invitation.languages=[en, de, fr, it]")
    assert languages(invitation) == ["en", "de"]
    assert invitation.notices == (f"{own}: come has no text in fr, it; it is left out in them",)  # of hand, which is not said here, nothing


def test_a_language_that_does_not_say_what_becomes_of_pictures_is_told(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("come: {en: Look, nl: Kijk, pl: Spójrz}\nunkept: {nl: Er wordt niets opgenomen}\n")
    asked = (f"invitation.texts={own}", "invitation.languages=[en, nl, pl]")
    said = f"{own}: {{}} has no text in {{}}; what becomes of pictures is not said in {{}}"
    assert invited(*asked).notices == (said.format("unkept", "en, pl", "them"),)  # who writes a text anew writes it in every language
    assert invited(*asked, keeps=True).notices == (said.format("kept", "nl, pl", "them"),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("come: [Look]\n", r"mine\.yaml:1: come: must hold a text for each language"),
        ("come: {}\n", r"mine\.yaml:1: come: must hold a text for each language"),
        ("come:\n  en: Look\n  de: 12\n", r"mine\.yaml:3: come\.de: must be a text"),
        ("come:\n  en: ''\n", r"mine\.yaml:2: come\.en: must be a text"),
        ("come:\n  en: Look\n  'no': true\n", r"mine\.yaml:3: come\.no: must be a text"),
        ("come: {en: " + "x" * 201 + "}\n", r"mine\.yaml:1: come\.en: longer than 200 letters"),
        ("welcome: {en: Look}\n", r"mine\.yaml:1: welcome: no such text; there is come, hand, smile"),
        ("come: {en: Look\n", r"mine\.yaml:\d: not valid YAML"),
        ("", r"mine\.yaml: the file is empty"),
        ("come: {en: !!python/object:os.system x}\n", r"mine\.yaml:1: come\.en"),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, reason: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ConfigError, match=reason):
        invited(f"invitation.texts={tmp_path / 'mine.yaml'}")


def test_a_file_that_is_not_there_a_language_without_a_text_and_a_font_that_is_none_end_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such file"):
        invited(f"invitation.texts={tmp_path / 'nowhere.yaml'}")
    with pytest.raises(ConfigError, match=r"invitation\.languages: .*no text in tlh; there is de, en, es, fr, it, zh"):
        invited("invitation.languages=[en, tlh]")
    with pytest.raises(ConfigError, match=r"invitation\.font: .*there is no such font file"):
        invited(f"invitation.font={tmp_path / 'none.ttf'}")
    with pytest.raises(ConfigError, match=r"invitation\.languages\.0"):
        invited("invitation.languages=['English, please']")


def test_a_language_without_a_font_is_left_out_and_told_once() -> None:
    def latin(text: str, first: Path | None) -> Path | None:
        return OWN if text.isascii() or all(ord(letter) < 0x180 for letter in text) else None

    invitation = invited(find=latin)
    assert all(languages(invitation, name) == LANGUAGES[:-1] for name in INVITATIONS)
    (notice,) = invitation.notices
    assert notice.startswith("no font here has all letters of zh, and the invitation is not shown in it; install one")
