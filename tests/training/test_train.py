import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from installation.checkpoints.loading import load_encoder, load_generator
from installation.errors import FaultError
from installation.training.data.datasets import DatasetError, to_tensor
from installation.training.model import Shape
from installation.training.train import Course, main, options_of, parser, run
from installation.training.trainer import NotFinite, Options, Trainer, Weights

SMALL = [
    "--size",
    "32",
    "--final-size",
    "64",
    "--channel-base",
    "512",
    "--channel-max",
    "32",
    "--w-dim",
    "32",
    "--no-compile",
    "--device",
    "cpu",
]
SHAPE = Shape(64, 32, 0, 512, 32)


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine pictures of mixed sizes: coloured discs that an encoder can tell apart."""
    folder = tmp_path_factory.mktemp("faces")
    rng = np.random.default_rng(1)
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    for k in range(9):
        picture = np.empty((256, 256, 3), np.uint8)
        picture[:] = rng.integers(0, 255, 3)
        picture[x**2 + y**2 < rng.uniform(0.2, 0.8)] = rng.integers(0, 255, 3)
        Image.fromarray(picture).resize((256 - 16 * k,) * 2).save(folder / f"{k}.png")
    return folder


def options(folder: Path, **changes: object) -> Options:
    base: dict[str, object] = {"sizes": (32,), "batch": 4, "device": "cpu", "lr": 3e-3, "compile": False, "shape": SHAPE}
    return Options(folder, 1.0, **(base | changes))  # type: ignore[arg-type]


def batch(faces: Path, count: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    pictures = [np.asarray(Image.open(faces / f"{k}.png").convert("RGBA").resize((256, 256))) for k in range(count)]
    return to_tensor(pictures)


def steps(trainer: Trainer, images: torch.Tensor, mask: torch.Tensor, count: int) -> list[dict[str, float]]:
    return [trainer.step(images, mask, 3e-3, 32) for _ in range(count)]


def test_the_model_learns_what_it_is_shown(faces: Path, tmp_path: Path) -> None:
    trainer = Trainer(options(tmp_path), None)
    terms = steps(trainer, *batch(faces), 25)
    assert np.mean([t["l1"] for t in terms[-5:]]) < 0.75 * np.mean([t["l1"] for t in terms[:5]])


def test_an_adversary_tells_drawn_from_real_and_is_answered(faces: Path, tmp_path: Path) -> None:
    trainer = Trainer(options(tmp_path, adversary="stylegan2", r1_every=4), None)
    terms = steps(trainer, *batch(faces), 12)
    assert terms[-1]["discriminator"] < terms[0]["discriminator"] and terms[0]["adversarial"] > 0 and "r1" in terms[4]


def test_a_mapping_network_learns_to_draw_samples(faces: Path, tmp_path: Path) -> None:
    shape = Shape(64, 32, 2, 512, 32)
    trainer = Trainer(options(tmp_path, mode="gan", adversary="stylegan2", shape=shape, path_every=2), None)
    before = trainer.model.generator.style[1].weight.clone()
    terms = steps(trainer, *batch(faces), 3)
    assert "samples" in terms[0] and "path" in terms[0] and "path" not in terms[1] and "l1" not in terms[0]
    assert not torch.equal(before, trainer.model.generator.style[1].weight)


def test_an_encoder_alone_leaves_the_generator(faces: Path, tmp_path: Path) -> None:
    trainer = Trainer(options(tmp_path, mode="encoder"), None)
    before = {name: value.clone() for name, value in trainer.model.generator.state_dict().items()}
    steps(trainer, *batch(faces), 2)
    assert all(torch.equal(value, before[name]) for name, value in trainer.model.generator.state_dict().items())


def test_a_run_resumes_where_it_was(faces: Path, tmp_path: Path) -> None:
    images, mask = batch(faces)
    torch.manual_seed(3)
    whole = Trainer(options(tmp_path / "whole", adversary="stylegan2"), None)
    expected = steps(whole, images, mask, 4)
    torch.manual_seed(3)
    found = []
    for _ in range(2):
        (tmp_path / "half").mkdir(exist_ok=True)
        half = Trainer(options(tmp_path / "half", adversary="stylegan2"), None)
        found += steps(half, images, mask, 2)
        half.save()
    assert half.images == 16 and half.steps == 4
    for one, two in zip(expected, found, strict=True):
        assert two == pytest.approx(one, rel=1e-3)
    again = Trainer(options(tmp_path / "half", adversary="stylegan2"), None)
    assert all(torch.equal(a, b) for a, b in zip(again.ema.state_dict().values(), half.ema.state_dict().values(), strict=True))


def test_the_mean_length_of_paths_goes_on_too(faces: Path, tmp_path: Path) -> None:
    kind = options(tmp_path, mode="gan", adversary="stylegan2", shape=Shape(64, 32, 2, 512, 32), path_every=1)
    trainer = Trainer(kind, None)
    steps(trainer, *batch(faces), 2)
    trainer.save()
    assert float(trainer.path.mean) > 0 and float(Trainer(kind, None).path.mean) == pytest.approx(float(trainer.path.mean))


def test_a_loss_that_is_no_number_changes_nothing(faces: Path, tmp_path: Path) -> None:
    trainer = Trainer(options(tmp_path), None)
    images, mask = batch(faces)
    steps(trainer, images, mask, 1)
    before = [p.detach().clone() for p in trainer.model.parameters()]
    with pytest.raises(NotFinite):
        trainer.step(images * float("nan"), mask, 1e-3, 32)
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.model.parameters(), strict=True))


def test_an_adversary_whose_loss_is_no_number_leaves_the_generator_too(faces: Path, tmp_path: Path) -> None:
    trainer = Trainer(options(tmp_path, adversary="stylegan2", weights=Weights(r1=float("inf"))), None)
    assert trainer.opponent is not None
    moving = [*trainer.model.parameters(), *trainer.opponent.network.parameters()]
    before = [p.detach().clone() for p in moving]
    with pytest.raises(NotFinite):
        trainer.step(*batch(faces), 1e-3, 32)
    assert all(torch.equal(a, b) for a, b in zip(before, moving, strict=True))
    assert trainer.optimizer.state_dict()["state"] == {} and trainer.images == trainer.steps == 0


def test_mapping_layers_without_an_adversary_are_refused_in_words(faces: Path, tmp_path: Path) -> None:
    given = ["--faces", str(faces), "--run", str(tmp_path), *SMALL, "--mapping-layers"]
    with pytest.raises(DatasetError, match=r"--mapping-layers 2: in joint mode .* choose --adversary stylegan2"):
        options_of(parser().parse_args([*given, "2"]))
    with pytest.raises(DatasetError, match="at least 0"):
        options_of(parser().parse_args([*given, "-1"]))
    assert options_of(parser().parse_args([*given, "2", "--adversary", "stylegan2"])).shape.mapping_layers == 2
    # A run that was begun with an adversary may go on without one.
    trainer = Trainer(options(tmp_path, shape=Shape(64, 32, 2, 512, 32)), None)
    assert "samples" not in trainer.step(*batch(faces), 1e-3, 32)


def test_a_diverging_run_stops_and_keeps_the_last_good_state(faces: Path, tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="last good state"):
        run(options(tmp_path, lr=1e18, save_every_s=0.0), [faces], None)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert all(bool(torch.isfinite(v).all()) for v in state["model"].values())


def test_a_full_disk_leaves_the_last_state(faces: Path, tmp_path: Path) -> None:
    trainer = Trainer(options(tmp_path), None)
    trainer.save()
    kept = trainer.state_path.read_bytes()
    steps(trainer, *batch(faces), 1)
    there, limits = set(tmp_path.iterdir()), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(kept) // 2, limits[1]))
    try:
        with pytest.raises(OSError, match=r"state\.pt: cannot be written .*the one written before is untouched"):
            trainer.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert trainer.state_path.read_bytes() == kept and set(tmp_path.iterdir()) == there


def test_a_growing_run_goes_through_its_sizes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    course = Course(options(tmp_path, sizes=(64, 128, 256)))
    seen = []
    for second in range(0, 61, 5):
        monkeypatch.setattr(Course, "seconds", property(lambda _, s=second: float(s)))
        seen.append((course.size, course.lr(10_000)))
    assert [size for size, _ in seen][:1] == [64] and seen[-1][0] == 256 and 128 in [size for size, _ in seen]
    assert [lr for _, lr in seen] == sorted((lr for _, lr in seen), reverse=True) and seen[-1][1] == pytest.approx(3e-4)


def test_the_command_leaves_models_that_load(faces: Path, tmp_path: Path) -> None:
    assert main(["--faces", str(faces), "--run", str(tmp_path), "--minutes", "0.02", "--batch", "4", *SMALL]) == 0
    generator, encoder = load_generator(tmp_path / "generator.safetensors"), load_encoder(tmp_path / "encoder.safetensors")
    assert generator.synthesis(encoder(torch.zeros(1, 3, 256, 256))).shape == (1, 3, 64, 64)
    assert (tmp_path / "grid.png").exists() and 'src="grid.png"' in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--mode", "gan", "--adversary", "none"], "adversary"),
        (["--adversary", "projected"], "--nets"),
        (["--size", "48"], "power of two"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: list[str], reason: str, faces: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=reason):
        options_of(parser().parse_args(["--faces", str(faces), "--run", str(tmp_path), *arguments]))


def test_ctrl_c_leaves_a_state(faces: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "installation.training.train",
        "--faces",
        faces,
        "--run",
        tmp_path,
        "--minutes",
        "5",
        "--batch",
        "4",
        *SMALL,
    ]
    process = subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert process.stdout is not None and "resumed" in process.stdout.readline()
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 0 and torch.load(tmp_path / "state.pt", weights_only=True)["images"] > 0


TWO = """
import atexit, json, os, sys
from pathlib import Path
import torch
import torch.distributed as dist
atexit.register(lambda: Path(sys.argv[1], "left" + os.environ["RANK"]).write_text(str(dist.is_initialized())))  # runs last
sys.path.insert(0, sys.argv[3])
from test_train import batch, options
from installation.training import distributed
from installation.training.trainer import Trainer
torch.manual_seed(5)
trainer = Trainer(options(Path(sys.argv[1]), adversary="stylegan2", r1_every=2, batch=8), None)
images, mask = batch(Path(sys.argv[2]), 8)
part = slice(distributed.RANK, None, distributed.WORLD)
terms = [trainer.step(images[part], mask[part], 1e-3, 32) for _ in range(3)]
if distributed.RANK == 0:
    Path(sys.argv[1], "terms.json").write_text(json.dumps(terms))
"""


def test_two_processes_train_as_one(faces: Path, tmp_path: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(TWO)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    results = []
    for world in (1, 2):
        folder = tmp_path / str(world)
        folder.mkdir()
        shared = {"WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
        shared["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).resolve().parents[2])])
        processes = [
            subprocess.Popen(
                [sys.executable, str(script), str(folder), str(faces), str(Path(__file__).parent)],
                env=os.environ | shared | {"RANK": str(r), "LOCAL_RANK": str(r)},
            )
            for r in range(world)
        ]
        assert [p.wait(timeout=120) for p in processes] == [0] * world
        assert {(folder / f"left{r}").read_text() for r in range(world)} == {"False"}  # the group's threads ended before
        results.append(json.loads((folder / "terms.json").read_text()))
    # Adam's first steps turn the rounding of near-zero gradients into whole steps, so later losses agree less closely.
    for step, (one, two) in enumerate(zip(*results, strict=True)):
        assert one.keys() == two.keys()
        for name, value in one.items():
            assert two[name] == pytest.approx(value, rel=1e-4 if step == 0 else 2e-2, abs=1e-5), (step, name)
