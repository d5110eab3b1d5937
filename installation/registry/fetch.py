"""Fetches one file over HTTP: goes on where the last try stopped, checks the sum, and only then gives the file its name."""

import errno
import hashlib
import http.client
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from installation.errors import WeightsError

TIMEOUT_SECONDS = 10.0  # to connect, and of silence
CHUNK = 1 << 18
TRIES = 3  # after a connection that was cut, as long as each brought something
RESERVE_BYTES = 64 << 20  # of the disk that a download leaves free
AGENT = "facets"

Report = Callable[[int, int | None], None]  # bytes so far, bytes in all where known


@dataclass(frozen=True)
class Download:
    """A file to fetch. size and sha256 are checked where they are known; page is named when it cannot be had."""

    url: str
    target: Path
    size: int | None = None
    sha256: str | None = None
    page: str = ""


class _CutError(Exception):
    """The connection ended early; ``brought`` bytes came."""

    def __init__(self, brought: int) -> None:
        super().__init__(brought)
        self.brought = brought


def fetch(wanted: Download, report: Report, timeout: float = TIMEOUT_SECONDS) -> str:
    """Bring ``wanted.target``, by way of ``TARGET.part``, which stays for the next try when the connection is cut.

    Returns its sha256. Raises WeightsError in one sentence: offline, refused by the server, cut off, no room, wrong sum.
    """
    part = wanted.target.with_name(wanted.target.name + ".part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        _bring(wanted, part, report, timeout)
        digest = _checked(wanted, part)
        part.replace(wanted.target)
    except urllib.error.HTTPError as err:
        raise WeightsError(f"{wanted.url}: the server answers {err.code} {err.reason}{_by_hand(wanted)}") from err
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException, ValueError) as err:
        reason = getattr(err, "reason", None) or str(err) or type(err).__name__
        host = urlsplit(wanted.url).hostname
        raise WeightsError(f"{host} cannot be reached ({reason}); is this machine online?{_by_hand(wanted)}") from err
    except OSError as err:
        room = "the disk is full" if err.errno in (errno.ENOSPC, errno.EDQUOT) else err.strerror or str(err)
        raise WeightsError(f"{part}: cannot be written: {room}") from err
    _validator_of(part).unlink(missing_ok=True)
    return digest


def _by_hand(wanted: Download) -> str:
    return f" (by hand: {wanted.page}, to {wanted.target})" if wanted.page else ""


def _bring(wanted: Download, part: Path, report: Report, timeout: float) -> None:
    for tries_left in range(TRIES, -1, -1):
        try:
            _receive(wanted, part, report, timeout)
            return
        except _CutError as cut:
            if cut.brought == 0 or tries_left == 0:
                have = part.stat().st_size
                raise WeightsError(
                    f"{wanted.url}: the connection was cut after {have} bytes; run the same command again to go on from there"
                ) from None


def _receive(wanted: Download, part: Path, report: Report, timeout: float) -> None:
    """One request: the whole file, or what is missing of it."""
    have = part.stat().st_size if part.exists() else 0
    if have and have == wanted.size:
        return
    if wanted.size is not None and have > wanted.size:
        part.unlink()
        have = 0
    request = urllib.request.Request(wanted.url, headers={"User-Agent": AGENT, "Accept-Encoding": "identity"})
    validator = _validator_of(part)
    if have:
        request.add_header("Range", f"bytes={have}-")
        if validator.exists():  # of a file that has changed meanwhile, the server then sends all
            request.add_header("If-Range", validator.read_text(encoding="utf-8"))
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            resumed = answer.status == http.client.PARTIAL_CONTENT and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if answer.status == http.client.PARTIAL_CONTENT and not resumed:
                raise WeightsError(f"{wanted.url}: the server sent another range than was asked for; delete {part} and try again")
            mark = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
            if mark and not mark.startswith("W/"):
                validator.write_text(mark, encoding="utf-8")
            _write(wanted, part, answer, have if resumed else 0, report)
    except urllib.error.HTTPError as err:
        if err.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        total = err.headers.get("Content-Range", "").rpartition("/")[2]
        if total != str(have):  # what is here is no beginning of what is there
            part.unlink()
            raise _CutError(1) from err


def _write(wanted: Download, part: Path, answer: http.client.HTTPResponse, have: int, report: Report) -> None:
    length = answer.headers.get("Content-Length")
    total = have + int(length) if length and length.isdigit() else None
    if wanted.size is not None and total is not None and total != wanted.size:
        raise WeightsError(f"{wanted.url}: is {total} bytes there, {wanted.size} are listed; the file has changed{_by_hand(wanted)}")
    missing = (total or wanted.size or have) - have
    free = shutil.disk_usage(part.parent).free
    if missing + RESERVE_BYTES > free:
        raise WeightsError(f"{part.parent}: {missing >> 20} MiB are to come and {free >> 20} MiB are free; make room first")
    done = have
    with part.open("ab" if have else "wb") as file:
        while True:
            try:
                chunk = answer.read(CHUNK)
            except (OSError, http.client.HTTPException):
                raise _CutError(done - have) from None
            if not chunk:
                break
            file.write(chunk)
            done += len(chunk)
            if wanted.size is not None and done > wanted.size:
                raise WeightsError(f"{wanted.url}: sends more than the {wanted.size} bytes that are listed")
            report(done, total or wanted.size)
    if total is not None and done < total:
        raise _CutError(done - have)


def _checked(wanted: Download, part: Path) -> str:
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if wanted.sha256 is not None and digest != wanted.sha256:
        part.unlink()
        _validator_of(part).unlink(missing_ok=True)
        raise WeightsError(f"{wanted.url}: the sha256 of what came is {digest}, {wanted.sha256} is listed; it was thrown away")
    return digest


def _validator_of(part: Path) -> Path:
    """Beside the part: the server's mark of the version that it belongs to."""
    return part.with_name(part.name + ".version")
