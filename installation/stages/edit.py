"""Edit: move each visitor's code along the directions, as the controls, the oscillators and their own smile say."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from installation.control.state import Controls
from installation.latents.directions import DirectionSet
from installation.latents.oscillators import Oscillator
from installation.messages import EditedFace, EditedFrame, EncodedFace, EncodedFrame
from installation.networks.layer_swap import normalised

SMILE = "smile"
ATTACK_SECONDS = 0.25  # how fast the portrait takes up a visitor's smile
RELEASE_SECONDS = 0.6


@dataclass
class SmileTrigger:
    """How far one visitor's smile has taken the portrait along."""

    level: float = 0.0
    smiled: float = float("-inf")  # s, when the smile was last above the threshold

    def step(self, smile: float, threshold: float, hold: float, now: float, seconds: float) -> float:
        """Follow a smile 0…1: rises while it is above ``threshold``, stays for ``hold`` seconds after it."""
        if smile > threshold:
            self.smiled = now
            goal = min(1.0, 0.5 + (smile - threshold) / max(1e-6, 2 * (1 - threshold)))
        else:
            goal = self.level if now - self.smiled < hold else 0.0
        tau = ATTACK_SECONDS if goal > self.level else RELEASE_SECONDS
        self.level += (goal - self.level) * min(1.0, seconds / tau)
        return self.level


@dataclass
class Edit:
    """Holds the phases of the oscillators and the state of the visitors' smiles.

    latent_avg: [styles, w_dim], the mean face that truncation pulls toward. children: names of the generators that can be
    mixed in, and the resolutions of their layers.
    """

    directions: DirectionSet
    latent_avg: Tensor
    children: Sequence[str] = ()
    resolutions: Sequence[int] = ()
    _oscillators: dict[str, Oscillator] = field(default_factory=dict)
    _smiles: dict[int, SmileTrigger] = field(default_factory=dict)
    _now: float | None = None

    def __post_init__(self) -> None:
        self._oscillators = {name: Oscillator(seed=zlib.crc32(name.encode())) for name in self.directions.names}

    def edit(self, encoded: EncodedFrame, controls: Controls, now: float) -> EditedFrame:
        """The codes to draw, with ``now`` deciding where the oscillators stand."""
        seconds = 0.0 if self._now is None else max(0.0, now - self._now)
        self._now = now
        amounts = [self._amount(name, controls, seconds) for name in self.directions.names]
        faces = tuple(self._face(face, amounts, controls, now, seconds) for face in encoded.faces)
        present = {face.face.id for face in encoded.faces}
        self._smiles = {id: smile for id, smile in self._smiles.items() if id in present}
        return EditedFrame(encoded.frame, faces, self._mix(controls))

    def _amount(self, name: str, controls: Controls, seconds: float) -> float:
        base = f"edit/{name}"
        oscillator = self._oscillators[name]
        oscillator.advance(controls.number(f"{base}/lfo/rate"), seconds)
        wave = oscillator.value(controls.text(f"{base}/lfo/shape"), controls.number(f"{base}/lfo/phase"))
        return controls.number(f"{base}/amount") + controls.number(f"{base}/lfo/depth") * wave

    def _face(self, encoded: EncodedFace, amounts: list[float], controls: Controls, now: float, seconds: float) -> EditedFace:
        if SMILE in self.directions.names:
            trigger = self._smiles.setdefault(encoded.face.id, SmileTrigger())
            level = trigger.step(
                encoded.face.expression.smile, controls.number("smile/threshold"), controls.number("smile/hold"), now, seconds
            )
            amounts = list(amounts)
            amounts[self.directions.names.index(SMILE)] += controls.number("smile/trigger") * level
        psi = controls.number("truncation")
        ws = encoded.ws if psi == 1 else torch.lerp(self.latent_avg.to(encoded.ws), encoded.ws, psi)
        edited, detail = ws, encoded.detail
        if self.directions.names:
            edited = ws + self.directions.offset(amounts, ws)
            detail = None if detail is None else self.directions.carry(detail, amounts)
        # The residual belongs to this very sitter: the mean face must not wear it.
        gain = controls.number("identity/detail") * psi
        return EditedFace(encoded.face, ws, edited, detail, gain)

    def _mix(self, controls: Controls) -> tuple[tuple[str, tuple[float, ...]], ...]:
        shares = [
            [controls.number(f"blend/{name}/amount") * controls.number(f"blend/{name}/layer/{r}") for r in self.resolutions]
            for name in self.children
        ]
        if not any(share for row in shares for share in row):
            return ()
        return tuple((name, tuple(row)) for name, row in zip(self.children, normalised(shares), strict=True))
