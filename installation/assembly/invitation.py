"""From the configuration to what the canvas says to visitors: texts are read, and each language gets a font that has its letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from installation.canvas.invitation import InvitationTexts, Words
from installation.canvas.typefaces import has_letters, typeface
from installation.config import Config
from installation.config_file import Document, read_document
from installation.errors import ConfigError
from installation.places import kept, shipped

SHIPPED = shipped("texts.yaml")
INVITATIONS = ("come", "hand", "smile")
NOTES = ("unkept", "kept")
LONGEST = 200  # letters
FindFont = Callable[[str, Path | None], Path | None]


@dataclass(frozen=True, slots=True)
class Invitation:
    """notices: what there is to say of it at the start, a sentence each; without: languages for which there is no font."""

    texts: InvitationTexts
    notices: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def something_is_kept(config: Config) -> bool:
    """Whether pictures of visitors may be stored: by a recording, or because one of them asks for theirs."""
    return config.privacy.allow_recording or config.takeaways.enabled


def invitation_of(config: Config, keeps: bool, find: FindFont = typeface) -> Invitation:
    """What the configuration lets the canvas say. keeps: whether pictures may be kept; find: a font that has a text's letters. Raises
    ConfigError for a file that cannot be read, a language that no text has, and a font that is none."""
    c = config.invitation
    own = kept(c.texts) if c.texts else None
    file = read_document(SHIPPED) if own is None else _own(config, own)
    texts, notices = _texts(file), []
    if own is not None:
        texts = {**_texts(read_document(SHIPPED)), **texts}
    known = {language for name in (*INVITATIONS, *NOTES) for language in texts[name]}
    if unknown := [language for language in c.languages if language not in known]:
        raise config.error({"invitation.languages": f"no text in {', '.join(unknown)}; there is {', '.join(sorted(known))}"})
    font = kept(c.font) if c.font else None
    if font is not None and not has_letters(font, "a"):
        raise config.error({"invitation.font": f"{font}: there is no such font file, or it cannot be read"})
    note = texts[NOTES[keeps]]
    silent = [
        language
        for language in c.languages
        if language not in note and any(language in texts[name] for name in INVITATIONS if _wanted(name, config))
    ]
    said: dict[str, tuple[Words, ...]] = {}
    without: dict[str, None] = {}
    for name in INVITATIONS:
        missing = [language for language in c.languages if language not in texts[name]]
        if missing and _wanted(name, config):
            notices.append(f"{file.label}: {name} has no text in {', '.join(missing)}; it is left out in {_it(missing)}")
        words = []
        for language in c.languages:
            if language in texts[name]:
                text, small = texts[name][language], note.get(language, "")
                path = find(text + small, font)
                if path is None:
                    without[language] = None
                else:
                    words.append(Words(language, text, small, path))
        said[name] = tuple(words)
    if silent:
        notices.append(
            f"{file.label}: {NOTES[keeps]} has no text in {', '.join(silent)}; what becomes of pictures is not said in {_it(silent)}"
        )
    if without:
        notices.append(
            f"no font here has all letters of {', '.join(without)}, and the invitation is not shown in {_it(without)}; "
            "install one (fonts-noto-cjk) or name one in invitation.font"
        )
    return Invitation(InvitationTexts(said, c.each_seconds), tuple(notices), tuple(without))


def _own(config: Config, path: Path) -> Document:
    """A broken file names its own lines; of one that cannot be read the configuration's is told."""
    try:
        return read_document(path)
    except ConfigError as err:
        if path.is_file():
            raise
        raise config.error({"invitation.texts": str(err)}) from None


def _it(languages: object) -> str:
    return "it" if len(languages) == 1 else "them"  # type: ignore[arg-type]


def _wanted(name: str, config: Config) -> bool:
    """Whether a text is said at all in this show."""
    return name == config.privacy.consent or (name == "come" and config.invitation.after_seconds != "never")


def _texts(file: Document) -> dict[str, dict[str, str]]:
    """By name and language. Raises ConfigError, one line a problem."""
    faults = []
    found: dict[str, dict[str, str]] = {}
    for name, value in file.values.items():
        if name not in (*INVITATIONS, *NOTES):
            faults.append(f"{file.where((name,))}: {name}: no such text; there is {', '.join((*INVITATIONS, *NOTES))}")
        elif not isinstance(value, Mapping) or not value:
            faults.append(f"{file.where((name,))}: {name}: must hold a text for each language, as in 'en: Come closer'")
        else:
            told = {language: _fault(text) for language, text in value.items()}
            faults += [f"{file.where((name, language))}: {name}.{language}: {why}" for language, why in told.items() if why]
            found[name] = {language: " ".join(str(text).split()) for language, text in value.items()}
    if faults:
        raise ConfigError("\n".join(faults))
    return found


def _fault(text: object) -> str:
    """Why this is no text; "" where it is one."""
    if not isinstance(text, str) or not text.strip():
        return "must be a text; put quotes around what YAML takes for something else"
    if len(text) > LONGEST:
        return f"longer than {LONGEST} letters, which nobody reads in passing"
    return "" if all(letter.isprintable() or letter.isspace() for letter in text) else "holds a character that cannot be written"
