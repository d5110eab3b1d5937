"""Other sizes and configurations of NVlabs' generators, against the same arithmetic in its plainest form."""

import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.loading import load_generator
from installation.checkpoints.nvlabs_pickle import read_pickle
from tests.checkpoints import support_plain_nvlabs as plain
from tests.checkpoints.support_nvlabs import stylegan2, stylegan3, write_pickle

PSI = 0.65


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def close(got, expected):
    assert got.shape == expected.shape
    return (got - expected).norm() / expected.norm() < 1e-5


def one_hot(written, label):
    c = torch.zeros(2, written.mapping.c_dim)
    if label is not None:
        c[:, label] = 1
    return c if written.mapping.c_dim else None


def agree(written, path, label=None, protocol=4):
    """Write, load, and compare mapping and pictures of two codes."""
    draw = plain.stylegan3 if hasattr(written.synthesis, "input") else plain.stylegan2
    generator = read_pickle(write_pickle(path / "g.pkl", written, protocol), label)
    z = torch.randn(2, written.mapping.z_dim)
    with torch.inference_mode():
        expected = plain.mapping(written, z, PSI, one_hot(written, label))
        ws = generator.mapping(z, PSI)
        assert close(ws, expected)
        assert close(generator.mapping(z), plain.mapping(written, z, 1.0, one_hot(written, label)))
        assert close(generator.synthesis(ws.clone()), draw(written, expected))
    return generator


CONFIGURATIONS = {
    "8 px": {"size": 8},
    "z narrower than w, two layers": {"size": 32, "z_dim": 6, "w_dim": 12, "mapping_layers": 2},
    "one layer, another learning rate": {"size": 16, "z_dim": 20, "mapping_layers": 1, "lr": 0.002},
    "inner layers of their own width": {"size": 16, "mapping_layers": 3, "inner": 24},
    "wide below, narrow above": {"size": 64, "channel_base": 512, "channel_max": 24},
    "without noise and clamp": {"size": 16, "use_noise": False, "conv_clamp": None},
    "a clamp that binds": {"size": 16, "conv_clamp": 0.8},
    "three taps": {"size": 16, "taps": (1, 2, 1)},
    "taps that are not symmetric": {"size": 16, "taps": (1, 2, 3, 4)},
    "a single tap": {"size": 16, "taps": (1,)},
    "1024 px": {"size": 1024, "channel_base": 2048, "channel_max": 4, "w_dim": 8},
}


@pytest.mark.parametrize("options", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_stylegan2_configurations(options, tmp_path):
    generator = agree(stylegan2(**options), tmp_path)
    assert generator.size == options["size"] and generator.styles == 2 * len(generator.resolutions)
    assert generator.z_dim == options.get("z_dim", 16) and generator.clamp == options.get("conv_clamp", 256)


@pytest.mark.parametrize("config", ["T", "R"])
@pytest.mark.parametrize("size", [16, 128, 256])  # 256: layers wider than the side up to which matrices are used
def test_stylegan3_configurations(config, size, tmp_path):
    generator = agree(stylegan3(size, config, channel_base=512, channel_max=4), tmp_path)
    assert (generator.size, generator.styles, generator.resolutions) == (size, 16, [])
    kernels = {layer.kernel for layer in generator.plan.layers[:-1]}
    assert kernels == ({3} if config == "T" else {1})


@pytest.mark.parametrize(
    "options",
    [
        {"num_layers": 6, "margin": 4, "mapping_layers": 3, "z_dim": 9},
        {"conv_clamp": 0.4},
        {"conv_clamp": None, "output_scale": 1.0, "num_critical": 0},
    ],
    ids=["few layers", "a clamp that binds", "no critical sampling"],
)
def test_stylegan3_variants(options, tmp_path):
    agree(stylegan3(32, **options), tmp_path)


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_every_pickle_protocol_of_the_format(protocol, tmp_path):
    agree(stylegan2(8), tmp_path, protocol=protocol)
    agree(stylegan3(16, num_layers=4), tmp_path, protocol=protocol)


@pytest.mark.parametrize("make", [stylegan2, stylegan3])
@pytest.mark.parametrize("label", [None, 3])
def test_a_class_label_becomes_part_of_the_mapping(make, label, tmp_path):
    generator = agree(make(16, c_dim=5, z_dim=7), tmp_path, label=label)
    assert generator.z_dim == 7
    with pytest.raises(CheckpointError, match=r"classes 0…4, not 9"):
        read_pickle(tmp_path / "g.pkl", label=9)


def test_noise_modes_and_one_picture_of_a_batch(tmp_path):
    written = stylegan2(16)
    generator = read_pickle(write_pickle(tmp_path / "g.pkl", written))
    ws = torch.randn(2, generator.styles, 16)
    with torch.inference_mode():
        assert close(generator.synthesis(ws, noise="none"), plain.stylegan2(written, ws, noise=False))
        assert not torch.equal(generator.synthesis(ws, noise="random"), generator.synthesis(ws, noise="random"))
        assert close(generator.synthesis(ws[1:]), generator.synthesis(ws)[1:])


def test_the_average_is_read_and_not_the_other_networks(tmp_path):
    written = stylegan2(8)
    path = write_pickle(tmp_path / "g.pkl", written, G=stylegan2(8), D=stylegan2(16), augment_pipe=stylegan2(8).mapping)
    got = load_generator(path).state_dict()["conv1.conv.weight"]
    assert torch.equal(got[0], written.synthesis.b4.conv1.weight)


def altered(make, change):
    written = make()
    change(written)
    return written


def wider(written):
    written.synthesis.b8.conv0.affine.weight = torch.nn.Parameter(torch.zeros(17, 16))


def without_bias(written):
    del written.synthesis.b8.conv1.bias


def not_a_number(written):
    written.mapping.fc0.bias.data[0] = torch.nan


def longer(written):
    written.synthesis._modules["L1_36_6"].padding = [11, 12, 11, 12]


def without_a_layer(written):
    del written.synthesis._modules["L1_36_6"]


def endless(written):
    written.synthesis.img_resolution = 2**40


REFUSED = {
    "resnet": (stylegan2(8, architecture="resnet"), r"'resnet' architecture; only 'skip'"),
    "orig": (stylegan2(8, architecture="orig"), r"'orig' architecture"),
    "grey": (stylegan2(8, img_channels=1), r"pictures of 1 channels; RGB"),
    "relu": (stylegan2(8, activation="relu"), r"activation 'relu'; only 'lrelu'"),
    "long filter": (stylegan2(8, taps=(1, 2, 4, 4, 2, 1)), r"resample_filter has the shape \[6, 6\]; up to \[4, 4\]"),
    "shape": (
        altered(lambda: stylegan2(8), wider),
        r"b8\.conv0\.affine\.weight has the shape \[17, 16\], which is no \[16, 16\]",
    ),
    "missing": (altered(lambda: stylegan2(8), without_bias), r"has no synthesis\.b8\.conv1\.bias"),
    "NaN": (altered(lambda: stylegan2(8), not_a_number), r"mapping\.fc0\.bias holds numbers that are not finite"),
    "padding": (altered(lambda: stylegan3(64, channel_max=6), longer), r"L1_36_6 makes 39 px and records 36 px"),
    "layers": (altered(lambda: stylegan3(64, channel_max=6), without_a_layer), r"one of them is missing"),
    "picture": (altered(lambda: stylegan3(64), endless), r"records img_resolution = 1099511627776"),
    "neither": (stylegan2(8).mapping, r"its G_ema, a 'MappingNetwork', is neither StyleGAN2 nor StyleGAN3"),
}


@pytest.mark.parametrize(("written", "reason"), REFUSED.values(), ids=REFUSED)
def test_structures_that_do_not_fit_are_refused_by_their_reason(written, reason, tmp_path):
    with pytest.raises(CheckpointError, match=rf"g\.pkl: .*{reason}"):
        read_pickle(write_pickle(tmp_path / "g.pkl", written))


def test_files_of_older_numpy_name_its_older_modules(tmp_path):
    path = write_pickle(tmp_path / "g.pkl", stylegan3(16, num_layers=4), protocol=3)
    content = path.read_bytes()
    assert b"cnumpy._core.multiarray\n" in content
    path.write_bytes(content.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"))
    assert read_pickle(path).size == 16


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors", "npz", "pkl"])
@pytest.mark.parametrize("prefix", ["", "G_ema.", "module."])
def test_parameters_alone_draw_the_same(form, prefix, tmp_path):
    """What ``G_ema.state_dict()`` gives: nothing that the modules recorded, which is what their code has as defaults."""
    written = stylegan2(32, z_dim=6, w_dim=12, mapping_layers=2)
    state, path = {f"{prefix}{name}": value.detach().contiguous() for name, value in written.state_dict().items()}, tmp_path / "g"
    match form:
        case "safetensors":
            save_file(state, path)
        case "npz":
            np.savez(path.open("wb"), **{name: value.numpy() for name, value in state.items()})
        case "pkl":
            path.write_bytes(pickle.dumps({"G_ema": state}, 4))
        case _:
            torch.save({"model": {"G_ema": state}}, path, _use_new_zipfile_serialization=form == "zip")
    generator = load_generator(path)
    z = torch.randn(2, 6)
    with torch.inference_mode():
        ws = plain.mapping(written, z, PSI)
        assert close(generator.mapping(z, PSI), ws)
        assert close(generator.synthesis(ws), plain.stylegan2(written, ws))


def test_a_structure_that_parameters_betray_is_refused(tmp_path):
    state = stylegan2(16).state_dict()
    for change, words in (
        ({"synthesis.b8.skip.weight": torch.ones(1)}, "'resnet' architecture"),
        ({"synthesis.b4.torgb.weight": None}, "'orig' architecture"),
    ):
        changed = {name: value for name, value in (state | change).items() if value is not None}
        torch.save(changed, tmp_path / "g.pt")
        with pytest.raises(CheckpointError, match=words):
            load_generator(tmp_path / "g.pt")


@pytest.mark.parametrize(("regulator", "whole"), [(0.5, 0.7), (0.0, 0.7), (0.5, 1.0), (0, 1)])
def test_noise_that_autolume_bent_is_drawn_as_there(regulator, whole, tmp_path):
    """A live network is saved with the strength of the noise in attributes beside the parameter that they stand for."""
    written = stylegan2(16)
    expected = load_generator(write_pickle(tmp_path / "plain.pkl", written))
    for module in written.modules():
        if hasattr(module, "noise_strength"):
            module.noise_regulator, module.global_noise = regulator, whole
    generator = load_generator(write_pickle(tmp_path / "bent.pkl", written))
    for name, value in expected.state_dict().items():
        if name.endswith("noise.weight"):
            wanted = (regulator or float(value)) * whole
            assert float(generator.state_dict()[name]) == pytest.approx(wanted, rel=1e-6), name
    written.synthesis.b8.conv0.ratio = (1, 0.5)
    with pytest.raises(CheckpointError, match="stretched by Autolume"):
        load_generator(write_pickle(tmp_path / "bent.pkl", written))


def test_a_generator_that_was_not_averaged_is_used_and_said(tmp_path):
    path = write_pickle(tmp_path / "g.pkl", stylegan2(16), G_ema=None)
    (notice,) = load_generator(path).notices
    assert "no averaged generator 'G_ema'" in notice
