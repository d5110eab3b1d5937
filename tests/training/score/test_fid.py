"""The Fréchet distance: its arithmetic against closed forms and the standard one, and pictures made as the standard tool makes them."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import linalg

from installation.__main__ import main
from installation.checkpoints.loading import load_generator, save_generator
from installation.errors import WeightsError
from installation.networks.mixed_generator import as_bytes
from installation.networks.stylegan2 import Generator
from installation.registry.manifest import read_manifest
from installation.training.data.datasets import DatasetError, Picture
from installation.training.score.fid import INCEPTION, feature_judge
from installation.training.score.networks import check_named_sum
from installation.training.score.standard import decoded, features_of_all, standard_picture
from installation.training.score.statistics import frechet
from tests.training.score.score_inputs import write_nets


def exactly(mean, covariance, count=400, seed=0):
    """Features [count, C] whose sample mean and covariance are these to the last digit."""
    mean, covariance = np.atleast_1d(mean).astype(float), np.atleast_2d(covariance).astype(float)
    x = np.random.default_rng(seed).normal(size=(count, len(mean)))
    x -= x.mean(0)
    values, vectors = np.linalg.eigh(np.cov(x, rowvar=False).reshape(len(mean), -1))
    x = x @ (vectors / np.sqrt(values)) @ vectors.T
    values, vectors = np.linalg.eigh(covariance)
    return x @ (vectors * np.sqrt(values.clip(min=0))) @ vectors.T + mean


def published(a, b):
    """As Heusel's and torch-fidelity's programs have it: with the root of the product of both covariances."""
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    difference = a.mean(0) - b.mean(0)
    root = linalg.sqrtm(first @ second)
    return difference @ difference + np.trace(first) + np.trace(second) - 2 * np.trace(root).real


def test_known_gaussians():
    """d² = |m1 - m2|² + Σ (σ1 - σ2)² where the covariances have one set of axes (Dowson and Landau 1982)."""
    a, b = exactly([0, 0, 0], np.diag([1, 4, 9])), exactly([1, 2, 2], np.diag([4, 4, 1]), 300, 1)
    assert frechet(a, b) == pytest.approx(9 + 1 + 0 + 4, rel=1e-9)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    assert frechet(a @ turn, b @ turn) == pytest.approx(14, rel=1e-9)
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("width", [2, 7, 24])
def test_covariances_that_do_not_commute(width):
    rng = np.random.default_rng(width)
    a = rng.normal(size=(200, width)) @ rng.normal(size=(width, width))
    b = rng.normal(size=(150, width)) @ rng.normal(size=(width, width)) + rng.normal(size=width)
    assert frechet(a, b) == pytest.approx(published(a, b), rel=1e-6)
    assert frechet(a, b) == pytest.approx(frechet(b, a), rel=1e-9)


def test_the_root_as_torch_fidelity_takes_it():
    """The trace of the root is the sum of the roots of the product's eigenvalues, also where neither covariance has full rank."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(20, 48)), rng.normal(size=(25, 48)) * 1.5 + 0.2
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    trace = np.sqrt(np.linalg.eigvals(first @ second).astype(complex)).real.sum()
    difference = a.mean(0) - b.mean(0)
    standard = difference @ difference + np.trace(first) + np.trace(second) - 2 * trace
    assert frechet(a, b) == pytest.approx(standard, rel=1e-5)


@pytest.mark.parametrize(("size", "wanted"), [((100, 60), (40, 40)), ((60, 100), (40, 40)), ((41, 40), (40, 40)), ((20, 30), (40, 40))])
def test_the_shorter_side_and_the_middle(size, wanted):
    ramp = Image.fromarray(np.linspace(0, 255, size[0] * size[1] * 3).reshape(size[1], size[0], 3).astype(np.uint8))
    made = standard_picture(ramp, 40)
    assert made.shape == (*wanted, 3)
    # torchvision: the longer side by int(), the middle by round() of half of what is left.
    shorter = min(size)
    longer = int(40 * max(size) / shorter)
    resized = ramp if shorter == 40 else ramp.resize((longer, 40) if size[0] > size[1] else (40, longer), Image.Resampling.BILINEAR)
    left, top = round((resized.width - 40) / 2), round((resized.height - 40) / 2)
    assert np.array_equal(made, np.asarray(resized)[top : top + 40, left : left + 40])


def test_shrinking_averages():
    fine = np.zeros((80, 80, 3), np.uint8)
    fine[::2] = 255
    assert np.abs(standard_picture(Image.fromarray(fine), 20).astype(int) - 128).max() < 20


def test_pictures_are_rgb_as_they_are():
    rgba = Image.fromarray(np.dstack([np.full((8, 8, 3), 200, np.uint8), np.zeros((8, 8), np.uint8)]))
    assert np.array_equal(standard_picture(rgba), np.full((8, 8, 3), 200))  # Pillow drops the alpha, and so does the tool
    assert standard_picture(Image.new("L", (8, 8), 7)).tolist() == np.full((8, 8, 3), 7).tolist()


class Mean:
    name = "mean colour"

    def features(self, x, mask):
        return ((x + 1) * 127.5).mean(dim=(2, 3)).double().numpy()


def test_features_of_a_set_see_every_picture_as_it_is():
    pictures = [np.full((8, 8, 3), value, np.uint8) for value in range(40)]
    found = features_of_all(Mean(), iter(pictures), "x")
    assert found[:, 0] == pytest.approx(np.arange(40), abs=1e-4)
    with pytest.raises(DatasetError, match=r"several sizes .*8×8 and 9×9"):
        features_of_all(Mean(), iter([pictures[0], np.zeros((9, 9, 3), np.uint8)]), "x")
    with pytest.raises(DatasetError, match="not one picture"):
        features_of_all(Mean(), iter([]), "x")


def test_broken_pictures_are_named():
    body = io.BytesIO()
    Image.new("RGB", (8, 8)).save(body, "PNG")
    left_out: list[str] = []
    found = list(decoded([Picture("a.png", body.getvalue(), {}), Picture("b.png", b"none", {})], 8, left_out))
    assert len(found) == 1 and left_out[0].startswith("b.png")


def test_the_standard_file_is_known_and_checked(tmp_path):
    (file,) = read_manifest().named(INCEPTION).files
    assert file.url and file.url.endswith(file.file.rpartition("/")[2]) and "6726825d" in file.file
    wrong = tmp_path / "weights-inception-2015-12-05-6726825d.pth"
    wrong.write_bytes(b"something else")
    with pytest.raises(WeightsError, match="by its name it should with 6726825d"):
        feature_judge(wrong, None)
    check_named_sum(tmp_path / "inception.pth")  # no sum in its name: nothing to check


def pictures(folder, seed, shift=0, count=8):
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for k in range(count):
        Image.fromarray(np.clip(rng.integers(0, 200, (32, 40, 3)) + shift, 0, 255).astype(np.uint8)).save(folder / f"{k}.png")
    return folder


def test_the_command_says_what_it_measured_with(tmp_path, capsys):
    nets = write_nets(tmp_path / "nets")
    near, far = pictures(tmp_path / "near", 1), pictures(tmp_path / "far", 2, 55)
    values = []
    for other in (near, far):
        assert main(["fid", str(tmp_path / "near"), str(other), "--nets", str(nets), "--size", "32"]) == 0
        said = capsys.readouterr()
        row = said.out.splitlines()[-1].split("|")
        assert "tiny darknet" in row[5] and row[2].strip() == "8" and "distance of so few is too large" in said.err
        values.append(float(row[6]))
    assert values[0] == pytest.approx(0, abs=1e-6) and values[1] > 1e-3


def test_a_generator_against_a_set(tmp_path, capsys):
    nets = write_nets(tmp_path / "nets")
    torch.manual_seed(0)
    generator = Generator(32, 8, 1, {4: 8, 8: 8, 16: 8, 32: 8})
    save_generator(generator, tmp_path / "g.safetensors", torch.zeros(generator.styles, 8), {})
    near = pictures(tmp_path / "near", 1)
    assert main(["fid", str(near), str(tmp_path / "g.safetensors"), "--nets", str(nets), "--size", "32", "--count", "6"]) == 0
    assert "| 6 | g.safetensors | 6 |" in capsys.readouterr().out


def test_drawn_faces_are_brought_to_the_size_as_the_set_is(tmp_path, capsys):
    """A generator against its own faces, in files, at half their size: nothing lies between them."""
    nets = write_nets(tmp_path / "nets")
    torch.manual_seed(0)
    generator = Generator(64, 8, 1, {4: 8, 8: 8, 16: 8, 32: 8, 64: 8})
    save_generator(generator, tmp_path / "g.safetensors", torch.zeros(generator.styles, 8), {})
    base = load_generator(tmp_path / "g.safetensors")
    (tmp_path / "own").mkdir()
    with torch.inference_mode():
        z = torch.from_numpy(np.random.RandomState(0).randn(4, 8)).float()
        for k, face in enumerate(as_bytes(base.synthesis(base.mapping(z, truncation_psi=1.0))).numpy()):
            Image.fromarray(face).save(tmp_path / "own" / f"{k}.png")
    own = [str(tmp_path / "own"), str(tmp_path / "g.safetensors"), "--nets", str(nets), "--size", "32", "--count", "4"]
    assert main(["fid", *own]) == 0
    assert float(capsys.readouterr().out.splitlines()[-1].split("|")[6]) == pytest.approx(0, abs=1e-6)


def test_one_picture_has_no_spread(tmp_path, capsys):
    nets = write_nets(tmp_path / "nets")
    near, few = pictures(tmp_path / "near", 1), pictures(tmp_path / "few", 2, count=1)
    (few / "broken.png").write_bytes(b"none")
    for pair in ([near, few], [few, near], [few / "0.png", few / "0.png"]):
        assert main(["fid", *map(str, pair), "--nets", str(nets), "--size", "32"]) == 2
        said = capsys.readouterr().err
        assert "few" in said and "at least 2" in said and "Traceback" not in said


def test_several_are_a_row_each(tmp_path, capsys):
    nets = write_nets(tmp_path / "nets")
    near, far = pictures(tmp_path / "near", 1), pictures(tmp_path / "far", 2, 55)
    rows = []
    for others in ([near, far], [far], [near]):
        assert main(["fid", str(near), *map(str, others), "--nets", str(nets), "--size", "32"]) == 0
        rows.append(capsys.readouterr().out.splitlines()[2:])
    assert rows[0] == [*rows[2], *rows[1]] and "far" in rows[1][0]


def test_without_a_network_it_says_where_one_is(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("installation.training.score.fid.fetched_inception", lambda: None)
    assert main(["fid", str(tmp_path), str(tmp_path)]) == 2
    assert "weights fetch inception-fid" in capsys.readouterr().err
