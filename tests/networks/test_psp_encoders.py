"""The published encoders against their published arithmetic, written out by parameter name; small widths, random weights."""

import argparse
import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from installation.checkpoints.loading import CheckpointError, EncoderReading, load_encoder, load_generator, save_encoder
from installation.networks.fused_psp import fused
from installation.networks.ir_se import BackbonePlan, BlockPlan
from installation.networks.psp_encoders import NETWORKS, EncoderPlan
from installation.networks.stylegan2 import Generator

WIDTHS = (8, 8, 12, 16, 24)
DEPTHS = (2, 1, 2, 1)
W_DIM = 24
CHANNELS = {4: 16, 8: 16, 16: 12, 32: 8, 64: 8, 128: 4}  # 12 styles


def plan(kind, styles, se=True, input_nc=3):
    blocks, width = [], WIDTHS[0]
    for depth, count in zip(WIDTHS[1:], DEPTHS, strict=True):
        for index in range(count):
            blocks.append(BlockPlan(width, depth, 1 if index else 2, depth // 4 if se else 0))
            width = depth
    return EncoderPlan(kind, BackbonePlan(input_nc, WIDTHS[0], tuple(blocks)), styles, W_DIM)


def randomised(network):
    """Weights that keep the scale of what passes through them."""
    torch.manual_seed(0)

    def drawn(name, value):
        if not value.is_floating_point():
            return value
        if value.ndim == 4 or name.startswith("output_layer_2.3.weight"):
            return torch.randn_like(value) / value[0].numel() ** 0.5
        if value.ndim == 2:  # scaled at run time
            return torch.randn_like(value)
        return (torch.rand_like(value) + 0.5) if name.endswith("var") else torch.randn_like(value) * 0.2 + 0.4

    return {name: drawn(name, value) for name, value in network.state_dict().items()}


def checkpoint(path, kind, styles=12, options=None, latent_avg=None, decoder=True, **sizes):
    """A pSp file of random weights; gives the encoder's parameters."""
    state = randomised(NETWORKS[kind](plan(kind, styles, **sizes)))
    whole = {f"encoder.{name}": value for name, value in state.items()}
    if decoder:
        whole |= {f"decoder.{name}": value for name, value in Generator(128, W_DIM, 2, CHANNELS).state_dict().items()}
    root = {"state_dict": whole, "opts": options if options is not None else {"encoder_type": kind, "output_size": 128}}
    torch.save(root if latent_avg is None else root | {"latent_avg": latent_avg}, path)
    return state


# --- the published forward, by names ------------------------------------------------------------------------------------


def norm(p, name, x):
    return F.batch_norm(x, p[f"{name}.running_mean"], p[f"{name}.running_var"], p[f"{name}.weight"], p[f"{name}.bias"], eps=1e-5)


def equal_linear(p, name, x):
    return F.linear(x, p[f"{name}.weight"] / p[f"{name}.weight"].shape[1] ** 0.5, p[f"{name}.bias"])


def published_maps(p, x):
    """The last map of each stage."""
    x = F.prelu(norm(p, "input_layer.1", F.conv2d(x, p["input_layer.0.weight"], padding=1)), p["input_layer.2.weight"])
    maps = []
    for index in range(sum(DEPTHS)):
        b = f"body.{index}"
        stride = 2 if index in (0, 2, 3, 5) else 1
        if f"{b}.shortcut_layer.0.weight" in p:
            shortcut = norm(p, f"{b}.shortcut_layer.1", F.conv2d(x, p[f"{b}.shortcut_layer.0.weight"], stride=stride))
        else:
            shortcut = F.max_pool2d(x, 1, stride)
        y = F.conv2d(norm(p, f"{b}.res_layer.0", x), p[f"{b}.res_layer.1.weight"], padding=1)
        y = F.conv2d(F.prelu(y, p[f"{b}.res_layer.2.weight"]), p[f"{b}.res_layer.3.weight"], stride=stride, padding=1)
        y = norm(p, f"{b}.res_layer.4", y)
        if f"{b}.res_layer.5.fc1.weight" in p:
            gate = F.relu(F.conv2d(F.adaptive_avg_pool2d(y, 1), p[f"{b}.res_layer.5.fc1.weight"]))
            y = y * torch.sigmoid(F.conv2d(gate, p[f"{b}.res_layer.5.fc2.weight"]))
        x = y + shortcut
        maps.append(x)
    return [maps[index] for index in (1, 2, 4, 5)]


def published_head(p, index, x):
    name = f"styles.{index}"
    for conv in range(0, 12, 2):
        if f"{name}.convs.{conv}.weight" in p:
            x = F.leaky_relu(F.conv2d(x, p[f"{name}.convs.{conv}.weight"], p[f"{name}.convs.{conv}.bias"], 2, 1), 0.01)
    return equal_linear(p, f"{name}.linear", x.view(len(x), -1))


def published(kind, p, x, styles):
    """Codes before the mean code is added."""
    _, c1, c2, c3 = published_maps(p, x)
    if kind == "BackboneEncoderUsingLastLayerIntoW":
        return equal_linear(p, "linear", F.adaptive_avg_pool2d(c3, 1).flatten(1))[:, None].repeat(1, styles, 1)
    if kind == "BackboneEncoderUsingLastLayerIntoWPlus":
        flat = F.adaptive_avg_pool2d(norm(p, "output_layer_2.0", c3), 7).flatten(1)
        flat = F.linear(flat, p["output_layer_2.3.weight"], p["output_layer_2.3.bias"])
        return equal_linear(p, "linear", flat).view(len(x), styles, W_DIM)
    p2 = F.interpolate(c3, c2.shape[2:], mode="bilinear", align_corners=True) + F.conv2d(c2, p["latlayer1.weight"], p["latlayer1.bias"])
    p1 = F.interpolate(p2, c1.shape[2:], mode="bilinear", align_corners=True) + F.conv2d(c1, p["latlayer2.weight"], p["latlayer2.bias"])
    heads = [published_head(p, i, c3 if i < 3 else p2 if i < 7 else p1) for i in range(styles)]
    if kind == "Encoder4Editing":
        heads = [heads[0] + (head if index else 0) for index, head in enumerate(heads)]
    return torch.stack(heads, 1)


# --- tests --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("se", [True, False], ids=["ir_se", "ir"])
def test_each_encoder_is_the_published_one(kind, se, tmp_path):
    mean = torch.randn(12, W_DIM)
    p = checkpoint(tmp_path / "model.pt", kind, latent_avg=mean, se=se)
    encoder = load_encoder(tmp_path / "model.pt")
    assert (encoder.kind, encoder.styles, encoder.w_dim, encoder.input_px) == (kind, 12, W_DIM, 256)
    images = torch.rand(2, 3, 256, 256) * 2 - 1
    with torch.inference_mode():
        expected = published(kind, p, images, 12) + mean
        got = encoder(images)
    assert got.shape == (2, 12, W_DIM)
    assert ((got - expected).norm() / expected.norm()) < 1e-5


@pytest.mark.parametrize("styles", [8, 14, 16, 18])
def test_the_number_of_styles_is_read_from_the_parameters(styles, tmp_path):
    for kind in ("GradualStyleEncoder", "BackboneEncoderUsingLastLayerIntoWPlus"):
        checkpoint(tmp_path / "model.pt", kind, styles, decoder=False)
        assert load_encoder(tmp_path / "model.pt").styles == styles


def test_names_win_over_what_the_options_claim(tmp_path):
    claims = argparse.Namespace(encoder_type="GradualStyleEncoder", device="cuda:0", learn_in_w=True)
    checkpoint(tmp_path / "model.pt", "BackboneEncoderUsingLastLayerIntoW", options=claims, latent_avg=torch.ones(1, W_DIM))
    encoder = load_encoder(tmp_path / "model.pt")
    assert encoder.kind == "BackboneEncoderUsingLastLayerIntoW"
    assert encoder.styles == 12, "as many as the decoder beside it has"
    assert torch.equal(encoder.latent_avg, torch.ones(12, W_DIM))


def test_one_w_takes_its_styles_from_the_mean_code_or_the_options(tmp_path):
    kind = "BackboneEncoderUsingLastLayerIntoW"
    checkpoint(tmp_path / "model.pt", kind, latent_avg=torch.zeros(10, W_DIM), decoder=False)
    assert load_encoder(tmp_path / "model.pt").styles == 10
    checkpoint(tmp_path / "model.pt", kind, options={"output_size": 512}, decoder=False)
    assert load_encoder(tmp_path / "model.pt").styles == 16
    checkpoint(tmp_path / "model.pt", kind, options={}, decoder=False)
    assert load_encoder(tmp_path / "model.pt").styles == 18


def test_without_a_start_from_the_mean_nothing_is_added(tmp_path):
    options = {"encoder_type": "Encoder4Editing", "start_from_latent_avg": False}
    checkpoint(tmp_path / "model.pt", "Encoder4Editing", options=options, latent_avg=torch.ones(12, W_DIM))
    assert not load_encoder(tmp_path / "model.pt").latent_avg.any()
    assert torch.equal(load_generator(tmp_path / "model.pt").latent_avg, torch.ones(12, W_DIM)), "truncation still pulls there"


def test_label_maps_are_read_in_their_own_number_of_channels(tmp_path):
    checkpoint(tmp_path / "model.pt", "GradualStyleEncoder", input_nc=19)
    encoder = load_encoder(tmp_path / "model.pt")
    assert encoder(torch.zeros(1, 19, 256, 256)).shape == (1, 12, W_DIM)


def test_pictures_of_other_sizes_are_averaged_down(tmp_path):
    checkpoint(tmp_path / "model.pt", "BackboneEncoderUsingLastLayerIntoW")
    encoder = load_encoder(tmp_path / "model.pt")
    images = torch.rand(1, 3, 256, 256)
    large = F.interpolate(images, scale_factor=2.0, mode="nearest")
    assert torch.allclose(encoder(large), encoder(images), atol=1e-5)


@pytest.mark.parametrize("kind", NETWORKS)
def test_encoder_round_trip_in_half_the_size(kind, tmp_path):
    checkpoint(tmp_path / "model.pt", kind, latent_avg=torch.randn(12, W_DIM), decoder=False)
    encoder = load_encoder(tmp_path / "model.pt")
    save_encoder(encoder, tmp_path / "model.safetensors", {"name": "artist's own"})
    again = load_encoder(tmp_path / "model.safetensors")
    assert (again.kind, again.styles) == (kind, 12)
    images = torch.rand(1, 3, 256, 256) * 2 - 1
    with torch.inference_mode():
        a, b = encoder(images), again(images)
    assert (a - b).norm() / a.norm() < 1e-2
    assert (tmp_path / "model.safetensors").stat().st_size < 0.65 * (tmp_path / "model.pt").stat().st_size


def test_a_file_says_which_half_it_lacks(tmp_path):
    checkpoint(tmp_path / "encoder.pt", "GradualStyleEncoder", decoder=False)
    with pytest.raises(CheckpointError, match="an encoder and no generator"):
        load_generator(tmp_path / "encoder.pt")
    torch.save({"g_ema": Generator(32, 24, 1, {4: 8, 8: 8, 16: 8, 32: 8}).state_dict()}, tmp_path / "generator.pt")
    with pytest.raises(CheckpointError, match="a generator and no encoder"):
        load_encoder(tmp_path / "generator.pt")


# --- what a file does not say -------------------------------------------------------------------------------------------


def without(path, *keys):
    """The same file, saved anew without some of its entries."""
    root = torch.load(path, weights_only=True)
    for key in keys:
        root.pop(key, None)
    torch.save(root if len(root) > 1 else root["state_dict"], path)


def relative(got, expected):
    return ((got - expected).norm() / expected.norm()).item()


PYRAMIDS = {"GradualStyleEncoder": "psp", "Encoder4Editing": "e4e"}
IMAGES = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(3)) * 2 - 1


def long_mean(path):
    """The mean code of the file's own mapping network, from other samples than the loader's and many more."""
    generator = load_generator(path)
    with torch.inference_mode():
        return generator.style(torch.randn(200_000, generator.z_dim, generator=torch.Generator().manual_seed(7))).mean(0)


@pytest.mark.parametrize("kind", PYRAMIDS)
def test_a_missing_mean_code_comes_from_the_files_own_mapping_network(kind, tmp_path):
    path = tmp_path / "model.pt"
    p = checkpoint(path, kind)
    encoder = load_encoder(path)
    with torch.inference_mode():
        expected = published(kind, p, IMAGES, 12) + long_mean(path)
        assert relative(encoder(IMAGES), expected) < 0.02
    assert torch.equal(encoder.latent_avg, load_generator(path).latent_avg)
    assert len(encoder.notices) == 1 and "models.encoder_codes: absolute" in encoder.notices[0]
    with torch.inference_mode():
        absolute = load_encoder(path, EncoderReading(codes="absolute"))
        assert relative(absolute(IMAGES), published(kind, p, IMAGES, 12)) < 1e-5
    assert absolute.notices == ()


def test_options_against_the_mean_code_are_kept_to(tmp_path):
    path = tmp_path / "model.pt"
    for refusal in (False, "False"):
        checkpoint(path, "Encoder4Editing", options={"encoder_type": "Encoder4Editing", "start_from_latent_avg": refusal})
        assert not load_encoder(path).latent_avg.any()


@pytest.mark.parametrize("kind", PYRAMIDS)
def test_without_options_the_kind_is_assumed_and_said_once(kind, tmp_path):
    path = tmp_path / "model.pt"
    p = checkpoint(path, kind, latent_avg=torch.ones(12, W_DIM))
    without(path, "opts")
    told = load_encoder(path)
    assert told.kind == "GradualStyleEncoder" and len(told.notices) == 1 and "models.encoder_kind: e4e" in told.notices[0]
    said = load_encoder(path, EncoderReading(kind=PYRAMIDS[kind]))
    assert (said.kind, said.notices) == (kind, ())
    with torch.inference_mode():
        assert relative(said(IMAGES), published(kind, p, IMAGES, 12) + 1) < 1e-5


def test_a_bare_state_dict_is_one_notice_for_both(tmp_path):
    checkpoint(tmp_path / "model.pt", "GradualStyleEncoder")
    without(tmp_path / "model.pt", "opts", "latent_avg")
    (notice,) = load_encoder(tmp_path / "model.pt").notices
    assert "models.encoder_kind: e4e" in notice and "models.encoder_codes: absolute" in notice


def test_what_only_e4e_leaves_in_a_file_tells_it(tmp_path):
    for name, options, beside in (
        ("my-e4e.pt", {}, {}),
        ("a.pt", {"delta_norm": 2}, {}),
        ("b.pt", {}, {"discriminator_state_dict": {"a": torch.ones(1)}}),
    ):
        checkpoint(tmp_path / name, "Encoder4Editing", options=options, latent_avg=torch.ones(12, W_DIM))
        root = torch.load(tmp_path / name, weights_only=True)
        torch.save(root | beside, tmp_path / name)
        assert load_encoder(tmp_path / name).kind == "Encoder4Editing"


@pytest.mark.parametrize("kind", NETWORKS)
def test_other_containers_and_names_give_the_same_codes(kind, tmp_path):
    mean, path = torch.randn(12, W_DIM), tmp_path / "model.pt"
    p = checkpoint(path, kind, latent_avg=mean)
    root = torch.load(path, weights_only=True)
    with torch.inference_mode():
        expected = published(kind, p, IMAGES, 12) + mean
    bare = {f"module.{name}": value for name, value in root["state_dict"].items()} | {"latent_avg": mean}
    named = EncoderReading("e4e") if kind == "Encoder4Editing" else EncoderReading("psp")
    save_file({name: value.clone() for name, value in bare.items()}, tmp_path / "hub.safetensors", metadata={"format": "pt"})
    np.savez(tmp_path / "arrays.npz", **{name: value.numpy() for name, value in bare.items()})
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps({"model": root}, 4))
    torch.save({"model": {"net": root}}, tmp_path / "deep.pt", _use_new_zipfile_serialization=False)
    for name in ("hub.safetensors", "arrays.npz", "plain.pkl", "deep.pt"):
        with torch.inference_mode():
            assert relative(load_encoder(tmp_path / name, named)(IMAGES), expected) < 1e-5, name


def test_an_encoder_into_z_goes_through_its_own_mapping_network(tmp_path):
    path = tmp_path / "model.pt"
    options = {"encoder_type": "GradualStyleEncoder", "output_size": 128, "start_from_latent_avg": False}
    p = checkpoint(path, "GradualStyleEncoder", options=options)
    assert "models.encoder_codes: z" in load_encoder(path).notices[0], "an encoder without a mean may be one into Z+"
    encoder = load_encoder(path, EncoderReading(codes="z"))
    with torch.inference_mode():
        z = published("GradualStyleEncoder", p, IMAGES, 12)
        expected = load_generator(path).style(z[0])
        assert relative(encoder(IMAGES)[0], expected) < 1e-5
        save_encoder(encoder, tmp_path / "z.safetensors", {})
        assert relative(load_encoder(tmp_path / "z.safetensors")(IMAGES)[0], expected) < 1e-2
        quick = fused(encoder)
        assert relative(quick(IMAGES)[0], expected) < 1e-5


@pytest.mark.parametrize("place", ["dualstylegan/encoder.pt", "VToonify/checkpoint/encoder.pt"])
def test_the_folder_of_dualstylegan_tells_its_encoder(place, tmp_path):
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    checkpoint(path, "GradualStyleEncoder")
    assert load_encoder(path).style is not None and "models.encoder_codes: relative" in load_encoder(path).notices[0]
    checkpoint(path.with_name("encoder_wplus.pt"), "GradualStyleEncoder", latent_avg=torch.ones(12, W_DIM))
    assert load_encoder(path.with_name("encoder_wplus.pt")).style is None
