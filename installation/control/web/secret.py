"""The panel's token: where it comes from, whether it is good enough, and how it may be written when somebody sends it."""

from __future__ import annotations

import contextlib
import hmac
import math
import os
import secrets
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from installation.config import WebConfig
from installation.control.owned_file import read_owned
from installation.errors import ConfigError

ENVIRONMENT = "FACETS_WEB_TOKEN"
SHORTEST = 8  # characters
LEAST_BITS = 36.0  # what is left to guess, see ``bits``
LONGEST = 200
WORDS = ("passwort", "password", "facets", "letmein", "welcome", "secret", "geheim", "admin", "panel", "token", "mirror", "qwertz")
LEET = str.maketrans("01345@$!", "oleasasi")
ROWS = ("1234567890", "qwertyuiop", "qwertzuiop", "asdfghjkl", "yxcvbnm", "zxcvbnm")


def made() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(18)


def configured(settings: WebConfig, folder: Path, environment: Mapping[str, str] = os.environ, make: bool = True) -> str:
    """The token that the environment, a file or the configuration gives, empty for none. A file that is not there yet is made,
    with a new token, where ``make`` says so. folder: where a relative ``control.web.token_file`` starts. Raises ConfigError, for
    a weak one too."""
    places = {
        f"the environment's {ENVIRONMENT}": environment.get(ENVIRONMENT, ""),
        "control.web.token": settings.token,
        "control.web.token_file": settings.token_file,
    }
    given = [name for name, value in places.items() if value]
    if len(given) > 1:
        raise ConfigError(f"{' and '.join(given)} both give the panel's token; keep one")
    if not given:
        return ""
    if settings.token_file:
        path = folder / settings.token_file
        if not make and not path.exists():
            return ""
        return strong(read(path), f"control.web.token_file: {path}")
    return strong(places[given[0]], given[0])


def read(path: Path) -> str:
    """The token in a file that its owner alone may read; made where there is none. Raises ConfigError."""
    where = f"control.web.token_file: {path}"
    try:
        with contextlib.suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(made() + "\n")
        raw = read_owned(path, where, 4 * LONGEST + 1)
    except OSError as err:
        raise ConfigError(f"{where}: cannot be read or made ({err.strerror or err})") from err
    try:
        token = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as err:
        raise ConfigError(f"{where}: not UTF-8 text") from err
    if not token:
        raise ConfigError(f"{where}: the file is empty; delete it, and a new token is put there at the start")
    return token


def strong(token: str, where: str) -> str:
    """``token``, where it is good enough. Raises ConfigError, which does not say it."""
    if not token.isprintable() or token != token.strip():
        raise ConfigError(f"{where}: a token is one line of letters, digits and signs that neither begins nor ends with a space")
    if len(token) > LONGEST:
        raise ConfigError(f"{where}: longer than {LONGEST} characters")
    if len(token) < SHORTEST or bits(token) < LEAST_BITS:
        why = f"needs at least {SHORTEST} characters" if len(token) < SHORTEST else "is too easy to guess"
        raise ConfigError(f"{where}: {why}; leave it empty for one made at the start, or take for example {made()}")
    return token


def bits(token: str) -> float:
    """About how many bits there are to guess: what repeats, runs on (``abcd``, ``4321``, ``asdf``) or is a word that everybody
    takes counts as one character. Digits are read as the letters that they stand for (``p4ssw0rd``) and as they are (``4321``), whichever
    leaves less."""
    plain, alphabet = token.lower(), _alphabet(token)
    return min(_left(text, alphabet) for text in (plain, plain.translate(LEET)))


def _left(text: str, alphabet: int) -> float:
    """``bits`` of a token in one spelling. alphabet: characters to try in each place."""
    for word in WORDS:
        text = text.replace(word, word[0])
    text = next((text[:size] for size in range(1, len(text) // 2 + 1) if text == (text[:size] * len(text))[: len(text)]), text)
    steps = [_runs_on(before, letter) for before, letter in zip(" " + text, text, strict=False)]
    fresh = sum(not (step and before) for before, step in zip([False, *steps], steps, strict=False))  # two in a row are chance
    different = len(set(text))
    return fresh * math.log2(max(1, alphabet if 2 * different > fresh else different))


def _alphabet(token: str) -> int:
    """How many characters somebody has to try in each place."""
    sizes = {"lower": 26, "upper": 26, "digit": 10, "letter": 50, "sign": 32}
    return sum(sizes[kind] for kind in {_kind(letter) for letter in token})


def _kind(letter: str) -> str:
    if letter.isdecimal():
        return "digit"
    if not letter.isalpha():
        return "sign"
    return "lower" if letter.islower() else "upper" if letter.isupper() else "letter"  # of a script without the two


def _runs_on(before: str, letter: str) -> bool:
    if abs(ord(letter) - ord(before)) <= 1:
        return True
    return any(before + letter in row or letter + before in row for row in ROWS)


class Token:
    """Compares what is sent with the token, whichever way it was written there, in a time that tells nothing."""

    def __init__(self, text: str) -> None:
        forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")} | {text}
        self._forms = tuple({form.encode() for form in forms} | {raw for form in forms if (raw := _latin(form))})

    def fits(self, given: bytes) -> bool:
        """Whether these bytes are the token."""
        found = False
        for form in self._forms:
            found |= hmac.compare_digest(given, form)
        return found


def _latin(text: str) -> bytes:
    """As a program that takes headers for Latin-1 sends it; empty where it cannot."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return b""
