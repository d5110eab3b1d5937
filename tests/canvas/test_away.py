"""The canvas while there is no camera: its last picture goes within a second, and comes back with the camera."""

import numpy as np

from installation.canvas.compose import Compose
from installation.canvas.plain.renderer import PlainRenderer
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.messages import Frame, Portraits

FPS = 30
BRIGHT = np.full((90, 160, 3), 200, np.uint8)


def levels(away_from: float, back_at: float, until: float, **controls: object) -> dict[float, float]:
    """Mean level of the canvas by time, with a bright picture of a camera that is away for a while."""
    renderer = PlainRenderer(160, 90)
    compose = Compose(renderer, away=lambda now: away_from <= now < back_at)
    state = ControlState(parameter_table((), ()), {"look/layout": "mirror", **controls})
    found = {}
    for k in range(round(until * FPS)):
        now = k / FPS
        taken = now if not away_from <= now < back_at else away_from
        compose(Portraits(Frame(k, taken, BRIGHT), picture=BRIGHT), state.snapshot(now), now)
        found[now] = float(compose.read().mean())
    return found


def test_the_last_picture_is_gone_within_a_second_and_comes_back() -> None:
    seen = levels(away_from=2.0, back_at=6.0, until=8.0)
    assert all(level > 150 for now, level in seen.items() if 1.0 < now < 2.0)
    assert all(level < 70 for now, level in seen.items() if 3.0 <= now < 6.0)
    assert all(level > 3 for level in seen.values())  # the waiting room, not a dead screen
    assert all(level > 150 for now, level in seen.items() if now >= 7.0)
    steps = np.abs(np.diff(list(seen.values())))
    assert steps[FPS:].max() < 20  # it fades


def test_the_picture_of_a_blurred_room_goes_too() -> None:
    seen = levels(2.0, 6.0, 6.0, **{"look/background": "camera", "look/layout": "grid"})
    assert seen[59 / FPS] > seen[5.5] + 5
