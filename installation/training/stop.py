"""A wish to end a training run, heard between two steps."""

import signal


class Stop:
    """Ctrl-C and SIGTERM end the loop after the step in hand; the state is saved."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True
