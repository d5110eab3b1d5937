"""Names of files and written words are UTF-8, whatever the locale says.

Under another encoding Python cannot even name a file that a configuration names: "ş.mp4" is no word of Latin-1.
"""

from __future__ import annotations

import os
import sys


def ensure_utf8() -> None:
    """Begin the program anew in Python's UTF-8 mode where the locale has another encoding, and never fail for a letter in print.

    Call it first of all: what was imported or opened before is lost. Arguments are handed on byte by byte.
    """
    if sys.getfilesystemencoding().lower() != "utf-8" and not sys.flags.utf8_mode:
        os.environ["PYTHONUTF8"] = "1"  # for programs that this one starts
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and stream.errors == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
