"""A broker that speaks enough MQTT 3.1.1 (OASIS standard, 2014) to try a client on: connect with user and last will, publish with
quality 0 and 1, retained messages, ping, disconnect. Strict: what the standard forbids ends the connection."""

import contextlib
import socketserver
import struct
import threading

CONNECT, CONNACK, PUBLISH, PUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 12, 13, 14


class Broker:
    """login: (user, password) that it asks for, None for anybody; port: 0 for any free one."""

    def __init__(self, login=None, port=0):
        self.login = login
        self.published = []  # (topic, payload, quality, retained)
        self.retained = {}
        self.clients, self.refused, self.keep_alive = [], 0, 0
        broker = self

        class Talk(socketserver.BaseRequestHandler):
            def handle(self):
                will, orderly = None, False
                broker.clients.append(self.request)
                try:
                    while (packet := read(self.request)) is not None:
                        kind, flags, body = packet
                        if kind == CONNECT:
                            will = broker.connect(self.request, body)
                            if will is False:
                                return
                        elif kind == PUBLISH:
                            broker.publish(self.request, flags, body)
                        elif kind == PINGREQ:
                            self.request.sendall(bytes((PINGRESP << 4, 0)))
                        elif kind == DISCONNECT:
                            orderly = True
                            return
                        else:
                            return
                except (OSError, AssertionError, struct.error):
                    return
                finally:
                    if will and not orderly:
                        broker.keep(*will)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = allow_reuse_address = True

        self._server = Server(("127.0.0.1", port), Talk)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def connect(self, line, body):
        """The last will of the client, None for none, False for one that is refused."""
        name, body = text(body)
        assert name == "MQTT" and body[0] == 4 and not body[1] & 1
        flags, self.keep_alive = body[1], struct.unpack(">H", body[2:4])[0]
        _, body = text(body[4:])
        will = None
        if flags & 4:
            topic, body = text(body)
            payload, body = text(body)
            will = (topic, payload, flags >> 3 & 3, bool(flags & 0x20))
        user, body = text(body) if flags & 0x80 else ("", body)
        password, body = text(body) if flags & 0x40 else ("", body)
        assert not body
        good = self.login is None or self.login == (user, password)
        self.refused += not good
        line.sendall(bytes((CONNACK << 4, 2, 0, 0 if good else 4)))
        return will if good else False

    def publish(self, line, flags, body):
        quality, retained = flags >> 1 & 3, bool(flags & 1)
        assert quality < 2
        topic, body = text(body)
        assert topic and not set(topic) & set("+#")
        if quality:
            line.sendall(bytes((PUBACK << 4, 2)) + body[:2])
            body = body[2:]
        self.keep(topic, body.decode(), quality, retained)

    def keep(self, topic, payload, quality, retained):
        self.published.append((topic, payload, quality, retained))
        if retained:
            self.retained[topic] = payload

    def drop(self):
        """Every client's line is cut."""
        for line in self.clients:
            line.close()
        self.clients.clear()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        for line in self.clients:
            with contextlib.suppress(OSError):
                line.shutdown(2)
            line.close()


def read(line):
    """Kind, flags and body of the next packet; None at the end."""
    head = take(line, 1)
    if head is None:
        return None
    length, shift = 0, 0
    while True:
        (byte,) = take(line, 1) or b"\0"
        length |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            break
        assert shift < 28
    return head[0] >> 4, head[0] & 15, take(line, length) if length else b""


def take(line, count):
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            return None
        data += more
    return data


def text(body):
    (length,) = struct.unpack(">H", body[:2])
    assert len(body) >= 2 + length
    return body[2 : 2 + length].decode(), body[2 + length :]
