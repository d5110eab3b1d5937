"""Pictures and controls made by rule, for the tests of the canvas."""

import numpy as np

from installation.messages import Expression, Face, Frame, Image, Portrait, Portraits

DEFAULTS: dict[str, object] = {
    "look/layout": "grid",
    "look/fit": "auto",
    "look/sharpen": 0.0,
    "facets/rows": 3,
    "facets/columns": 3,
    "facets/gap": 0.02,
    "look/background": "room",
    "look/mirror": False,
    "look/trails": 0.0,
    "look/grain": 0.0,
    "look/vignette": 0.0,
    "look/gamma": 1.0,
    "look/brightness": 1.0,
    "look/saturation": 1.0,
    "look/tint-hue": 0.0,
    "look/tint-amount": 0.0,
    "look/softness": 0.3,
    "look/zoom": 1.0,
    "look/particles": "none",
    "look/particles-amount": 1.0,
    "look/ornament": "none",
    "look/ornament-amount": 1.0,
    "transport/blackout": False,
    "transport/freeze": False,
}


class Knobs:
    """Controls that stand where a test put them: ``Knobs(grain=0.2)``."""

    def __init__(self, **values: object) -> None:
        self.values = dict(DEFAULTS)
        self.turn(**values)

    def turn(self, **values: object) -> None:
        for name, value in values.items():
            address = "transport/blackout" if name == "blackout" else "look/" + name.replace("_", "-")
            if name in ("rows", "columns", "gap"):
                address = f"facets/{name}"
            assert address in self.values, address
            self.values[address] = value

    def number(self, address: str) -> float:
        value = self.values[address]
        assert isinstance(value, float | int)
        return float(value)

    def flag(self, address: str) -> bool:
        value = self.values[address]
        assert isinstance(value, bool)
        return value

    def text(self, address: str) -> str:
        value = self.values[address]
        assert isinstance(value, str)
        return value


def plain_picture(colour: tuple[int, int, int], size: int = 64) -> Image:
    return np.full((size, size, 3), colour, np.uint8)


def gradient_picture(size: int = 64) -> Image:
    """Red grows to the right, green downwards, and soft waves of blue."""
    ramp = np.linspace(20, 235, size)
    waves = 128 + 90 * np.sin(np.arange(size) / 5.0)
    across = np.broadcast_to(ramp[None, :], (size, size))
    down = np.broadcast_to(ramp[:, None], (size, size))
    return np.stack([across, down, np.broadcast_to(waves[None, :], (size, size))], axis=2).astype(np.uint8)


def portraits(*pictures: Image, first: int = 0, opacity: float = 1.0, frame: Image | None = None) -> Portraits:
    image = np.zeros((36, 64, 3), np.uint8) if frame is None else frame
    return Portraits(
        Frame(0, 0.0, image),
        tuple(
            Portrait(Face(first + i, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, True, 1.0), picture, opacity)
            for i, picture in enumerate(pictures)
        ),
        image,
    )
