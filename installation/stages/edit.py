"""Edit: move each visitor's code along the directions, as the controls, the oscillators and their own smile say."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from installation.control.state import Controls
from installation.latents.directions import DirectionSet, Move
from installation.latents.oscillators import SILENCE, Followers, Levels, Oscillator
from installation.latents.own_changes import between
from installation.latents.residuals import crossed, recoloured
from installation.latents.turns import Turns
from installation.messages import STILL_LIPS, EditedFace, EditedFrame, EncodedFace, EncodedFrame, Mix, OwnChanges
from installation.models.guests import Guest
from installation.models.layer_swap import normalised
from installation.models.partners import Partners

SMILE = "smile"
ATTACK_SECONDS = 0.25  # how fast the portrait takes up a visitor's smile
RELEASE_SECONDS = 0.6
BEATS_A_SECOND = 2.0  # where no tempo is given: 120 a minute
OWN_FROM = 32  # px: from this layer on a cell with a generator of its own is drawn by it
LEAST_GAIN = 0.25  # of a detail residual: under it what the editor writes fades with it
FINE_SHARE = 4 / 7  # of the styles: those from here on are colour and texture; of 14 the last 6, from 64 px on


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


class Wave:
    """One direction's amount: its constant part and its oscillator, under the names of its controls."""

    def __init__(self, name: str, oscillator: Oscillator) -> None:
        self.oscillator = oscillator
        self.amount = f"edit/{name}/amount"
        self.depth, self.rate, self.phase, self.shape, self.sync = (
            f"edit/{name}/lfo/{part}" for part in ("depth", "rate", "phase", "shape", "sync")
        )

    def step(self, controls: Controls, seconds: float, beat: float, beats: float, levels: Levels) -> float:
        """The amount, ``seconds`` and ``beats`` after the last call. 0 while the controls have no row for it yet."""
        if self.amount not in controls.values:
            return 0.0
        rate = controls.number(self.rate)
        if controls.flag(self.sync):
            self.oscillator.follow(rate, beat, beats)
        else:
            self.oscillator.advance(rate, seconds)
        swing = self.oscillator.swing(controls.text(self.shape), controls.number(self.phase), seconds, levels)
        return controls.number(self.amount) + controls.number(self.depth) * swing

    def elsewhere(self, controls: Controls, offset: float, levels: Levels) -> float:
        """The amount as it is now for whoever is ``offset`` cycles ahead."""
        if self.amount not in controls.values:
            return 0.0
        value = self.oscillator.value(controls.text(self.shape), controls.number(self.phase) + offset, levels)
        return controls.number(self.amount) + controls.number(self.depth) * value


@dataclass(frozen=True, eq=False)
class Bank:
    """The directions in use and their waves; swapped as one."""

    directions: DirectionSet
    waves: tuple[Wave, ...]
    smile: int | None  # place of the direction that a visitor's smile drives


def children_share(mix: Mix) -> float:
    """0…1: how much of a portrait the child generators draw, in the layer where they draw most of it."""
    return max((sum(shares) for shares in zip(*(row for _, row in mix), strict=True)), default=0.0)


class _Cells:
    """The moves of all cells, each worked out once a picture."""

    def __init__(self, bank: Bank, controls: Controls, levels: Levels, turns: Turns | None, first: Move | None) -> None:
        self._bank, self._controls, self._levels, self._turns = bank, controls, levels, turns
        self._moves: dict[int, Move | None] = {0: first}

    def move(self, cell: int) -> Move | None:
        if cell not in self._moves:
            assert self._turns is not None
            waves = enumerate(self._bank.waves)
            amounts = [wave.elsewhere(self._controls, self._turns.ahead(cell, k), self._levels) for k, wave in waves]
            self._moves[cell] = self._bank.directions.parted(amounts)
        return self._moves[cell]


@dataclass
class Edit:
    """Holds the phases of the oscillators, the state of the visitors' smiles and who goes over into whom.

    latent_avg: [styles, w_dim], the mean face that truncation pulls toward. children: names of the generators that can be
    mixed in, and the resolutions of their layers. beat: beats since the start at a moment, which only grow. levels: how loud
    it is now. guests: gives the face of a name in ``identity/guest``, None where there is none.
    """

    directions: DirectionSet
    latent_avg: Tensor
    children: Sequence[str] = ()
    resolutions: Sequence[int] = ()
    beat: Callable[[float], float] = lambda now: now * BEATS_A_SECOND
    levels: Callable[[], Levels] = lambda: SILENCE
    guests: Callable[[str], Guest | None] = lambda name: None
    amounts: Mapping[str, float] = field(default_factory=dict)  # of the newest picture, by direction, before anybody's smile
    _bank: Bank = field(init=False)
    _followers: Followers = field(default_factory=Followers)
    _smiles: dict[int, SmileTrigger] = field(default_factory=dict)
    _now: float | None = None
    _beat: float = 0.0

    def __post_init__(self) -> None:
        self._bank = Bank(DirectionSet([]), (), None)
        self._partners = Partners(self.guests)
        self._shares = [[(f"blend/{name}/amount", f"blend/{name}/layer/{r}") for r in self.resolutions] for name in self.children]
        self.use(self.directions)

    def use(self, directions: DirectionSet) -> None:
        """Take other directions from the next picture on; the oscillators of names that stay keep their phase. Any thread."""
        old = dict(zip(self._bank.directions.names, self._bank.waves, strict=True))
        waves = (old.get(name) or Wave(name, Oscillator(seed=zlib.crc32(name.encode()))) for name in directions.names)
        smile = directions.names.index(SMILE) if SMILE in directions.names else None
        self.directions, self._bank = directions, Bank(directions, tuple(waves), smile)

    @property
    def phases(self) -> dict[str, float]:
        """Where each direction's oscillator stands, in cycles since the start."""
        bank = self._bank
        return {name: wave.oscillator.phase for name, wave in zip(bank.directions.names, bank.waves, strict=True)}

    def pause(self, now: float) -> None:
        """Nothing is drawn at ``now``: the oscillators stand still."""
        self._now, self._beat = now, self.beat(now)

    def edit(self, encoded: EncodedFrame, controls: Controls, now: float, turns: Turns | None = None) -> EditedFrame:
        """The codes to draw, with ``now`` deciding where the oscillators stand. turns: whose turn it is, in which cells; None:
        everybody's, once."""
        bank = self._bank
        beat = self.beat(now)
        seconds, beats = (0.0, 0.0) if self._now is None else (max(0.0, now - self._now), max(0.0, beat - self._beat))
        self._now, self._beat = now, beat
        # What all portraits share: the oscillators and the controls.
        levels = self._followers.step(self.levels(), seconds)
        amounts = [wave.step(controls, seconds, beat, beats, levels) for wave in bank.waves]
        self.amounts = dict(zip(bank.directions.names, amounts, strict=True))
        move = bank.directions.parted(amounts)
        # What is each visitor's own: their code, their smile, whom they go over into.
        morph, mix = controls.number("identity/morph"), controls.number("identity/mix")
        if morph or mix:
            self._partners.step(encoded.faces, controls.text("identity/guest"), seconds)
        else:
            self._partners.rest()
        smiles = {face.face.id: self._smile(face, controls, now, seconds) for face in encoded.faces}
        present = {face.face.id for face in encoded.faces}
        self._smiles = {id: smile for id, smile in self._smiles.items() if id in present}
        cells = _Cells(bank, controls, levels, turns, move)
        known = {face.face.id: face for face in encoded.faces}
        keys = [(id, 0) for id in known] if turns is None else turns.keys
        shares = self._mix(controls)
        faces = []
        sides = turns.pixels if turns is not None and turns.pixels else (0,) * len(keys)
        for (id, cell), pixels in zip(keys, sides, strict=True):
            own = bank.directions.further(cells.move(cell), bank.smile, smiles[id]) if bank.smile is not None else cells.move(cell)
            faces.append(replace(self._face(known[id], cell, own, controls, shares, self._own_mix(cell, turns)), pixels=pixels))
        return EditedFrame(encoded.frame, tuple(faces), shares)

    def _smile(self, encoded: EncodedFace, controls: Controls, now: float, seconds: float) -> float:
        """How much of the smile's direction this visitor's own smile adds."""
        trigger = self._smiles.setdefault(encoded.face.id, SmileTrigger())
        threshold, hold = controls.number("smile/threshold"), controls.number("smile/hold")
        return controls.number("smile/trigger") * trigger.step(encoded.face.expression.smile, threshold, hold, now, seconds)

    def _own_mix(self, cell: int, turns: Turns | None) -> Mix | None:
        """The generator of a cell that has one of its own: children come in turn, the base between them."""
        if turns is None or not turns.generators or not self.children or not turns.own(cell):
            return None
        name = self.children[turns.order(cell) % len(self.children)]
        return ((name, tuple(float(r >= OWN_FROM) for r in self.resolutions)),)

    def _face(self, encoded: EncodedFace, cell: int, move: Move | None, controls: Controls, mix: Mix, own_mix: Mix | None) -> EditedFace:
        morph, blend, psi = controls.number("identity/morph"), controls.number("identity/mix"), controls.number("truncation")
        ws, detail = self._identity(encoded, morph, blend)
        if psi != 1:
            ws = torch.lerp(self.latent_avg.to(ws), ws, psi)
        # Where the face is not the sitter's own, the camera gives way: nobody has two faces at once.
        likeness = psi * (1 - morph) * (1 - blend)
        glass = controls.number("identity/glass") * likeness * (1 - children_share(mix if own_mix is None else own_mix))
        # The residual belongs to this very sitter: the mean face must not wear it.
        gain = controls.number("identity/detail") * psi
        edited, carried, warp = ws, detail, None
        lips, own_share = (STILL_LIPS, 0.0) if move is None else (move.lips, glass * move.by_editor)
        drawn = glass < 1
        if move is not None and move.drawn:
            drawn = True
            own = self._changes(encoded, morph)
            edited = ws + move.offset.to(ws)
            # What the editor writes belongs to the edit, not to the sitter's own detail: the less of that is drawn, the more it writes.
            if detail is None and own is not None and move.knobs:  # a face that has none, as the mean face
                detail = torch.zeros(own.residual.shape[2:])
            carried = None if detail is None else move.carry(detail, own, 1 / max(gain, LEAST_GAIN))
            moved = move.warp(own)
            warp = None if moved is None else moved.numpy()
        return EditedFace(
            encoded.face, ws, edited, carried, gain, warp, encoded, glass, drawn, cell, own_mix,
            lips=lips.on_another(morph), own_share=own_share, likeness=likeness,
        )  # fmt: skip

    def _changes(self, encoded: EncodedFace, morph: float) -> OwnChanges | None:
        """What the editor would write on the face that is drawn."""
        return between(encoded.changes, self._partners.other(encoded.face.id).changes, morph) if morph else encoded.changes

    def _identity(self, encoded: EncodedFace, morph: float, mix: float) -> tuple[Tensor, Tensor | None]:
        """Whose face it is: code and residual, before any edit."""
        ws, detail = encoded.ws, encoded.detail
        if not (morph or mix):
            return ws, detail
        other = self._partners.other(encoded.face.id)
        if other.ws is ws:  # alone, with no guest
            return ws, detail
        drawn, detail = torch.lerp(ws, other.ws, morph), crossed(detail, other.detail, morph)
        if mix:
            fine = round(FINE_SHARE * ws.shape[0])
            drawn[fine:].lerp_(other.ws[fine:], mix)
            detail = recoloured(detail, other.detail, mix)
        return drawn, detail

    def _mix(self, controls: Controls) -> Mix:
        shares = [[controls.number(amount) * controls.number(layer) for amount, layer in row] for row in self._shares]
        if not any(share for row in shares for share in row):
            return ()
        return tuple((name, tuple(row)) for name, row in zip(self.children, normalised(shares), strict=True))
