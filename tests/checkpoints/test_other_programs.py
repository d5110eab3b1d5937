"""Files of other programs that a person may take for one of ours: each is refused by what it is, in one sentence."""

import io
import pickle
import re
import sys
import tarfile
import types
import zipfile
from unittest import mock

import pytest
import torch
from safetensors.torch import save_file

from installation.checkpoints.loading import CheckpointError, MissingPartError, load_encoder, load_generator
from installation.networks.stylegan2 import Generator
from installation.registry.describe import described
from installation.registry.manifest import read_manifest
from tests.checkpoints import support_nvlabs as nvlabs

CHANNELS = {4: 8, 8: 8, 16: 8, 32: 8}
WIDTH = 24


def rosinality():
    torch.manual_seed(0)
    return Generator(32, WIDTH, 2, CHANNELS).state_dict()


def under(word, state):
    return {f"{word}.{name}": value for name, value in state.items()}


def numbers(*names, shape=(2, 2)):
    return {name: torch.ones(shape) for name in names}


def backbone(channels=3):
    state = {"input_layer.0.weight": torch.ones(8, channels, 3, 3)}
    return state | {f"body.0.res_layer.{k}.weight": torch.ones(8, 8, 3, 3) for k in (1, 3)}


def heads(*convs):
    return {f"styles.{k}.convs.{c}.weight": torch.ones(2, 2, 3, 3) for k in range(8) for c in convs}


def resnet():
    state = {"conv1.weight": torch.ones(8, 6, 7, 7), "bn1.weight": torch.ones(8), "body.0.conv1.weight": torch.ones(8, 8, 3, 3)}
    return state | heads(0, 2, 4, 6)


def saved(*parts, **beside):
    state = {}
    for part in parts:
        state |= part
    return {"state_dict": state, **beside}


DUALSTYLEGAN = under("generator", rosinality()) | numbers("style.1.weight", "style.2.weight", "res.0.conv.0.weight")
NVLABS3 = numbers("synthesis.input.freqs", "synthesis.L0_36_16.weight", "mapping.fc0.weight")
RESTYLE = "a ReStyle encoder, which draws in several passes"
TORCH = {
    "restyle, IR-SE50": (saved(under("encoder", backbone(6) | heads(0, 2, 4, 6))), RESTYLE),
    "restyle by its heads": (saved(under("encoder", backbone() | heads(0, 2, 4, 6))), RESTYLE),
    "restyle by its options": (saved(under("encoder", backbone()), opts={"encoder_type": "ProgressiveBackboneEncoder"}), RESTYLE),
    "restyle, ResNet34": (saved(under("encoder", resnet())), RESTYLE),
    "restyle, one net deeper": ({"net": saved(under("module.encoder", resnet()))}, RESTYLE),
    "restyle, pyramid": (saved(under("encoder", backbone(6) | heads(0, 2)), opts={"input_nc": 6}), RESTYLE),
    "stylegan3 encoder": (saved(under("encoder", backbone()), under("decoder", NVLABS3)), "a ReStyle encoder for StyleGAN3"),
    "dualstylegan": ({"g_ema": DUALSTYLEGAN}, "DualStyleGAN"),
    "vtoonify": ({"g_ema": under("generator", DUALSTYLEGAN) | numbers("encoder.0.0.weight", "fusion_out.0.weight")}, "VToonify"),
    "gfpgan": ({"params_ema": numbers("stylegan_decoder.style_mlp.1.weight", "conv_body_first.weight")}, "GFPGAN"),
    "basicsr": ({"params_ema": numbers("style_mlp.1.weight", "constant_input.weight", "style_conv1.bias")}, "basicsr's StyleGAN2"),
    "lucidrains": ({"GAN": numbers("S.net.0.weight", "G.initial_block", "GE.initial_block"), "version": "1"}, "lucidrains' StyleGAN2"),
    "genforce": ({"generator_smooth": numbers("mapping.dense0.weight", "synthesis.layer0.weight")}, "genforce's StyleGAN2"),
    "arcface": (backbone() | numbers("output_layer.3.weight"), "ArcFace's recognition backbone"),
    "stylegan-xl": ({"G_ema": NVLABS3 | numbers("mapping.embed_proj.weight")}, "StyleGAN-XL"),
    "factors": ({"ckpt": "ffhq.pt", "eigvec": torch.eye(8)}, "SeFa factors, which are directions"),
    "ganspace": ({"comp": torch.eye(8), "std": torch.ones(8), "mean": torch.ones(8)}, "GANSpace's principal components"),
    "lightning": ({"pytorch-lightning_version": "2", "state_dict": numbers("net.weight")}, "a Lightning checkpoint"),
}
GENERATORS = {
    "swagan": ({"g_ema": rosinality() | numbers("to_rgbs.0.iwt.ll")}, "SWAGAN"),
    "stylegan3 parameters": (NVLABS3, "parameters of an NVlabs StyleGAN3 generator without its recorded sizes"),
    "not square": ({"G_ema": {"synthesis.b4.const": torch.ones(8, 4, 2), "synthesis.b8.conv1.weight": torch.ones(1)}}, "8 x 4 px .*square"),
    "not square, rosinality": ({"g_ema": rosinality() | {"input.input": torch.ones(1, 8, 4, 2)}}, "32 x 16 px .*square"),
}


def one_sentence(path, load, words):
    with pytest.raises(CheckpointError) as caught:
        load(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ") and "\n" not in said and len(said) < 400
    assert re.search(words, said), said
    return caught.value


@pytest.mark.parametrize("kind", TORCH)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_each_kind_is_named(kind, zipped, tmp_path):
    root, words = TORCH[kind]
    path = tmp_path / "model.pt"
    torch.save(root, path, _use_new_zipfile_serialization=zipped)
    assert not isinstance(one_sentence(path, load_encoder, words), MissingPartError)
    if "encoder" not in words:  # a ReStyle's generator may be used
        one_sentence(path, load_generator, words)


@pytest.mark.parametrize("kind", GENERATORS)
def test_each_generator_that_cannot_be_drawn_is_named(kind, tmp_path):
    root, words = GENERATORS[kind]
    torch.save(root, tmp_path / "model.pt")
    one_sentence(tmp_path / "model.pt", load_generator, words)


@pytest.mark.parametrize("beside", ["hypernet.refinement_blocks.0.conv.weight", "mapper.course_mapping.mapping.1.weight"])
def test_what_stands_beside_a_generator_and_is_not_used_is_said(beside, tmp_path):
    path = tmp_path / "model.pt"
    torch.save(saved(under("decoder", rosinality()), numbers(beside)), path)
    told = load_generator(path).notices
    assert len(told) == 1 and re.search("it is a (HyperStyle|StyleCLIP mapper); its generator alone is used", told[0])
    with pytest.raises(MissingPartError, match="a generator and no encoder"):
        load_encoder(path)
    rows = described(path, read_manifest())
    assert ("note", told[0].removeprefix(f"{path}: ")) in rows


HEADS = {
    "model.onnx": (b"\x08\x07\x12\x07pytorch\x1a\x052.1.0" + bytes(64), "an ONNX file"),
    "tf.onnx": (b"\x08\x09\x12\x07tf2onnx" + bytes(64), "an ONNX file"),
    "model.h5": (b"\x89HDF\r\n\x1a\n" + bytes(64), "an HDF5 file"),
    "model.gguf": (b"GGUF\x03\x00\x00\x00" + bytes(64), "a GGUF file"),
    "model.engine": (b"ftrt" + bytes(64), "a TensorRT engine"),
}


@pytest.mark.parametrize("name", HEADS)
def test_other_formats_are_named_by_their_first_bytes(name, tmp_path):
    head, words = HEADS[name]
    (tmp_path / name).write_bytes(head)
    one_sentence(tmp_path / name, load_generator, words)


def test_archives_of_other_kinds_are_named(tmp_path):
    with tarfile.open(tmp_path / "model.tar", "w") as archive:
        info = tarfile.TarInfo("model.pt")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"\0\0\0\0"))
    one_sentence(tmp_path / "model.tar", load_generator, "a tar archive")
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        archive.writestr("script/data.pkl", b"\x80\x02}.")
        archive.writestr("script/code/__torch__/model.py", b"class Model: pass")
    one_sentence(tmp_path / "script.pt", load_generator, "a TorchScript program")


def test_a_whole_module_says_how_to_save_it_so_that_it_is_read(tmp_path):
    """As PTI saves its pivots; what the message says to do leads to a file that loads."""
    torch.manual_seed(0)
    made = nvlabs.stylegan2(16)
    with nvlabs.published_modules():
        torch.save(made, tmp_path / "model_XY_face.pt")
        torch.save(made, tmp_path / "legacy.pt", _use_new_zipfile_serialization=False)
    for name in ("model_XY_face.pt", "legacy.pt"):
        one_sentence(tmp_path / name, load_generator, r"a pickled StyleGAN2-ADA .*PTI.*pickle\.dump\(\{'G_ema': G\}")
    with nvlabs.published_modules(), (tmp_path / "advised.pkl").open("wb") as file:
        pickle.dump({"G_ema": made}, file)
    assert load_generator(tmp_path / "advised.pkl").size == 16


def named(module, name):
    """A class that a pickle names as ``module.name``."""
    made = type(name, (), {"__module__": module, "__reduce__": lambda self: (made, ())})
    modules = {}
    for count in range(1, len(module.split(".")) + 1):
        modules[".".join(module.split(".")[:count])] = types.ModuleType(module)
    setattr(modules[module], name, made)
    return made, mock.patch.dict(sys.modules, modules)


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint", "a Lightning checkpoint with its callbacks"),
        ("dill._dill", "_create_array", "StyleGAN-XL"),
        ("somebody.models", "Net", r"asks for 'somebody\.models\.Net'.*torch\.save\(model\.state_dict\(\)"),
    ],
)
def test_pickles_are_told_by_what_they_ask_for(module, name, words, tmp_path):
    made, there = named(module, name)
    with there:
        torch.save({"callbacks": made(), "state_dict": rosinality()}, tmp_path / "model.pt")
        with (tmp_path / "model.pkl").open("wb") as file:
            pickle.dump({"G_ema": made()}, file)
    one_sentence(tmp_path / "model.pt", load_generator, words)
    one_sentence(tmp_path / "model.pkl", load_generator, words.split(".*")[0])


@pytest.mark.parametrize(("version", "words"), [(2, "StyleGAN1 or older"), (3, "StyleGAN1 or older"), (4, "legacy.py")])
def test_tensorflow_pickles_are_sent_to_the_converter_only_if_it_knows_them(version, words, tmp_path):
    network, there = named("dnnlib.tflib.network", "Network")
    network.__reduce__ = object.__reduce__
    network.__getstate__ = lambda self: {"version": version, "name": "G"}
    with there, (tmp_path / "tf.pkl").open("wb") as file:
        pickle.dump((network(), network(), network()), file)
    one_sentence(tmp_path / "tf.pkl", load_generator, words)


PREFIXES = ("", "module.", "G_ema.", "generator.", "module.generator.", "decoder.")
DEEPER = ("G_ema", "generator", "params", "params_ema", "model", "net_G", "state_dict")


def same(path, state):
    loaded = load_generator(path).state_dict()
    assert all(torch.equal(loaded[name], value.float()) for name, value in state.items())


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors", "npz", "pkl"])
def test_a_word_before_the_names_and_the_format_change_nothing(prefix, form, tmp_path):
    state, path = rosinality(), tmp_path / f"model.{form}"
    write(path, form, {prefix + name: value for name, value in state.items()})
    same(path, state)


@pytest.mark.parametrize("key", DEEPER)
@pytest.mark.parametrize("form", ["zip", "legacy", "pkl"])
def test_parameters_a_level_or_two_down_are_found(key, form, tmp_path):
    state, path = rosinality(), tmp_path / "model"
    write(path, form, {"step": 7, key: state})
    same(path, state)
    write(path, form, {"model": {key: {f"module.{name}": value.half() for name, value in state.items()}}})
    same(path, {name: value.half() for name, value in state.items()})


def write(path, form, root):
    import numpy as np

    match form:
        case "zip" | "legacy":
            torch.save(root, path, _use_new_zipfile_serialization=form == "zip")
        case "safetensors":
            save_file(root, path, metadata={"format": "pt"})
        case "npz":
            np.savez(path, **{name: value.numpy() for name, value in root.items()})
        case "pkl":
            path.write_bytes(pickle.dumps(root, 4))


def test_the_averaged_generator_is_taken_and_a_choice_is_said(tmp_path):
    one, other = rosinality(), {name: value + 1 for name, value in rosinality().items()}
    torch.save({"g": one, "g_ema": other}, tmp_path / "pair.pt")
    same(tmp_path / "pair.pt", other)
    assert load_generator(tmp_path / "pair.pt").notices == ()
    torch.save({"netG_A": one, "netG_B": other}, tmp_path / "two.pt")
    same(tmp_path / "two.pt", one)
    assert "several generators (netG_A, netG_B); netG_A is used" in load_generator(tmp_path / "two.pt").notices[0]


def test_an_archive_of_arrays_that_lies_is_refused(tmp_path):
    import numpy as np

    np.savez(tmp_path / "objects.npz", a=np.array([{"b": 1}], dtype=object))
    one_sentence(tmp_path / "objects.npz", load_generator, "holds neither")
    np.savez_compressed(tmp_path / "bomb.npz", **{"conv1.conv.weight": np.zeros((1, 2000, 2000, 3, 3), np.float32)})
    one_sentence(tmp_path / "bomb.npz", load_generator, "sizes cannot be read|cannot hold")
    whole = (tmp_path / "bomb.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    one_sentence(tmp_path / "cut.npz", load_generator, "cut off")
