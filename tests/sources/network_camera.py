"""A network camera for tests: motion JPEG over HTTP, one picture whenever a test orders one."""

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import numpy as np
from PIL import Image as Pillow

AT_FIRST = 12  # pictures that a network camera sends while a stream is opened


class NetworkCamera:
    """Motion JPEG over HTTP, as small network cameras send it; each picture when it is told to. A picture's level is its number."""

    def __init__(self, port: int = 0) -> None:
        self._orders: Queue[int | None] = Queue()
        self._sent = 0
        orders = self._orders

        class Answer(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                while (level := orders.get()) is not None:
                    data = jpeg(level)
                    self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(data) + data + b"\r\n")
                self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n")  # the next one never comes whole

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/"
        for _ in range(AT_FIRST):
            self.send()

    def send(self) -> int:
        """The level of the picture that is sent now."""
        level = 10 + 4 * (self._sent % 60)
        self._sent += 1
        self._orders.put(level)
        return level

    def end(self) -> None:
        self._orders.put(None)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def jpeg(level: int) -> bytes:
    data = io.BytesIO()
    Pillow.fromarray(np.full((48, 64, 3), level, np.uint8)).save(data, "JPEG")
    return data.getvalue()
