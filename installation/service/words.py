"""Arguments of a show as they hold in any folder: a service is started in another one than the person who installs it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from installation.config import rooted_override

SOURCE, SET = "--source", "--set"


def anywhere(words: Sequence[str], files: Container[str]) -> list[str]:
    """The same arguments, with whole paths. words: such as a show takes; files: options whose value is a file."""
    return [*_anywhere(words, files)]


def _anywhere(words: Sequence[str], files: Container[str]) -> Iterator[str]:
    option = ""  # whose value comes next
    for word in words:
        name, equals, value = word.partition("=")
        if option:
            yield _value(option, word)
            option = ""
        elif equals and (name in (SOURCE, SET) or name in files):
            yield f"{name}={_value(name, value)}"
        else:
            option = word if word in (SOURCE, SET) or word in files else ""
            yield word


def _value(option: str, value: str) -> str:
    if option == SOURCE:
        return whole_source(value)
    if option != SET:
        return str(Path(value).absolute()) if value else value
    key, _, given = value.partition("=")
    return f"{key}={whole_source(given)}" if key.strip() == "source" else rooted_override(value)


def whole_source(source: str) -> str:
    """A file or folder by its whole path; a camera, a stream, the demo, and what is not there, as it is."""
    if source.isdecimal() or "://" in source or "\0" in source or not source:
        return source
    path = Path(source).expanduser()
    return str(path.absolute()) if path.exists() else source
