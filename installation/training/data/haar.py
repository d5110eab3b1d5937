"""A Haar cascade in OpenCV's XML format, run in numpy (Viola and Jones 2001; Lienhart and Maydt 2002).

OpenCV 5 left its own reader out of the main modules and the files out of its packages, so both are not taken for granted.
"""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.errors import ConfigError

FILE = "haarcascade_frontalface_default.xml"
PLACES = ("/usr/share/opencv4/haarcascades", "/usr/share/opencv/haarcascades", "/usr/local/share/opencv4/haarcascades")
WORK_PX = 480  # longer side of the picture that is searched at first; smaller where all faces are large
SCALE = 1.15  # from one size of the window to the next
NEIGHBOURS = 3  # windows that agree before they are a face
MOST_BYTES = 8 << 20

Array = NDArray[np.float64]
Rectangle = tuple[float, float, float]  # x, y, side


@dataclass(frozen=True, eq=False)
class Tree:
    """One weak classifier. nodes: (left, right, feature, threshold); a child from 1 on is a node, one up to 0 a leaf, negated."""

    nodes: tuple[tuple[int, int, int, float], ...]
    leaves: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class CascadeStage:
    """A sum of weak classifiers that a window has to reach."""

    threshold: float
    trees: tuple[Tree, ...]


@dataclass(frozen=True, eq=False)
class Cascade:
    """side: of the window, px. features: rectangles (x, y, width, height, weight) of each."""

    side: int
    stages: tuple[CascadeStage, ...]
    features: tuple[tuple[tuple[int, int, int, int, float], ...], ...]

    @staticmethod
    def load(path: Path | None) -> "Cascade":
        """None: the frontal face cascade of an installed OpenCV. Raises ConfigError where there is none or it is not one."""
        found = _installed() if path is None else path
        try:
            if found.stat().st_size > MOST_BYTES:
                raise ConfigError(f"{found}: too large for a cascade")
            text = found.read_text(encoding="utf-8", errors="strict")
            if "<!ENTITY" in text:
                raise ConfigError(f"{found}: not a cascade of OpenCV")
            return _parse(ET.fromstring(text))
        except OSError as err:
            raise ConfigError(f"{found}: cannot be read ({err.strerror or err})") from err
        except (ET.ParseError, UnicodeDecodeError, AttributeError, ValueError, IndexError, TypeError) as err:
            raise ConfigError(f"{found}: not a Haar cascade in OpenCV's format, upright rectangles only ({err})") from err

    def boxes(self, grey: NDArray[np.uint8], least: float) -> list[Rectangle]:
        """Faces of a grey picture [H, W], px, largest first. least: smallest side looked for."""
        height, width = grey.shape
        scale = max(min(1.0, WORK_PX / max(height, width)), min(1.0, self.side / max(least, 1.0)))
        hits: list[Rectangle] = []
        while min(height, width) * scale >= self.side:
            size = (round(width * scale), round(height * scale))
            small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
            hits += [(x / scale, y / scale, self.side / scale) for x, y in self._windows(small)]
            scale /= SCALE
        return _grouped(hits)

    def _windows(self, grey: NDArray[np.uint8]) -> list[tuple[int, int]]:
        """Corners of the windows that pass every stage."""
        sums, squares = (np.asarray(table, np.float64) for table in cv2.integral2(grey))
        rows, columns = grey.shape[0] - self.side + 1, grey.shape[1] - self.side + 1
        y, x = (v.reshape(-1) for v in np.mgrid[0:rows:2, 0:columns:2])
        inner = (1, 1, self.side - 2, self.side - 2)
        area = inner[2] * inner[3]
        spread = area * _sum(squares, x, y, inner) - _sum(sums, x, y, inner) ** 2
        flat = spread <= area * area  # less than one grey level
        x, y, norm = x[~flat], y[~flat], np.sqrt(spread[~flat])
        for stage in self.stages:
            if not len(x):
                break
            votes = np.zeros(len(x))
            for tree in stage.trees:
                votes += self._vote(tree, sums, x, y, norm)
            kept = votes >= stage.threshold
            x, y, norm = x[kept], y[kept], norm[kept]
        return list(zip(x.tolist(), y.tolist(), strict=True))

    def _vote(self, tree: Tree, sums: Array, x: NDArray[np.int64], y: NDArray[np.int64], norm: Array) -> Array:
        at = np.zeros(len(x), np.int64)
        votes = np.zeros(len(x))
        open_ = np.ones(len(x), bool)
        for k, (left, right, feature, threshold) in enumerate(tree.nodes):
            here = open_ & (at == k)
            if not here.any():
                continue
            value = sum((_sum(sums, x[here], y[here], rect[:4]) * rect[4] for rect in self.features[feature]), np.zeros(int(here.sum())))
            next_ = np.where(value < threshold * norm[here], left, right)
            at[here] = next_
            ended = next_ <= 0
            where = np.flatnonzero(here)[ended]
            votes[where] = np.array(tree.leaves)[-next_[ended]]
            open_[where] = False
        return votes


def _sum(table: Array, x: NDArray[np.int64], y: NDArray[np.int64], rect: tuple[int, int, int, int]) -> Array:
    left, top, width, height = rect
    x0, y0, x1, y1 = x + left, y + top, x + left + width, y + top + height
    result: Array = table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0]
    return result


def _parse(root: ET.Element) -> Cascade:
    cascade = root.find("cascade")
    if cascade is None or _text(cascade, "featureType") != "HAAR":
        raise ValueError("featureType is not HAAR")
    stages = []
    for entry in _children(cascade, "stages"):
        trees = []
        for weak in _children(entry, "weakClassifiers"):
            numbers = _text(weak, "internalNodes").split()
            nodes = tuple(
                (int(numbers[k]), int(numbers[k + 1]), int(numbers[k + 2]), float(numbers[k + 3])) for k in range(0, len(numbers), 4)
            )
            trees.append(Tree(nodes, tuple(map(float, _text(weak, "leafValues").split()))))
        stages.append(CascadeStage(float(_text(entry, "stageThreshold")), tuple(trees)))
    features = []
    for entry in _children(cascade, "features"):
        if entry.findtext("tilted", "0").strip() not in ("0", ""):
            raise ValueError("tilted features")
        rects = [(rect.text or "").split() for rect in _children(entry, "rects")]
        features.append(tuple((int(r[0]), int(r[1]), int(r[2]), int(r[3]), float(r[4])) for r in rects))
    if not stages or not features:
        raise ValueError("no stages")
    return Cascade(int(_text(cascade, "width")), tuple(stages), tuple(features))


def _children(parent: ET.Element, name: str) -> list[ET.Element]:
    found = parent.find(name)
    return [] if found is None else list(found.findall("_"))


def _text(parent: ET.Element, name: str) -> str:
    found = parent.findtext(name)
    if found is None:
        raise ValueError(f"{name} is missing")
    return found.strip()


def _installed() -> Path:
    own = getattr(getattr(cv2, "data", None), "haarcascades", "")
    for place in (own, *PLACES):
        path = Path(place) / FILE
        if place and path.is_file():
            return path
    raise ConfigError(
        f"--detector haar: {FILE} is not on this machine (OpenCV 5 no longer brings it); install opencv-data (Debian, Ubuntu), or name "
        "a cascade of OpenCV 4 by --cascade FILE"
    )


def _grouped(hits: list[Rectangle]) -> list[Rectangle]:
    """Windows that overlap by half become their mean where enough of them agree."""
    groups: list[list[Rectangle]] = []
    for hit in sorted(hits, key=lambda h: -h[2]):
        home = next((g for g in groups if _alike(hit, g)), None)
        if home is None:
            groups.append([hit])
        else:
            home.append(hit)
    found = [np.mean(group, axis=0).tolist() for group in groups if len(group) >= NEIGHBOURS]
    return sorted(((x, y, side) for x, y, side in found), key=lambda b: -b[2])


def _alike(hit: Rectangle, group: list[Rectangle]) -> bool:
    x, y, side = np.mean(group, axis=0)
    width = min(hit[0] + hit[2], x + side) - max(hit[0], x)
    height = min(hit[1] + hit[2], y + side) - max(hit[1], y)
    return bool(width > 0 and height > 0 and width * height > 0.4 * min(hit[2], side) ** 2)
