"""Fetching from a real server on this machine: ranges, cuts, changed files, wrong sums, refusals, no network, no room."""

import hashlib
import re
import shutil
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from installation.errors import WeightsError
from installation.registry.fetch import Download, fetch

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SUM = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """``/plain`` knows no ranges; ``/cut/N`` ends each answer after N bytes; ``/lie`` has the right length, other bytes."""

    def do_GET(self):
        self.server.asked.append(self.headers.get("Range"))
        way, _, number = self.path.lstrip("/").partition("/")
        if way == "none":
            return self.send_error(404)
        content = CONTENT[::-1] if way == "lie" else CONTENT
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        fresh = self.headers.get("If-Range") in (None, self.server.version)
        start = int(wanted[1]) if wanted and fresh and way != "plain" else 0
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", self.server.version)
        self.end_headers()
        end = start + int(number) if way == "cut" else len(content)
        self.wfile.write(content[start:end])
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.asked, served.version = [], '"1"'
    served.url = f"http://127.0.0.1:{served.server_address[1]}"
    thread = threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "new" / "model.pkl"


def left(target):
    return sorted(path.name for path in target.parent.iterdir())


def silent(done, total):
    pass


def test_a_file_comes_whole_with_its_progress(server, target):
    told = []
    digest = fetch(Download(f"{server.url}/range", target, len(CONTENT), SUM), lambda done, total: told.append((done, total)))
    assert digest == SUM and target.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT)) and [done for done, _ in told] == sorted(done for done, _ in told)
    assert left(target) == ["model.pkl"] and server.asked == [None]


def test_it_goes_on_where_it_stopped(server, target):
    target.parent.mkdir()
    (target.parent / "model.pkl.part").write_bytes(CONTENT[:1000])
    fetch(Download(f"{server.url}/range", target, None, SUM), silent)
    assert target.read_bytes() == CONTENT and server.asked == ["bytes=1000-"]


def test_a_server_without_ranges_starts_again(server, target):
    target.parent.mkdir()
    (target.parent / "model.pkl.part").write_bytes(b"x" * 1000)
    fetch(Download(f"{server.url}/plain", target, None, SUM), silent)
    assert target.read_bytes() == CONTENT


def test_a_cut_connection_goes_on_by_itself_and_then_by_hand(server, target):
    fetch(Download(f"{server.url}/cut/300000", target, None, SUM), silent)
    assert target.read_bytes() == CONTENT and server.asked == [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"]
    target.unlink()
    with pytest.raises(WeightsError, match="was cut after 400 bytes; run the same command again"):
        fetch(Download(f"{server.url}/cut/100", target, None, SUM), silent)
    assert not target.exists() and "model.pkl.part" in left(target)
    fetch(Download(f"{server.url}/range", target, None, SUM), silent)
    assert target.read_bytes() == CONTENT and server.asked[-1] == "bytes=400-" and left(target) == ["model.pkl"]


def test_a_file_that_changed_meanwhile_is_not_mixed(server, target):
    with pytest.raises(WeightsError):
        fetch(Download(f"{server.url}/cut/0", target), silent)
    part = target.parent / "model.pkl.part"
    part.write_bytes(b"old" * 100)
    server.version = '"2"'
    fetch(Download(f"{server.url}/range", target), silent)
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_the_whole_or_too_much(server, target):
    target.parent.mkdir()
    part = target.parent / "model.pkl.part"
    part.write_bytes(CONTENT)
    fetch(Download(f"{server.url}/range", target, None, SUM), silent)
    assert target.read_bytes() == CONTENT
    part.write_bytes(CONTENT + b"more")
    fetch(Download(f"{server.url}/range", target, None, SUM), silent)
    assert target.read_bytes() == CONTENT


def test_a_wrong_sum_is_thrown_away(server, target):
    with pytest.raises(WeightsError, match=rf"/lie: the sha256 of what came is [0-9a-f]{{64}}, {SUM} is listed"):
        fetch(Download(f"{server.url}/lie", target, len(CONTENT), SUM), silent)
    assert left(target) == []


def test_refusals_are_one_sentence(server, target, monkeypatch):
    with pytest.raises(WeightsError, match=r"the server answers 404 .*by hand: https://example.org"):
        fetch(Download(f"{server.url}/none", target, page="https://example.org"), silent)
    with pytest.raises(WeightsError, match=r"is 1048576 bytes there, 5 are listed"):
        fetch(Download(f"{server.url}/range", target, 5), silent)
    full = shutil._ntuple_diskusage(100, 100, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(WeightsError, match="make room first"):
        fetch(Download(f"{server.url}/range", target), silent)
    assert not target.exists()


def test_without_a_network_it_says_so_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/model.pkl"
        with pytest.raises(WeightsError, match=r"127\.0\.0\.1 cannot be reached .*is this machine online\?"):
            fetch(Download(url, tmp_path / "model.pkl"), silent)
    with pytest.raises(WeightsError, match=r"nowhere\.invalid cannot be reached"):
        fetch(Download("https://nowhere.invalid/model.pkl", tmp_path / "model.pkl"), silent)


def test_a_place_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WeightsError, match="cannot be written"):
        fetch(Download(f"{server.url}/range", tmp_path / "file" / "model.pkl"), silent)
