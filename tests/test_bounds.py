"""Bounds that protect somebody, pinned from above: whoever loosens one has to say so here, too."""

import importlib
from types import SimpleNamespace

import pytest

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.nvlabs_pickle import read_pickle
from installation.checkpoints.stored_tensors import check_total
from installation.errors import WeightsError
from installation.latents.direction_files import MAX_BYTES, read_directions

# Of the flash limit, of take-over by a fader, of what a stranger's file, packet or connection may ask of the machine, of how long
# a ticket or somebody's picture is good.
AT_MOST = {
    "canvas.flashes.MOST_CHANGES": 6,
    "canvas.flashes.MOST_AREA": 0.25,
    "control.midi.grip.NEAR": 0.02,
    "control.midi.mapping.MAX_BYTES": 1 << 18,
    "control.presets.files.MAX_BYTES": 1 << 16,
    "control.presets.files.MAX_NAME": 64,
    "control.presets.folder.MAX_PRESETS": 500,
    "control.presets.numbers.MAX_BYTES": 1 << 18,
    "control.presets.saves.MOST_WAITING": 32,
    "control.presets.saves.NEW_AT_ONCE": 12,
    "control.presets.saves.OVER_AT_ONCE": 30,
    "control.presets.asks.MOST_TITLES": 8,
    "control.timeline.file.MAX_BYTES": 256 << 20,
    "control.timeline.file.MAX_LINE": 64 << 10,
    "control.osc.packets.MAX_MESSAGES": 1024,
    "control.osc.packets.MAX_DEPTH": 8,
    "control.osc.packets.MAX_TEXT": 1000,
    "control.web.sockets.LONGEST_MESSAGE": 1 << 16,
    "control.web.sockets.MOST": 64,
    "control.web.sockets.MOST_READERS": 24,
    "control.web.sockets.MOST_READERS_OF_ONE": 6,
    "control.web.sockets.MOST_NONSENSE": 50,
    "control.web.sockets.SEND_SECONDS": 10.0,
    "control.web.door.MOST": 256,
    "control.web.door.LONGEST_REQUEST": 1 << 14,
    "control.web.door.ASK_SECONDS": 10.0,
    "control.web.door.REQUEST_SECONDS": 30.0,
    "control.web.senders.MOST_KNOWN": 1024,
    "control.web.senders.CONNECTIONS": 32,
    "control.web.senders.FREE_GUESSES": 5,
    "control.web.guard.GUESSES_A_SECOND": 2.0,
    "control.web.guard.GUESSES_AT_ONCE": 50.0,
    "control.web.passes.TICKET_SECONDS": 90.0,
    "control.web.passes.MOST_TICKETS": 4,
    "control.web.passes.SESSION_SECONDS": 7 * 86_400,
    "control.web.invitation.INVITATION_SECONDS": 60.0,
    "control.web.talk.MOST_READINGS": 256,
    "control.web.talk.LONGEST_READING": 64,
    "control.web.grids.MOST_BYTES": 1 << 20,
    "control.web.panel.HELD": 1.0,
    "control.web.panel_talk.MOST_ANSWERS": 32,
    "control.web.panel_talk.MOST_SET": 256,
    "takeaways.kept.LARGEST_NOTE": 1 << 14,
    "takeaways.leftovers.MOST_ENDED": 2000,
    "takeaways.texts.LONGEST_WISH": 200,
    "kept_file.MAX_BYTES": 1 << 16,
    "zones.MOST": 32,
    "assembly.invitation.LONGEST": 200,
    "control.pin.FREE": 3,
    "control.web.operator_page.MOST_BODY": 1 << 12,
    "control.web.operator_page.MOST_SURE": 16,
    "control.web.operator_page.SURE_SECONDS": 30.0,
    "operation.examination.MOST_BYTES": 1 << 20,
    "sources.camera_book.MOST_CAMERAS": 16,
    "sources.controls.MOST_CHOICES": 16,
    "canvas.pointer.MOST": 256,
    "config_file.MAX_BYTES": 1 << 20,
    "config_file.MAX_DEPTH": 16,
    "latents.direction_files.MAX_BYTES": 256 << 20,
    "latents.direction_files.MAX_DIRECTIONS": 512,
    "latents.direction_folder.MAX_FILES": 64,
    "checkpoints.pickle_machine.MAX_OPCODES": 300_000,
    "checkpoints.pickle_machine.MAX_TEXT": 16_000_000,
    "checkpoints.pickle_machine.MAX_LONG": 255,
    "checkpoints.pickle_records.MAX_RANK": 8,
    "checkpoints.pickle_records.MAX_ARRAY": 64,
    "checkpoints.pickle_scan.MAX_STEPS": 500_000,
    "checkpoints.pickle_scan.MAX_TUPLE": 1_000,
    "checkpoints.torch_file.MAX_PICKLE": 4 << 20,
    "checkpoints.torch_file.MAX_DIRECTORY": 4 << 20,
    "checkpoints.safetensors_file.MAX_HEADER": 8 << 20,
    "checkpoints.generator_plan.MAX_SIZE": 4096,
    "checkpoints.nvlabs_network.MAX_SIDE": 4096,
    "sources.stills.MAX_PIXELS": 120_000_000,
    "sources.base.MAX_SIDE": 3840,
}
AT_LEAST = {
    "canvas.flashes.WINDOW_SECONDS": 1.0,
    "canvas.flashes.RELEASE_SECONDS": 1.0,
    "control.web.secret.SHORTEST": 8,
    "control.web.secret.LEAST_BITS": 36.0,
    "control.web.senders.LONGEST_WAIT": 60.0,
    "control.web.senders.FORGOTTEN": 600.0,
    "control.presets.saving.BACKUPS": 10,
    "control.presets.saves.WRITE_SECONDS": 1.0,
    "config.SHORTEST_PIN": 4,
    "control.pin.PAUSE_SECONDS": 30.0,
    "control.room_book.LEAST": 0.2,
    "takeaways.kept.SECRET_BYTES": 16,
}


def value_of(place):
    module, name = place.rsplit(".", 1)
    return getattr(importlib.import_module(f"installation.{module}"), name)


@pytest.mark.parametrize("place", AT_MOST)
def test_no_bound_is_loosened_without_notice(place):
    assert 0 < value_of(place) <= AT_MOST[place]


@pytest.mark.parametrize("place", AT_LEAST)
def test_no_span_is_shortened_without_notice(place):
    assert value_of(place) >= AT_LEAST[place]


def test_parameters_never_hold_more_numbers_than_their_file_has_bytes(tmp_path):
    path = tmp_path / "small.bin"
    path.write_bytes(bytes(100))
    check_total({"a": SimpleNamespace(shape=(10, 6)), "b": SimpleNamespace(shape=(40,))}, path)
    with pytest.raises(CheckpointError, match=r"claim 101 numbers, which a file of 100 bytes cannot hold"):
        check_total({"a": SimpleNamespace(shape=(10, 6)), "b": SimpleNamespace(shape=(41,))}, path)


@pytest.mark.parametrize("claimed", [200, 10_000_000])
def test_a_pickle_claims_no_more_bytes_than_its_file_has(tmp_path, claimed):
    path = tmp_path / "claims.pkl"
    path.write_bytes(b"\x80\x04B" + claimed.to_bytes(4, "little") + bytes(100) + b".")
    with pytest.raises(CheckpointError, match=rf"{claimed:,} bytes are claimed where 101 are left"):
        read_pickle(path)


def test_a_file_of_directions_is_measured_before_it_is_read(tmp_path):
    path = tmp_path / "large.npy"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + (1 << 20))  # a hole: nothing is written
    with pytest.raises(WeightsError, match=r"257 MiB is too large for directions"):
        read_directions(path)
