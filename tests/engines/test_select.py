"""Every engine gives the numbers of the eager one; the choice is measured once and remembered."""

import json
import os

import numpy as np
import pytest
import torch
from torch import nn

from installation.engines import select
from installation.engines.base import Choice, Network
from installation.engines.batched import BatchedEngine
from installation.engines.fingerprint import digest
from installation.engines.select import EngineSettings, Measurement, build, candidates, choose, final, is_ready, relative_error, steady
from installation.errors import ConfigError


class Small(nn.Module):
    """A convolution, and a second input that is added."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x, bias):
        return torch.relu(self.conv(x)) + bias[:, None, None]


MODULE = Small().eval().requires_grad_(False)


def network(batch=1):
    return Network(f"small-{batch}", MODULE, (torch.randn(batch, 3, 16, 16), torch.randn(8)), digest(MODULE))


@pytest.mark.parametrize("choice", [Choice("eager", "float32", 1), Choice("openvino", "float32", 1), Choice("eager", "bf16", 1)], ids=str)
def test_engines_agree_with_the_module(choice, tmp_path):
    net = network()
    inputs = [value.numpy() for value in net.example]
    got = build(net, choice, tmp_path)(*inputs)[0]
    expected = MODULE(*net.example).numpy()
    assert relative_error(expected, got) < (1e-5 if choice.precision == "float32" else 0.02)


def test_the_choice_is_measured_and_remembered(tmp_path):
    settings = EngineSettings(cache=tmp_path)
    first = choose(network(), settings).choice
    (path,) = tmp_path.glob("choice-small-1-*.json")
    record = json.loads(path.read_text())
    assert record["choice"] == {"backend": first.backend, "precision": first.precision, "threads": first.threads}
    assert record["milliseconds"] > 0
    # What is remembered is obeyed: a choice written by hand comes back.
    record |= {"choice": {"backend": "eager", "precision": "float32", "threads": 1}, "busy": False}
    path.write_text(json.dumps(record))
    assert choose(network(), settings).choice == Choice("eager", "float32", 1)
    path.write_text("{ broken")
    assert choose(network(), settings).choice in candidates(settings, thorough=False)


def test_what_was_measured_beside_other_programs_is_measured_again_without_them(tmp_path, monkeypatch):
    settings = EngineSettings(cache=tmp_path)
    monkeypatch.setattr("os.getloadavg", lambda: (64.0 * os.cpu_count(), 0.0, 0.0))
    choose(network(), settings)
    (path,) = tmp_path.glob("choice-small-1-*.json")
    record = json.loads(path.read_text())
    assert record["busy"]
    path.write_text(json.dumps(record | {"choice": {"backend": "eager", "precision": "bf16", "threads": 1}}))
    assert choose(network(), settings).choice == Choice("eager", "bf16", 1)  # still busy
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))
    assert choose(network(), settings, again=False).choice == Choice("eager", "bf16", 1)  # no time for it now
    assert choose(network(), settings).choice in candidates(settings, thorough=False)
    assert not json.loads(path.read_text())["busy"]


def test_what_is_ready_is_chosen_and_converted(tmp_path, monkeypatch):
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))
    settings, net = EngineSettings("openvino", "float32", 1, "cpu", tmp_path), network()
    assert not is_ready(net.name, net.digest, settings)
    choose(net, settings)
    assert is_ready(net.name, net.digest, settings)
    assert not is_ready(net.name, net.digest, EngineSettings("openvino", "float32", 2, "cpu", tmp_path))
    (path,) = tmp_path.glob("small-1-*.xml")
    path.unlink()  # as an update of the networks' code does
    assert not is_ready(net.name, net.digest, settings)


def test_a_rival_that_does_not_run_a_second_time_keeps_its_first(monkeypatch):
    def full(network, choice, cache):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(select, "build", full)
    ranked = [Measurement(Choice("eager", "float32", threads), 10.0 + threads, 0.0) for threads in (1, 2)]
    assert final(network(), ranked, None) == ranked[0]


def test_who_was_slowed_by_a_neighbour_gets_another_turn(monkeypatch):
    quick, slow, hopeless = (Choice("eager", "float32", threads) for threads in (1, 2, 3))
    timed = []

    def time(engine, inputs, fastest):
        timed.append(engine.choice)
        return {quick: 4.0, slow: 10.0}[engine.choice]

    monkeypatch.setattr(select, "_time", time)
    ranked = [Measurement(slow, 10.0, 0.0), Measurement(quick, 12.0, 0.0), Measurement(hopeless, 50.0, 0.0)]
    assert final(network(), ranked, None) == Measurement(quick, 4.0, 0.0)
    assert timed == [slow, quick, slow, quick]
    assert final(network(), ranked[2:], None) == ranked[2]


def test_a_converted_network_cut_off_on_disk_is_made_anew(tmp_path):
    choice = Choice("openvino", "float32", 1)
    net = network()
    build(net, choice, tmp_path)
    (path,) = tmp_path.glob("small-1-*.xml")
    path.write_text(path.read_text()[:200])
    got = build(net, choice, tmp_path)(*[value.numpy() for value in net.example])[0]
    assert relative_error(MODULE(*net.example).numpy(), got) < 1e-5


class Fragile(nn.Module):
    """A small difference of large numbers: half the digits are not enough."""

    def forward(self, x):
        return torch.conv2d(x + 300.0, torch.ones(1, 1, 1, 1)) - 300.0


def test_a_precision_that_is_too_far_off_is_not_taken(tmp_path):
    net = Network("fragile", Fragile(), (torch.rand(1, 1, 64, 64),), "0")
    assert choose(net, EngineSettings(device="cpu", cache=tmp_path)).choice.precision == "float32"
    with pytest.raises(ConfigError, match=r"engine.precision bf16: .* % off float32 for fragile"):
        choose(net, EngineSettings("eager", "bf16", 1, "cpu", tmp_path))


def test_relative_error_knows_the_grey_of_pictures_and_sees_what_is_not_a_number():
    picture = np.full((4, 4), 255, np.uint8)
    assert relative_error(picture, np.full((4, 4), 127.5)) == pytest.approx(1.0)
    assert relative_error(np.ones(4), np.array([1, 1, 1, np.nan])) == float("inf")
    assert relative_error(np.ones(4), np.full(4, 1.25)) == pytest.approx(0.25)


def test_what_another_version_converted_is_removed(tmp_path):
    net = network()
    old, other = tmp_path / f"small-1-{net.digest}-0123456789ab.bin", tmp_path / "small-1-ffffffffffff-0123456789ab.bin"
    old.write_bytes(b"old")
    other.write_bytes(b"of other weights")
    build(net, Choice("openvino", "float32", 1), tmp_path)
    assert not old.exists()
    assert other.exists()
    assert len(list(tmp_path.glob("*.xml"))) == 1


def test_other_weights_have_another_digest():
    other = Small()
    assert digest(MODULE) == digest(Small())
    with torch.no_grad():
        other.conv.bias += 1
    assert digest(other) != digest(MODULE)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 9])
def test_any_number_of_faces_runs_on_fixed_batches(count, tmp_path):
    engine = BatchedEngine(network, 1, EngineSettings("openvino", "float32", 1, "cpu", tmp_path), (1, 4))
    faces = [np.random.default_rng(k).standard_normal((3, 16, 16), dtype=np.float32) for k in range(count)]
    bias = np.arange(8, dtype=np.float32)
    results = engine([[face] for face in faces], [bias])
    assert len(results) == count
    for face, (result,) in zip(faces, results, strict=True):
        expected = MODULE(torch.from_numpy(face)[None], torch.from_numpy(bias))[0].numpy()
        assert np.abs(result - expected).max() < 1e-4


def test_nothing_is_left_to_a_measurement_where_pictures_must_be_the_same():
    chosen = steady(EngineSettings())
    assert "auto" not in (chosen.backend, chosen.precision) and chosen.precision == "float32" and chosen.threads > 0
    assert len(candidates(chosen, thorough=True)) == 1
    asked = EngineSettings("eager", "bf16", 1)
    assert steady(asked) == asked
