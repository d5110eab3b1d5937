"""``weights``: what it says of models and files, and its exit codes."""

import numpy as np
import pytest
import torch

from installation.__main__ import main
from installation.checkpoints.loading import load_encoder, load_generator, metadata_of, save_encoder, save_generator
from installation.networks.facets_encoder import FacetsEncoder
from installation.networks.stylegan2 import Generator
from installation.registry.manifest import read_manifest, sealed
from tests.registry.test_manifest import OWN

CHANNELS = {4: 12, 8: 12, 16: 8}
WIDTH = 10


@pytest.fixture
def generator():
    torch.manual_seed(3)
    made = Generator(16, WIDTH, 2, CHANNELS).eval().requires_grad_(False)
    made.latent_avg = torch.randn(6, WIDTH)
    return made


@pytest.fixture
def folder(tmp_path, generator):
    path = tmp_path / "manifest.yaml"
    path.write_text(OWN, encoding="utf-8")
    save_generator(generator, tmp_path / "a.bin", generator.latent_avg, {})
    path.write_text(sealed(read_manifest(path)), encoding="utf-8")
    return tmp_path


@pytest.fixture
def weights(folder, capsys):
    def run(*arguments):
        code = main(["weights", "--manifest", str(folder / "manifest.yaml"), *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_list_says_what_is_here(weights, folder):
    code, out, _ = weights("list")
    assert code == 0
    lines = out.splitlines()
    assert "installed" in lines[0] and "directions that fit: d" in lines[1]
    assert "to be fetched" in lines[2] and "by hand" in lines[4]
    (folder / "b.bin").write_bytes(b"x")
    (folder / "a.bin").unlink()
    lines = weights("list")[1].splitlines()
    assert "missing" in lines[0] and "installed" in lines[2]


def test_verify_names_the_file_that_is_not_the_listed_one(weights, folder):
    code, out, _ = weights("verify")
    assert code == 0 and "right" in out
    content = bytearray((folder / "a.bin").read_bytes())
    content[-1] ^= 1
    (folder / "a.bin").write_bytes(content)
    code, _, err = weights("verify")
    assert code == 2 and "a.bin: has the sha256" in err
    (folder / "a.bin").write_bytes(content[:-1])
    assert "bytes" in weights("verify")[2]
    (folder / "a.bin").unlink()
    code, _, err = weights("verify")
    assert code == 2 and "a.bin: is missing" in err
    (folder / "a.bin").mkdir()
    assert weights("verify")[0] == 2


def test_fetch_by_hand_shows_page_and_licence(weights, folder):
    code, out, _ = weights("fetch", "d")
    assert code == 2 and "https://example.org" in out and "licence: MIT" in out and str(folder / "d.npy") in out
    np.save(folder / "d.npy", np.zeros((1, 8)))
    code, out, _ = weights("fetch", "d")
    assert code == 0 and "is here already" in out
    for name, reason in (("a", "part of this project"), ("zzz", "no such model; there are a, there, d")):
        code, _, err = weights("fetch", name)
        assert code == 2 and reason in err


def test_info(weights, folder, generator):
    code, out, _ = weights("info", folder / "a.bin")
    assert code == 0
    for said in ("StyleGAN2", "16 px", "6 x 10", "4 px 12, 8 px 12, 16 px 8", "2 layers", "known as", "directions that fit  d"):
        assert said in out, out
    save_generator(generator, folder / "child.safetensors", generator.latent_avg, {"swap_at": "8"}, frozenset({8, 16}))
    assert "child, layers from 8 px" in weights("info", folder / "child.safetensors")[1]
    np.save(folder / "age.npy", np.zeros((18, 512)))
    assert "1, of 18x512" in weights("info", folder / "age.npy")[1]
    torch.save(torch.ones(1, 512), folder / "age.pt")
    assert "1, of 1x512" in weights("info", folder / "age.pt")[1]
    (folder / "text.txt").write_text("no model", encoding="utf-8")
    for wrong in (folder / "text.txt", folder / "none", folder):
        code, _, err = weights("info", wrong)
        assert code == 2 and str(wrong) in err and err.count("\n") == 1


def test_import_halves_and_draws_the_same(weights, folder, generator):
    state = generator.state_dict()
    torch.save({"g_ema": state, "latent_avg": generator.latent_avg[0]}, folder / "mine.pt")
    out = folder / "out"
    out.mkdir()
    code, said, err = weights("import", folder / "mine.pt", "--out", out)
    assert code == 0, err
    assert "relative error" in said
    path = out / "mine.safetensors"
    assert path.stat().st_size < 0.6 * (folder / "mine.pt").stat().st_size
    z = torch.randn(1, WIDTH)
    before, after = load_generator(folder / "mine.pt"), load_generator(path)
    drawn, again = before.synthesis(before.mapping(z)), after.synthesis(after.mapping(z, truncation_psi=1.0))
    assert (drawn - again).norm() / drawn.norm() < 1e-2
    assert torch.allclose(before.latent_avg, after.latent_avg, atol=1e-3)
    assert metadata_of(path)["imported_from"] == "mine.pt"
    code, _, err = weights("import", folder / "mine.pt", "--out", out)
    assert code == 2 and "is there already" in err
    assert weights("import", folder / "mine.pt", "--out", out, "--force")[0] == 0


def test_import_refuses_what_it_cannot_write(weights, folder):
    save = folder / "own.safetensors"
    save.write_bytes((folder / "a.bin").read_bytes())
    code, _, err = weights("import", save, "--force")
    assert code == 2 and "would overwrite the file that it is made from" in err
    for arguments, reason in (
        ([folder / "none.pt"], "no such file"),
        ([folder], "no such file"),
        ([save, "--out", folder / "none"], "no such folder"),
        ([save, "--out", folder / "none" / "a.safetensors"], "does not exist"),
        ([folder / "manifest.yaml"], "manifest.yaml"),
    ):
        code, _, err = weights("import", *arguments)
        assert code == 2 and reason in err and err.count("\n") == 1, err


def test_an_encoder_of_ours_is_imported_as_one(weights, folder):
    encoder = FacetsEncoder(10, WIDTH, 8).eval()
    save_encoder(encoder, folder / "e.safetensors", {})
    code, said, err = weights("import", folder / "e.safetensors", "--out", folder / "copy.safetensors")
    assert code == 0 and "encoder" in said, err
    assert load_encoder(folder / "copy.safetensors").styles == 10
