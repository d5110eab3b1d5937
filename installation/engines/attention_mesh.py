"""MediaPipe's attention mesh as an OpenVINO model.

The network (Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020) looks a second
time at the lips and the eyes: it cuts each out of its own features by a turned rectangle around the first landmarks. The
three operations that do so are MediaPipe's own, which OpenVINO does not know; here they are built from operations it does
know, so that the whole network runs in one request.
"""

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops
from openvino.frontend import FrontEndManager

from installation.faces import landmarks as index

FEATURES = 48  # side of the features that are cut
CUT = 16  # side of a cut
MARGIN = 1.5  # sides of a cut, in sides of the box around its landmarks

MESH, FLAG = "output_mesh_identity", "conv_faceflag"
# What each part refines, and the two landmarks whose line levels it.
PARTS = {
    "output_lips": (index.LIPS_REFINED, (61, 291)),
    "output_left_eye": (index.RIGHT_EYE_REFINED, (33, 133)),
    "output_right_eye": (index.LEFT_EYE_REFINED, (362, 263)),
}


def read_attention_mesh(path: Path) -> ov.Model:
    """The network with outputs mesh [1, 1, 1, 1404], face flag (logit), lips [1, 80, 2], right and left eye [1, 71, 2], px.

    Input: [1, 192, 192, 3] float32 in 0…1. Raises RuntimeError where the file is not this network.
    """
    frontend = FrontEndManager().load_by_framework("tflite")
    partial = frontend.convert_partially(frontend.load(str(path)))
    results = {result.input_value(0).get_any_name(): result for result in partial.get_results()}
    missing = {MESH, FLAG, *PARTS} - set(results)
    if missing:
        raise RuntimeError(f"outputs missing: {', '.join(sorted(missing))}")
    outputs = [results[MESH].input_value(0), results[FLAG].input_value(0)]
    outputs += [_refined(results[name], part, level) for name, (part, level) in PARTS.items()]
    return ov.Model(outputs, partial.get_parameters(), "attention mesh")


def _ints(values: Any) -> NDArray[np.int64]:
    return np.asarray(values, np.int64)


def _floats(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)


def _refined(result: Any, part: tuple[int, ...], level: tuple[int, int]) -> Any:
    """The landmarks of one part, its three operations replaced. ``result`` hangs on them."""
    carry = result.input_value(0).get_node().input_value(0).get_node()
    local, scaled = carry.input_value(0), carry.input_value(1).get_node()
    placed = scaled.input_value(0).get_node()
    cut = next(
        target.get_node() for target in placed.output(0).get_target_inputs() if target.get_node() is not scaled and _cuts(target.get_node())
    )

    matrix = _place(placed.input_value(0), part, level)
    placed.output(0).replace(matrix.output(0))
    cut.output(0).replace(_sample(cut.input_value(0), matrix).output(0))
    return _carry(local, carry.input_value(1)).output(0)


def _cuts(node: Any) -> bool:
    """Whether this is the operation that cuts features, not the one that scales the matrix."""
    return len(node.input_value(0).get_partial_shape()) == 4


def _place(landmarks: Any, part: tuple[int, ...], level: tuple[int, int]) -> Any:
    """Landmarks2TransformMatrix: [1, 468, 3] px of the features -> [1, 4, 4], edges of the cut to edges of the features."""
    flat = ops.gather(ops.squeeze(landmarks, _ints([0])), _ints([0, 1]), _ints(1))  # [468, 2]
    ends = ops.gather(flat, _ints(level), _ints(0))
    line = ops.subtract(ops.gather(ends, _ints([1]), _ints(0)), ops.gather(ends, _ints([0]), _ints(0)))  # [1, 2]
    line = ops.divide(line, ops.reduce_l2(line, _ints([1]), keep_dims=True))
    cosine, sine = (ops.gather(line, _ints([i]), _ints(1)) for i in (0, 1))  # [1, 1]

    # Rows that turn a point back to level: p' = p @ turn.
    turn = ops.concat([ops.concat([cosine, ops.negative(sine)], 1), ops.concat([sine, cosine], 1)], 0)
    levelled = ops.matmul(ops.gather(flat, _ints(part), _ints(0)), turn, False, False)
    high, low = (reduce(levelled, _ints([0]), keep_dims=True) for reduce in (ops.reduce_max, ops.reduce_min))
    middle = ops.matmul(ops.multiply(ops.add(high, low), _floats([[0.5]])), turn, False, True)  # [1, 2]
    step = ops.multiply(ops.subtract(high, low), _floats([[MARGIN / CUT]]))  # [1, 2] along the two sides
    axes = ops.multiply(
        ops.transpose(turn, _ints([1, 0])), ops.transpose(step, _ints([1, 0]))
    )  # rows: the sides of the cut in the features
    origin = ops.subtract(middle, ops.multiply(ops.reduce_sum(axes, _ints([0]), keep_dims=True), _floats([[CUT / 2]])))
    nothing = np.zeros((1, 2), np.float32)
    columns = ops.concat([axes, nothing, origin], 0)  # [4, 2]: the columns of the matrix
    rows = ops.concat([ops.transpose(columns, _ints([1, 0])), _floats([[0, 0, 1, 0], [0, 0, 0, 1]])], 0)
    return ops.unsqueeze(rows, _ints([0]))


def _sample(features: Any, matrix: Any) -> Any:
    """TransformTensorBilinear: features [1, H, W, C] cut by the matrix -> [1, 16, 16, C]."""
    centres = np.arange(CUT, dtype=np.float32) + 0.5
    u, v = np.meshgrid(centres, centres)
    points = np.stack([u, v, np.zeros_like(u), np.ones_like(u)]).reshape(1, 4, -1)
    carried = ops.gather(ops.matmul(matrix, points, False, False), _ints([0, 1]), _ints(1))  # [1, 2, 256]
    grid = ops.subtract(ops.multiply(carried, _floats(2 / FEATURES)), _floats(1))
    grid = ops.reshape(ops.transpose(grid, _ints([0, 2, 1])), _ints([1, CUT, CUT, 2]), False)
    planes = ops.transpose(features, _ints([0, 3, 1, 2]))
    return ops.transpose(
        ops.grid_sample(planes, grid, {"mode": "bilinear", "padding_mode": "zeros", "align_corners": False}), _ints([0, 2, 3, 1])
    )


def _carry(local: Any, matrix: Any) -> Any:
    """TransformLandmarks: [1, K, 2] px of the cut to px of the model's picture."""
    linear = ops.gather(ops.gather(matrix, _ints([0, 1]), _ints(1)), _ints([0, 1]), _ints(2))  # [1, 2, 2]
    shift = ops.gather(ops.gather(matrix, _ints([0, 1]), _ints(1)), _ints([3]), _ints(2))  # [1, 2, 1]
    return ops.add(ops.matmul(local, linear, False, True), ops.transpose(shift, _ints([0, 2, 1])))
