"""A show beside the program that wants one: for tests, measurements and pictures of the panel."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from queue import SimpleQueue

from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import Config

LEAVING_SECONDS = 60.0


@contextlib.contextmanager
def show_aside(config: Config, options: RunOptions) -> Iterator[Installation]:
    """A show in a thread of its own, where it is made as well: a GL context belongs to the thread that made it. It ends with the
    block. Raises what making it or running it raised."""
    made: SimpleQueue[Installation | BaseException] = SimpleQueue()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            show = Installation(config, options)
        except BaseException as err:  # handed to the caller
            made.put(err)
            return
        made.put(show)
        try:
            show.run()
        except BaseException as err:  # handed to the caller
            failed.append(err)

    thread = threading.Thread(target=run, name="show", daemon=True)
    thread.start()
    show = made.get()
    if isinstance(show, BaseException):
        raise show
    try:
        yield show
    finally:
        show.quit()
        thread.join(LEAVING_SECONDS)
        if failed:  # it is why whatever the block waited for did not come
            raise failed[0]
    if thread.is_alive():
        raise TimeoutError(f"the show did not end within {LEAVING_SECONDS:.0f} s")
