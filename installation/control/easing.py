"""The ways a fade can take from 0 to 1."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

EASINGS: Mapping[str, Callable[[float], float]] = MappingProxyType({
    "linear": lambda t: t,
    "smooth": lambda t: t * t * (3 - 2 * t),  # GLSL's smoothstep
    "in": lambda t: t * t * t,
    "out": lambda t: 1 - (1 - t) ** 3,
    "breath": lambda t: t * t * t * (t * (6 * t - 15) + 10),  # Perlin's smootherstep: at rest at both ends
})  # fmt: skip
