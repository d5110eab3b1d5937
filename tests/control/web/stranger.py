"""An OSCQuery client written from the public proposal alone: it shares no code with the program, and speaks HTTP, OSC over
UDP and WebSocket with the standard library."""

import base64
import json
import os
import socket
import struct
import urllib.error
import urllib.request


class Stranger:
    """Knows an address and a port, nothing else."""

    def __init__(self, port: int, host: str = "127.0.0.1", headers: dict[str, str] | None = None) -> None:
        self.base = f"http://{host}:{port}"
        self.headers = headers or {}
        self.info = self.get("/?HOST_INFO")
        self.osc = (self.info.get("OSC_IP", host), self.info.get("OSC_PORT", port))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(urllib.request.Request(self.base + path, headers=self.headers), timeout=10) as reply:
                return reply.status
        except urllib.error.HTTPError as err:
            return err.code

    def get(self, path: str):
        with urllib.request.urlopen(urllib.request.Request(self.base + path, headers=self.headers), timeout=10) as reply:
            assert reply.headers.get_content_type() == "application/json"
            return json.load(reply)

    def methods(self, node=None) -> list[dict]:
        """Every node that takes or has a value, found by walking the tree."""
        node = self.get("/") if node is None else node
        found = [node] if "TYPE" in node else []
        for child in node.get("CONTENTS", {}).values():
            found += self.methods(child)
        return found

    def send(self, path: str, tag: str, value=None) -> None:
        self._udp.sendto(encode(path, tag, value), self.osc)

    def close(self) -> None:
        self._udp.close()


def encode(path: str, tag: str, value=None) -> bytes:
    """One OSC message with one argument."""
    head = _string(path) + _string("," + tag)
    if tag == "f":
        return head + struct.pack(">f", value)
    if tag == "i":
        return head + struct.pack(">i", value)
    return head + (_string(value) if tag == "s" else b"")


def decode(packet: bytes) -> dict[str, object]:
    """Values by address, of a message or a bundle."""
    if packet.startswith(b"#bundle\0"):
        found, at = {}, 16
        while at < len(packet):
            size = struct.unpack_from(">i", packet, at)[0]
            found |= decode(packet[at + 4 : at + 4 + size])
            at += 4 + size
        return found
    path, at = _read(packet, 0)
    tags, at = _read(packet, at)
    bare = {",T": True, ",F": False, ",N": None, ",I": None}
    if tags in bare:
        return {path: bare[tags]}
    if tags == ",s":
        return {path: _read(packet, at)[0]}
    return {path: struct.unpack_from(">" + tags[1], packet, at)[0]}


def _string(text: str) -> bytes:
    raw = text.encode() + b"\0"
    return raw + b"\0" * (-len(raw) % 4)


def _read(packet: bytes, at: int) -> tuple[str, int]:
    end = packet.index(b"\0", at)
    return packet[at:end].decode(), (end + 4) // 4 * 4


class Line:
    """A WebSocket (RFC 6455), by hand: what it sends may be as wrong as a test wants."""

    TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

    def __init__(self, port: int, path: str = "/", headers: dict[str, str] | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        sent = {"Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        sent |= {"Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()} | (headers or {})
        self.socket.sendall((f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in sent.items()) + "\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            more = self.socket.recv(4096)
            if not more:
                break
            head += more
        head, _, self._rest = head.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])

    def send(self, data: str | bytes | dict) -> None:
        text = json.dumps(data) if isinstance(data, dict) else data
        raw = text.encode() if isinstance(text, str) else text
        self.raw(self.TEXT if isinstance(text, str) else self.BINARY, raw)

    def raw(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        length = (
            bytes([0x80 | size])
            if size < 126
            else b"\xfe" + struct.pack(">H", size)
            if size < 1 << 16
            else b"\xff" + struct.pack(">Q", size)
        )
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.socket.sendall(bytes([0x80 | kind]) + length + mask + masked)

    def receive(self, timeout: float = 60.0) -> str | bytes | None:
        """The next text or binary message; None once the other side has closed. Raises TimeoutError."""
        self.socket.settimeout(timeout)
        while True:
            first, second = self._take(2)
            size = second & 0x7F
            if size > 125:
                size = struct.unpack(">H" if size == 126 else ">Q", self._take(2 if size == 126 else 8))[0]
            payload, kind = self._take(size), first & 0x0F
            if kind == self.PING:
                self.raw(self.PONG, payload)
            elif kind == self.CLOSE:
                return None
            elif kind in (self.TEXT, self.BINARY):
                return payload.decode() if kind == self.TEXT else payload

    def message(self, timeout: float = 60.0) -> dict[str, object]:
        """The value by address of the next OSC message, whatever is told of the tree meanwhile. It may be no bundle: of those,
        published clients read nothing."""
        while not isinstance(frame := self.receive(timeout), bytes):
            assert frame is not None, "closed"
        assert frame.startswith(b"/"), frame
        return decode(frame)

    def messages(self, count: int) -> dict[str, object]:
        """Of that many messages in a row."""
        found: dict[str, object] = {}
        for _ in range(count):
            found |= self.message()
        return found

    def told(self, last: str) -> list[tuple[str, str]]:
        """What is told of the tree, up to the first command ``last``."""
        said: list[tuple[str, str]] = []
        while not said or said[-1][0] != last:
            if isinstance(frame := self.receive(), str):
                one = json.loads(frame)
                said.append((one["COMMAND"], one["DATA"]))
        return said

    def _take(self, size: int) -> bytes:
        while len(self._rest) < size:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self._rest += more
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def close(self) -> None:
        self.socket.close()
