"""The networks that judge: identity (MobileFaceNet), perceptual distance and Fréchet features (tiny darknet, or Inception).

They come from the user's folder and are not shipped.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from installation.errors import WeightsError
from installation.messages import Image
from installation.training.losses import IDENTITY_PX, IDENTITY_TEMPLATE, Darknet, map_distance
from installation.training.onnx_graph import OnnxNetwork

# Five points of a face among FaceMesh's landmarks; the eyes are means of four.
RIGHT_EYE, LEFT_EYE, NOSE, MOUTH = (33, 133, 159, 145), (362, 263, 374, 386), 4, (61, 291)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IDENTITY_FILE, PERCEPTUAL_FILE = "mobilefacenet.onnx", "darknet-tiny-imagenet.safetensors"
NAMED_SUM = re.compile(r"-([0-9a-f]{8})$")
BATCH = 16


def five_point_matrix(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """[2, 3]: the similarity (least median of squares) from a picture with FaceMesh's ``landmarks`` [468, 2 or 3] px to
    MobileFaceNet's 112 px crop."""
    p = landmarks[:, :2].astype(np.float64)
    points = np.stack([p[list(RIGHT_EYE)].mean(0), p[list(LEFT_EYE)].mean(0), p[NOSE], p[MOUTH[0]], p[MOUTH[1]]])
    matrix, _ = cv2.estimateAffinePartial2D(points, np.array(IDENTITY_TEMPLATE), method=cv2.LMEDS)
    if matrix is None:  # points on one spot
        raise ValueError("these landmarks span no face")
    return np.asarray(matrix, dtype=np.float64)


class IdentityJudge:
    """MobileFaceNet. Raises WeightsError where the file is missing or something else."""

    name = "MobileFaceNet, five-point alignment"

    def __init__(self, nets: Path) -> None:
        path = _need(nets, IDENTITY_FILE, "identity")
        try:
            self._network = OnnxNetwork(path).eval()
        except (ValueError, IndexError, KeyError, OSError) as err:
            raise WeightsError(f"{path}: not a network that can be read here ({err})") from err
        self._mean, self._std = (torch.tensor(v)[:, None, None] for v in (MEAN, STD))

    @torch.inference_mode()
    def embed(self, pictures: Sequence[Image], matrices: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
        """Unit embeddings [N, 128] of pictures [S, S, 3], each cut by its matrix."""
        size = (IDENTITY_PX, IDENTITY_PX)
        crops = np.stack([cv2.warpAffine(p, m, size, flags=cv2.INTER_LINEAR) for p, m in zip(pictures, matrices, strict=True)])
        x = (torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255 - self._mean) / self._std
        embedded = torch.cat([self._network(part).flatten(1) for part in torch.split(x, BATCH)])
        result: NDArray[np.float32] = F.normalize(embedded, dim=1).numpy()
        return result


class PerceptualJudge:
    """Tiny darknet's pyramid. Raises WeightsError where the file is missing or something else."""

    name = "tiny darknet conv10, channel-normalised, averaged over the face"

    def __init__(self, nets: Path) -> None:
        path = _need(nets, PERCEPTUAL_FILE, "perceptual")
        try:
            self._network = Darknet(path).eval()
        except (SafetensorError, OSError) as err:
            raise WeightsError(f"{path}: not a file of weights that can be read ({err})") from err

    @torch.inference_mode()
    def distance(self, a: Tensor, b: Tensor, mask: Tensor) -> NDArray[np.float64]:
        """[N]: of pictures [N, 3, S, S] in -1…1 from their targets inside ``mask`` [N, 1, S, S]."""
        mine, theirs = (list(self._network.maps(x * mask)) for x in (a, b))
        rows = [map_distance([m[k : k + 1] for m in mine], [t[k : k + 1] for t in theirs], mask[k : k + 1]) for k in range(len(a))]
        return torch.stack(rows).double().numpy()

    @torch.inference_mode()
    def features(self, x: Tensor, mask: Tensor) -> NDArray[np.float64]:
        """[N, C] of pictures [N, 3, S, S] in -1…1."""
        *_, last = self._network.maps(x * mask)
        weight = F.interpolate(mask, size=last.shape[-2:], mode="area")
        pooled = (last * weight).sum(dim=(2, 3)) / (weight.sum(dim=(2, 3)) + 1e-6)
        return pooled.double().numpy()


class FeatureJudge(Protocol):
    """Whatever gives features for a Fréchet distance."""

    name: str

    def features(self, x: Tensor, mask: Tensor) -> NDArray[np.float64]:
        """[N, C] of pictures [N, 3, S, S] in -1…1 inside ``mask`` [N, 1, S, S]."""
        ...


class InceptionJudge:
    """The standard Inception file through torch-fidelity. Raises WeightsError where either is missing."""

    name = "Inception 2015-12-05, pool 3 (2048)"

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise WeightsError(f"{file}: no such file; --inception names weights-inception-2015-12-05-6726825d.pth of torch-fidelity")
        check_named_sum(file)
        try:
            from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
        except ImportError as err:
            raise WeightsError("--inception needs the package torch-fidelity: pip install torch-fidelity, or leave the option out") from err
        try:
            self._network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], feature_extractor_weights_path=str(file))
        except Exception as err:  # whatever torch says of a file that is something else
            raise WeightsError(f"{file}: not the Inception file that torch-fidelity reads ({err})") from err

    @torch.inference_mode()
    def features(self, x: Tensor, mask: Tensor) -> NDArray[np.float64]:
        shown = ((x * mask + 1) * 127.5).round().clamp(0, 255).byte()
        result: NDArray[np.float64] = self._network(shown)[0].double().numpy()
        return result


def check_named_sum(file: Path) -> None:
    """PyTorch's habit: the first digits of a file's SHA-256 stand at the end of its name. Raises WeightsError where it is another file."""
    named = NAMED_SUM.search(file.stem)
    if named is None:
        return
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    if not digest.startswith(named[1]):
        raise WeightsError(f"{file}: its SHA-256 begins with {digest[:8]}, by its name it should with {named[1]}; fetch it again")


def _need(nets: Path, file: str, what: str) -> Path:
    path = nets / file
    if not path.is_file():
        raise WeightsError(f"{path}: not there; --nets is the folder with the {what} network {file}, leave it out to score without")
    return path
