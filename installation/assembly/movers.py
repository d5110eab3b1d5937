"""What moves a portrait and its style, and what these listen to: the beat, the room's sound, faces that came from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from installation.assembly.basis import Basis
from installation.control.sound.tempo import Tempo
from installation.control.ways import open_audio
from installation.latents.oscillators import SILENCE
from installation.models.guests import GuestBook, face_coder
from installation.stages.edit import Edit
from installation.styles.blend import Blender

if TYPE_CHECKING:
    from installation.control.sound.audio import AudioInput


@dataclass(frozen=True, slots=True, eq=False)
class Movers:
    """audio: what listens to the room, None where nothing does."""

    tempo: Tempo
    audio: AudioInput | None
    guests: GuestBook
    edit: Edit
    blender: Blender


def movers_of(basis: Basis) -> Movers:
    """Nothing is open yet."""
    m, now = basis.models, basis.clock.now
    tempo = Tempo(basis.controls, now)
    audio = open_audio(basis.config.control.audio, basis.health.fault)
    guests = GuestBook(m.latent_avg, face_coder(m), background=not basis.lockstep)
    levels = (lambda: SILENCE) if audio is None else audio.levels
    edit = Edit(m.directions, m.latent_avg, basis.children, m.resolutions, tempo.beat, levels, guests)
    return Movers(tempo, audio, guests, edit, Blender(basis.palette, tempo.beat))
