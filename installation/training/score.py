"""Score a model on held-out faces, as the mirror shows the sitter.

    python -m installation score --faces DATA/faces-256 --nets DATA/nets --report OUT.json [--limit 300]

Identity: cosine of MobileFaceNet embeddings of sitter and reconstruction, both cut by the sitter's five points. Retrieval:
the share of reconstructions whose nearest among all originals is their own.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from installation.messages import Image
from installation.networks.bundle import Models, load_models
from installation.networks.facets_encoder import INPUT_PX
from installation.training.datasets import OPAQUE, load_pictures
from installation.training.losses import IDENTITY_PX, IDENTITY_TEMPLATE

SEED = 7
LEFT_EYE, RIGHT_EYE, NOSE, LEFT_MOUTH, RIGHT_MOUTH = (33, 133, 159, 145), (362, 263, 374, 386), 4, 61, 291
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCH = 20


@dataclass(frozen=True)
class Likeness:
    """Identity at the median, retrieval 0…1, mean absolute difference in -1…1."""

    identity: float
    retrieval_top1: float
    l1: float


@dataclass(frozen=True)
class Scores:
    """With the detail residual, as the mirror shows it, and from the code alone. ``unrelated``: identity of strangers."""

    faces: int
    identity_val_median: float
    retrieval_top1: float
    l1: float
    unrelated: float
    wplus_only: Likeness


class IdentityScorer:
    """MobileFaceNet on a five-point similarity alignment of FaceMesh's points."""

    def __init__(self, nets: Path) -> None:
        self._session = onnxruntime.InferenceSession(nets / "mobilefacenet.onnx")
        self._input = self._session.get_inputs()[0].name

    def embed(self, picture: Image, matrix: NDArray[np.float64]) -> NDArray[np.float32]:
        """Unit embedding [128] of a picture, cut by a 2x3 matrix."""
        crop = cv2.warpAffine(picture, matrix, (IDENTITY_PX, IDENTITY_PX), flags=cv2.INTER_LINEAR)
        x = ((crop / 255.0 - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)
        embedding: NDArray[np.float32] = self._session.run(None, {self._input: x})[0][0]
        return embedding / np.linalg.norm(embedding)


def five_points(pictures: list[Image]) -> list[NDArray[np.float64] | None]:
    """The similarity matrix from each 256 px picture to MobileFaceNet's template; None where FaceMesh sees no face."""
    import mediapipe as mp

    found: list[NDArray[np.float64] | None] = []
    with mp.solutions.face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1) as mesh:
        for picture in pictures:
            result = mesh.process(np.ascontiguousarray(picture)).multi_face_landmarks
            if not result:
                found.append(None)
                continue
            height, width = picture.shape[:2]
            p = np.array([(q.x * width, q.y * height) for q in result[0].landmark])
            points = np.stack([p[list(LEFT_EYE)].mean(0), p[list(RIGHT_EYE)].mean(0), p[NOSE], p[LEFT_MOUTH], p[RIGHT_MOUTH]])
            matrix, _ = cv2.estimateAffinePartial2D(points, np.array(IDENTITY_TEMPLATE), method=cv2.LMEDS)
            found.append(np.asarray(matrix, dtype=np.float64))
    return found


def likeness(originals: NDArray[np.float32], copies: NDArray[np.float32], l1: float) -> Likeness:
    """From unit embeddings [N, 128] of sitters and their reconstructions."""
    cosine = copies @ originals.T
    own = np.diag(cosine)
    return Likeness(round(float(np.median(own)), 4), round(float((cosine.argmax(1) == np.arange(len(own))).mean()), 4), round(l1, 4))


@torch.inference_mode()
def reconstruct(models: Models, images: Tensor, detail: bool) -> Tensor:
    """[N, 3, 256, 256] in -1…1 -> reconstructions of the generator's size."""
    encoder = models.detail
    if encoder is None or not detail:
        return models.base.synthesis(models.encoder(images), "none").clamp(-1, 1)
    ws, residual = encoder.encode_with_detail(F.interpolate(images, size=(INPUT_PX, INPUT_PX), mode="area"))
    return models.base.synthesis(ws, "none", None, encoder.residual(residual)).clamp(-1, 1)


def score(models: Models, faces: Path, nets: Path, limit: int) -> Scores:
    """Scores on at most ``limit`` faces of the held-out split, drawn with a fixed seed."""
    pictures = load_pictures(faces, "val")
    order = np.random.default_rng(SEED).permutation(len(pictures))[: int(limit * 1.2)]
    rgba = [pictures[i].rgba() for i in order]
    matrices = five_points([p[..., :3] for p in rgba])
    kept = [(p, m) for p, m in zip(rgba, matrices, strict=True) if m is not None][:limit]
    scorer = IdentityScorer(nets)
    originals = np.stack([scorer.embed(p[..., :3], m) for p, m in kept])
    results = {}
    for detail in (True, False):
        copies, errors = [], []
        for start in range(0, len(kept), BATCH):
            part = np.stack([p for p, _ in kept[start : start + BATCH]])
            mask = torch.from_numpy(part[..., 3:] > OPAQUE).permute(0, 3, 1, 2).float()
            images = torch.from_numpy(part[..., :3]).permute(0, 3, 1, 2).float() / 127.5 - 1
            shown = reconstruct(models, images * mask, detail)
            errors.append(float(((shown - images).abs() * mask).sum() / (mask.sum() * 3)))
            # Outside a tight crop both show the same grey, so that only the face is judged.
            shown = shown * mask + images * (1 - mask)
            drawn = ((shown + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
            copies += [scorer.embed(d, m) for d, (_, m) in zip(drawn, kept[start : start + BATCH], strict=True)]
        results[detail] = likeness(originals, np.stack(copies), float(np.mean(errors)))
    strangers = originals @ originals.T
    unrelated = float(np.median(strangers[~np.eye(len(strangers), dtype=bool)]))
    on = results[True]
    return Scores(len(kept), on.identity, on.retrieval_top1, on.l1, round(unrelated, 4), results[False])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Score a model on held-out faces.")
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--nets", type=Path, required=True)
    parser.add_argument("--generator", type=Path, default=Path("weights/generator.safetensors"))
    parser.add_argument("--encoder", type=Path, default=Path("weights/encoder.safetensors"))
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--report", type=Path)
    a = parser.parse_args(argv)
    scores = asdict(score(load_models(a.generator, a.encoder, [], []), a.faces, a.nets, a.limit))
    text = json.dumps(scores, indent=1)
    print(text)
    if a.report:
        a.report.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
