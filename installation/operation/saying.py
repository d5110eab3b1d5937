"""Lines for whoever started the program, who may have gone: a closed pipe or terminal must not end a show."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def say(text: str, file: TextIO | None = None) -> None:
    """Print a line, on standard output unless ``file`` says otherwise. A stream that is closed, or whose encoding lacks a letter,
    raises nothing."""
    stream = sys.stdout if file is None else file
    if stream is None:  # started without one
        return
    try:
        print(text, file=stream, flush=True)
    except UnicodeEncodeError:
        say(text.encode("ascii", "backslashreplace").decode(), stream)
    except (OSError, ValueError):
        _silence(stream)


def _silence(stream: TextIO) -> None:
    """What is still in its buffer, and what comes, goes nowhere: the interpreter would complain at its end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # not a stream of the system's
        return
