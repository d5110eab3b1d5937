"""The mirror driven by files of every published format: the portraits are those of the very generator in the file."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.show_aside import show_aside
from installation.app import Installation
from installation.assembly import networks
from installation.assembly.options import RunOptions
from installation.checkpoints.loading import load_encoder, load_generator
from installation.config import load_config
from installation.models.bundle import load_models
from installation.networks.mixed_generator import as_bytes
from installation.registry.describe import described
from installation.registry.manifest import read_manifest
from installation.stages.encode import WholeCoder
from run_installation import main
from tests import foreign_files as files

CLIP = Path(__file__).resolve().parent / "data" / "yes.mkv"
ONE_W, PLUS = "BackboneEncoderUsingLastLayerIntoW", "BackboneEncoderUsingLastLayerIntoWPlus"
QUIET = ("canvas.mode=headless", "canvas.width=320", "canvas.height=240", "canvas.renderer=plain", "engine.precision=float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(autouse=True)
def own_cache(folder, monkeypatch):
    monkeypatch.setattr(networks, "ENGINE_CACHE", folder / "engines")


def show(*overrides, backend="eager", frames=4):
    drawn = "controls={look/layout: grid, identity/glass: 0}"  # portraits as the generator draws them
    config = load_config(None, [f"source={CLIP}", *QUIET, drawn, f"engine.backend={backend}", "engine.threads=1", *overrides])
    installation = Installation(config, RunOptions(frames=frames, lockstep=True))
    return installation, installation.run()


CASES = {
    "psp": ("openvino", lambda f: [files.psp(f / "psp.pt")] * 2),
    "e4e": ("eager", lambda f: [files.psp(f / "e4e.pt", "Encoder4Editing")] * 2),
    "psp, one w": ("eager", lambda f: [files.psp(f / "w.pt", ONE_W)] * 2),
    "psp, last layer": ("eager", lambda f: [files.psp(f / "plus.pt", PLUS)] * 2),
    "rosinality": ("eager", lambda f: [files.rosinality(f / "rosinality.pt"), files.psp(f / "e.pt", decoder=False)]),
    "stylegan2 pkl": ("eager", lambda f: [files.stylegan2_pickle(f / "two.pkl"), files.psp(f / "e.pt", decoder=False)]),
    "stylegan3-t pkl": ("openvino", lambda f: [files.stylegan3_pickle(f / "t.pkl", "T"), files.psp(f / "w.pt", ONE_W, False)]),
    "stylegan3-r pkl": ("eager", lambda f: [files.stylegan3_pickle(f / "r.pkl", "R"), files.psp(f / "w.pt", ONE_W, False)]),
    "safetensors": ("eager", lambda f: [files.our_generator(f / "g.safetensors"), files.our_encoder(f / "e.safetensors")]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_portraits_are_those_of_the_file(case, folder):
    backend, write = CASES[case]
    generator, encoder = write(folder)
    installation, report = show(f"models.generator={generator}", f"models.encoder={encoder}", backend=backend)
    assert (report.engine, report.precision, report.model) == (backend, "float32", generator.name)
    assert report.portraits_per_face == {"0": 4}
    assert report.portrait_px == files.SIZE
    assert [fault for fault in report.faults if "presets" not in fault] == []
    assert report.encoder_calls >= 1
    assert report.encoder_calls + report.cache_hits == 4

    # No directions fit and nothing is truncated: the picture is the generator's for the code.
    code, portrait = installation.loops.synthesis._last.faces[0], installation.loops.display._newest.portraits[0]
    module = load_generator(generator)
    with torch.inference_mode():
        expected = as_bytes(module.synthesis(code.ws[None]))[0].numpy()
    assert portrait.image.std() > 5
    assert np.abs(portrait.image.astype(int) - expected).max() <= 1


def test_the_code_is_the_encoders(folder):
    path = files.psp(folder / "psp.pt")
    installation, _ = show(f"models.encoder={path}", backend="openvino", frames=1)  # the decoder in the file goes with it
    assert installation.models.name == "psp.pt"
    crops = []
    align = installation.loops.perception.align
    tracked = installation.loops.perception.track
    assert align.size == 256 and tracked is not None
    code = installation.loops.synthesis._last.faces[0].ws
    frame = installation.loops.synthesis._last.frame
    crops = [a.crop for a in align.align(_tracked(installation, frame)).faces]
    images = torch.from_numpy(crops[0]).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        expected = load_encoder(path)(images)[0]
    assert (code - expected).norm() / expected.norm() < 1e-4


def _tracked(installation, frame):
    from installation.messages import TrackedFrame

    return TrackedFrame(frame, tuple(f.face for f in installation.loops.synthesis._last.faces))


def test_a_whole_encoder_works_beside_a_live_show_and_within_a_lockstep_one(folder, monkeypatch):
    """Tens of GFLOP in the loop would hold up tracking; lockstep waits, so that the same input gives the same pixels."""
    run, threads = WholeCoder._run, []

    def noted(coder, crop):
        threads.append(threading.current_thread().name)
        return run(coder, crop)

    monkeypatch.setattr(WholeCoder, "_run", noted)
    path = files.psp(folder / "psp.pt")
    show(f"models.encoder={path}")
    assert threads and not any(name.startswith("encode") for name in threads)
    threads.clear()
    alone = ("control.osc.enabled=false", "control.web.enabled=false", "capture.loop=true", "engine.backend=eager", "engine.threads=1")
    config = load_config(None, [f"source={CLIP}", *QUIET, *alone, f"models.encoder={path}"])
    with show_aside(config, RunOptions()) as installation:
        deadline = time.monotonic() + 180.0
        while not installation.health.portraits_per_face and time.monotonic() < deadline:
            time.sleep(0.05)
    assert installation.health.portraits_per_face
    assert threads and all(name.startswith("encode") for name in threads)


def test_a_child_of_any_format_is_mixed_in_and_a_misfit_says_which_layer(folder, capsys):
    base = files.psp(folder / "psp.pt")
    child = files.rosinality(folder / "toon.pt", seed=7)
    chosen = (f"models.generator={base}", f"models.children=[{child}]")
    plain, _ = show(*chosen)
    mixed, report = show(*chosen, "controls={blend/toon/amount: 1.0}")
    assert [fault for fault in report.faults if "presets" not in fault] == []
    assert plain.controls.table["blend/toon/layer/32"].default == 1.0
    pictures = [i.loops.display._newest.portraits[0].image.astype(int) for i in (plain, mixed)]
    assert np.abs(pictures[0] - pictures[1]).mean() > 2

    other = files.rosinality(folder / "other.pt", channels={**files.CHANNELS, 32: 12})
    arguments = ["--headless", "--frames", "1", "--generator", str(base), "--set", f"models.children=[{other}]"]
    assert main(arguments) == 2
    assert "other.pt: its layers of 32 px have 12 channels, those of" in capsys.readouterr().err


def test_shipped_files_that_do_not_fit_are_left_out_with_a_notice_and_named_ones_are_refused(folder, capsys):
    path = files.psp(folder / "psp.pt")
    assert main(["--validate-config", "--generator", str(path)]) == 0
    out = capsys.readouterr().out
    assert "the shipped children are left out" in out and "the shipped directions are left out" in out
    assert main(["--validate-config", "--generator", str(path), "--set", "models.directions=[weights/directions.safetensors]"]) == 2
    assert "directions.safetensors" in capsys.readouterr().err


def test_with_a_generator_of_ones_own_the_folder_of_ones_own_directions_still_counts(folder):
    path, own = files.our_generator(folder / "mine.safetensors"), folder / "own"
    own.mkdir()
    shipped = CLIP.parents[2] / "weights" / "directions.safetensors"
    pair = path, files.our_encoder(folder / "my-encoder.safetensors"), (), (shipped, own)
    models = load_models(*pair, frozenset({"generator", "encoder"}))
    assert models.directions.names == () and models.direction_paths == (own,)
    np.save(own / "hats.npy", np.ones((models.styles, models.latent_avg.shape[-1]), np.float32))
    assert models.read_directions(models.direction_paths).names == ("hats",)
    again = load_models(*pair, frozenset({"generator", "encoder"}))
    assert again.directions.names == ("hats",) and sum(str(shipped) in told for told in again.notices) == 1
    np.save(own / "wide.npy", np.ones((3, 5), np.float32))  # somebody's for another generator: the show begins without, and says so
    left = load_models(*pair, frozenset({"generator", "encoder"}))
    assert left.directions.names == () and left.direction_paths == (own,)
    assert any(f"what lies in {own} is left out" in told and "wide" in told for told in left.notices)


def test_a_generator_alone_says_which_encoder_it_needs(folder, capsys):
    assert main(["--validate-config", "--generator", str(files.stylegan2_pickle(folder / "two.pkl"))]) == 2
    err = capsys.readouterr().err
    assert "two.pkl: needs codes of 10x24" in err and "--encoder" in err


def test_stylegan3_has_no_layers_to_mix(folder, capsys):
    base, encoder = files.stylegan3_pickle(folder / "t.pkl", "T"), files.psp(folder / "w.pt", ONE_W, False)
    child = files.rosinality(folder / "toon.pt")
    arguments = ["--validate-config", "--generator", str(base), "--encoder", str(encoder)]
    assert main([*arguments, "--set", f"models.children=[{child}]"]) == 2
    assert "StyleGAN3's layers have no resolutions to swap at" in capsys.readouterr().err
    assert main([*arguments, "--set", "controls={blend/toon/amount: 1}"]) == 2
    assert "no such control" in capsys.readouterr().err


def saved_anew(path, folder, name, **left):
    """The same file with only these of its entries, or as bare parameters."""
    root = torch.load(path, weights_only=True)
    torch.save({key: root[key] for key in left} | {"state_dict": root["state_dict"]} if left else root["state_dict"], folder / name)
    return folder / name


def test_what_a_file_leaves_open_is_one_notice_and_a_row_says_otherwise(folder, capsys):
    path = saved_anew(files.psp(folder / "whole.pt"), folder, "bare.pt")
    assert main(["--validate-config", "--generator", str(path)]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if str(path) in line and "models.encoder" in line]
    assert len(told) == 1 and "models.encoder_kind: e4e" in told[0] and "models.encoder_codes: absolute" in told[0]
    rows = ["--set", "models.encoder_kind=e4e", "--set", "models.encoder_codes=relative"]
    assert main(["--validate-config", "--generator", str(path), *rows]) == 0
    assert "models.encoder_" not in capsys.readouterr().out
    assert main(["--validate-config", "--set", "models.encoder_kind=pixel"]) == 2


def test_an_encoder_alone_takes_the_generators_mean_code(folder):
    made = files.psp(folder / "alone.pt", decoder=False)
    path = saved_anew(made, folder, "alone-bare.pt", opts=True)
    generator = files.rosinality(folder / "rosinality.pt")
    models = load_models(generator, path, [], [])
    assert torch.equal(models.encoder.latent_avg, models.latent_avg) and bool(models.latent_avg.any())
    (notice,) = models.notices
    assert "gives no mean code, and the generator's is added" in notice


def test_an_encoder_and_a_generator_of_two_families_are_said_to_be(folder):
    torch.manual_seed(11)
    encoder, generator = files.psp(folder / "p.pt"), files.rosinality(folder / "other-family.pt", seed=5)
    told = load_models(generator, encoder, [], []).notices
    assert len(told) == 1 and "seem to belong to another generator" in told[0] and str(generator) in told[0]
    assert load_models(encoder, encoder, [], []).notices == ()


def test_a_part_that_cannot_be_used_is_named_and_not_called_missing(folder, capsys):
    path = files.psp(folder / "restyle.pt")
    root = torch.load(path, weights_only=True)
    torch.save({**root, "opts": {"encoder_type": "BackboneEncoder", "input_nc": 6}}, path)
    assert main(["--validate-config", "--generator", str(path)]) == 2
    err = capsys.readouterr().err
    assert "a ReStyle encoder, which draws in several passes" in err and "--encoder" in err and "holds no encoder" not in err
    rows = dict(described(path, read_manifest()))
    assert rows["generator"] == "StyleGAN2" and "ReStyle" in rows["no encoder"]


def test_the_channels_that_an_encoder_reads_are_shown(folder):
    for channels in (1, 3, 19):
        path = folder / f"{channels}.pt"
        root = torch.load(files.psp(path), weights_only=True)
        name = "encoder.input_layer.0.weight"
        root["state_dict"][name] = root["state_dict"][name][:, :1].repeat(1, channels, 1, 1)
        torch.save(root, path)
        said = dict(described(path, read_manifest()))["encoder's input"]
        assert f"{channels} channel" in said and ("a camera gives 3" in said) == (channels != 3)
