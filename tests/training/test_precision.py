"""Half precision where a machine is quicker with it, and only there."""

import torch
import torch.nn.functional as F

from installation.training import precision


def drawn(monkeypatch, seconds):
    precision.quicker_in_half.cache_clear()
    monkeypatch.setattr(precision, "_seconds", lambda x, weight: seconds[x.dtype])
    with precision.half():
        return F.conv2d(torch.randn(1, 4, 8, 8), torch.randn(4, 4, 3, 3)).dtype


def test_the_quicker_one_is_taken_and_measured_once(monkeypatch):
    assert drawn(monkeypatch, {torch.float32: 1.0, torch.bfloat16: 2.0}) == torch.float32
    assert drawn(monkeypatch, {torch.float32: 2.0, torch.bfloat16: 1.0}) == torch.bfloat16
    monkeypatch.setattr(precision, "_seconds", None)
    assert precision.quicker_in_half("cpu")
    precision.quicker_in_half.cache_clear()


def test_a_real_convolution_is_timed():
    x, weight = torch.randn(1, 8, 16, 16), torch.randn(8, 8, 3, 3)
    assert 0 < precision._seconds(x, weight) < 10
