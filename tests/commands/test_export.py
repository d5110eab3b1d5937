"""``export``: files that give torch's numbers, with names, a free batch and notes; what goes wrong is said."""

import importlib.util

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from installation.__main__ import main
from installation.checkpoints.loading import load_encoder, load_generator, save_encoder, save_generator
from installation.checkpoints.stylegan3_file import save_stylegan3
from installation.commands.export import FORMATS, export
from installation.errors import FaultError
from installation.export.graph import Graph, generator_graph
from installation.export.openvino_file import open_openvino
from installation.models.editor import KIND, belongs_to
from installation.networks.editor import Editor
from installation.networks.facets_encoder import FacetsEncoder
from installation.networks.ir_se import BackbonePlan, BlockPlan
from installation.networks.psp_encoders import NETWORKS, EncoderPlan, PublishedEncoder
from installation.networks.stylegan2 import Generator
from tests.checkpoints.test_stylegan3_file import tiny_stylegan3

WIDTH = 12
CHANNELS = {4: 12, 8: 12, 16: 8, 32: 8}
needs_onnx = pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="the package onnx is not installed")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(5)
    generator = Generator(32, WIDTH, 1, CHANNELS).eval().requires_grad_(False)
    for layer in (generator.conv1, *generator.convs):
        layer.noise.weight.fill_(0.2)
    save_generator(generator, folder / "g.safetensors", torch.randn(generator.styles, WIDTH), {})
    save_encoder(FacetsEncoder(10, WIDTH, 8).eval(), folder / "e.safetensors", {})
    return folder


def run(files, out, form, *more):
    return main(["export", "--generator", str(files / "g.safetensors"), "--to", form, "--out", str(out), *more])


def codes(batch):
    return torch.randn(batch, 8, WIDTH, generator=torch.Generator().manual_seed(batch))


@needs_onnx
@pytest.mark.parametrize("more", [(), ("--fp16",)])
def test_onnx(files, tmp_path, capsys, more):
    import onnx
    import onnxruntime

    assert run(files, tmp_path, "onnx", *more) == 0
    out = capsys.readouterr().out
    assert "relative error beside torch" in out and "any batch" in out
    model = onnx.load(str(tmp_path / "generator.onnx"))
    notes = {prop.key: prop.value for prop in model.metadata_props}
    assert notes["source"] == "g.safetensors" and notes["images"].startswith("RGB, batch x 3 x 32 x 32")
    halves = sum(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in model.graph.initializer)
    assert (halves > 10) == bool(more)
    session = onnxruntime.InferenceSession(str(tmp_path / "generator.onnx"))
    generator = load_generator(files / "g.safetensors")
    for batch in (1, 5):
        wanted = generator.synthesis(codes(batch)).numpy()
        drawn = session.run(["images"], {"ws": codes(batch).numpy()})[0]
        assert np.linalg.norm(drawn - wanted) / np.linalg.norm(wanted) < (1e-2 if more else 1e-5)


@needs_onnx
def test_our_encoder_gives_codes_and_detail(files, tmp_path):
    import onnxruntime

    assert main(["export", "--encoder", str(files / "e.safetensors"), "--to", "onnx", "--out", str(tmp_path)]) == 0
    session = onnxruntime.InferenceSession(str(tmp_path / "encoder.onnx"))
    images = torch.rand(3, 3, 128, 128) * 2 - 1
    ws, detail = session.run(["ws", "detail"], {"images": images.numpy()})
    with torch.inference_mode():
        wanted_ws, wanted_detail = load_encoder(files / "e.safetensors").encode_with_detail(images)
    assert np.allclose(ws, wanted_ws, atol=1e-2) and np.allclose(detail, wanted_detail, atol=1e-2)


def test_our_encoder_with_its_editor_gives_what_it_writes_on_each_face(files, tmp_path, capsys):
    encoder = load_encoder(files / "e.safetensors")
    torch.manual_seed(6)
    editor = Editor(("age", "hat")).eval()
    for layer in (editor.last, editor.move):
        torch.nn.init.normal_(layer.weight, std=0.1)
    path = tmp_path / "editor.safetensors"
    save_file(editor.state_dict(), path, {"kind": KIND, "encoder": belongs_to(encoder), "knobs": '["age", "hat"]'})
    words = ["--encoder", str(files / "e.safetensors"), "--editor", str(path), "--to", "openvino", "--out", str(tmp_path / "out")]
    assert main(["export", *words]) == 0
    assert "images -> ws, detail, changes, flows, any batch" in capsys.readouterr().out
    images = torch.rand(2, 3, 128, 128) * 2 - 1
    given = open_openvino(tmp_path / "out" / "encoder.xml")(images.numpy())
    with torch.inference_mode():
        changes, flows = editor(*encoder.pyramid(images))
    assert np.allclose(given[2], changes.numpy(), atol=5e-3) and np.allclose(given[3], flows.numpy(), atol=5e-4)
    assert (
        main(["export", "--editor", str(path), "--generator", str(files / "g.safetensors"), "--to", "openvino", "--out", str(tmp_path)])
        == 2
    )
    assert "name that with --encoder" in capsys.readouterr().err


def test_openvino(files, tmp_path):
    import openvino

    assert run(files, tmp_path, "openvino") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generator.bin", "generator.xml"]
    core = openvino.Core()
    model = core.read_model(str(tmp_path / "generator.xml"))
    assert model.get_rt_info(["facets", "source"]).astype(str) == "g.safetensors"
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    wanted = load_generator(files / "g.safetensors").synthesis(codes(3)).numpy()
    drawn = compiled({"ws": codes(3).numpy()})["images"]
    assert np.linalg.norm(drawn - wanted) / np.linalg.norm(wanted) < 1e-5


@pytest.mark.parametrize(
    ("kind", "form"),
    [*(pytest.param(kind, "onnx", marks=needs_onnx) for kind in NETWORKS), ("Encoder4Editing", "openvino")],
)
def test_published_encoders(kind, form, tmp_path):
    torch.manual_seed(2)
    shapes = ((8, 8, 2), (8, 8, 1), (8, 12, 2), (12, 16, 2), (16, 20, 2))
    plan = BackbonePlan(3, 8, tuple(BlockPlan(i, o, stride, 4) for i, o, stride in shapes))
    encoder = PublishedEncoder(EncoderPlan(kind, plan, 10, 16)).eval().requires_grad_(False)
    save_encoder(encoder, tmp_path / "e.safetensors", {})
    assert main(["export", "--encoder", str(tmp_path / "e.safetensors"), "--to", form, "--out", str(tmp_path / "out")]) == 0


@needs_onnx
def test_stylegan3(tmp_path):
    save_stylegan3(tiny_stylegan3(), tmp_path / "g.safetensors", {})
    assert main(["export", "--generator", str(tmp_path / "g.safetensors"), "--to", "onnx", "--out", str(tmp_path)]) == 0


def test_other_numbers_than_torchs_are_not_written(files, tmp_path):
    graph = generator_graph(files / "g.safetensors")
    wrong = Graph(graph.name, graph.network, graph.input, graph.outputs, graph.example, graph.notes)
    object.__setattr__(wrong, "reference", lambda batch: [one * 1.01 for one in graph.reference(batch)])
    targets = [tmp_path / "generator.xml", tmp_path / "generator.bin"]
    with pytest.raises(FaultError, match=r"generator\.xml: gives other numbers than torch, relative error 9\.9e-03 over 0\.001"):
        export(wrong, FORMATS["openvino"], targets, fp16=False)
    assert list(tmp_path.iterdir()) == []


@needs_onnx
def test_without_tensorrt_the_onnx_file_is_there(files, tmp_path, capsys, monkeypatch):
    if importlib.util.find_spec("tensorrt") is not None:
        pytest.skip("TensorRT is installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(files, tmp_path, "tensorrt") == 2
    said = capsys.readouterr()
    assert "TensorRT is not installed" in said.err and (tmp_path / "generator.onnx").exists() and "relative error" in said.out


def test_bad_input_is_one_sentence(files, tmp_path, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "generator.xml").write_text("mine", encoding="utf-8")
    g, out = str(files / "g.safetensors"), str(tmp_path)
    for arguments, reason in (
        (["--out", out], "name at least one file"),
        (["--generator", str(tmp_path / "none"), "--out", out], "no such"),
        (["--generator", str(files / "e.safetensors"), "--out", out], "'facets-encoder'"),
        (["--generator", g, "--out", str(tmp_path / "file")], "cannot be made a folder"),
        (["--generator", g, "--out", out], "is there already"),
    ):
        assert main(["export", "--to", "openvino", *arguments]) == 2
        said = capsys.readouterr().err
        assert reason in said and said.count("\n") == 1, said
    assert (tmp_path / "generator.xml").read_text(encoding="utf-8") == "mine"
    assert main(["export", "--to", "openvino", "--generator", g, "--out", out, "--force"]) == 0
