"""Reads an encoder's structure from the names and shapes of its parameters."""

import re
from collections.abc import Mapping

from installation.networks.ir_se import BackbonePlan, BlockPlan
from installation.networks.psp_encoders import NETWORKS, EncoderKind, EncoderPlan

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
KINDS = frozenset[str](NETWORKS)


def encoder_plan(shapes: Shapes, claimed: str, styles: int) -> EncoderPlan:
    """The structure of a published encoder.

    shapes: of every parameter, under published names. claimed: the type that the file's options name, "" without one; it
    only decides between pSp and e4e, whose parameters are the same. styles: of the generator it was made for, for the
    encoder that gives one w. Raises ValueError with what is missing or odd.
    """
    backbone = backbone_plan(shapes)
    if any(name.startswith("styles.") for name in shapes):
        kind: EncoderKind = "Encoder4Editing" if claimed == "Encoder4Editing" else "GradualStyleEncoder"
        return EncoderPlan(kind, backbone, count_of(shapes, "styles"), shape_of(shapes, "styles.0.linear.weight", 2)[0])
    rows, columns = shape_of(shapes, "linear.weight", 2)
    if any(name.startswith("output_layer_2.") for name in shapes):
        if not columns or rows % columns:
            raise ValueError(f"linear.weight has {rows} rows, a multiple of {columns} is needed")
        return EncoderPlan("BackboneEncoderUsingLastLayerIntoWPlus", backbone, rows // columns, columns)
    return EncoderPlan("BackboneEncoderUsingLastLayerIntoW", backbone, styles, rows)


def backbone_plan(shapes: Shapes) -> BackbonePlan:
    """Depth, widths, strides and squeeze of the body. Raises ValueError."""
    stem, input_nc = shape_of(shapes, "input_layer.0.weight", 4)[:2]
    blocks = []
    for index in range(count_of(shapes, "body")):
        depth, in_channel = shape_of(shapes, f"body.{index}.res_layer.1.weight", 4)[:2]
        squeezed = f"body.{index}.res_layer.5.fc1.weight"
        se_width = shape_of(shapes, squeezed, 4)[0] if squeezed in shapes else 0
        # A stage opens with the block that changes the width; the first one keeps it and halves the picture all the same.
        blocks.append(BlockPlan(in_channel, depth, 2 if index == 0 or in_channel != depth else 1, se_width))
    if not blocks:
        raise ValueError("layer body.0.res_layer.1.weight is missing")
    return BackbonePlan(input_nc, stem, tuple(blocks))


def count_of(shapes: Shapes, group: str) -> int:
    """How many numbered layers ``group.0``, ``group.1``, … there are. Raises ValueError where a number is left out."""
    pattern = re.compile(rf"{re.escape(group)}\.(\d{{1,4}})\.")
    found = {int(match[1]) for name in shapes if (match := pattern.match(name))}
    gap = next((index for index in range(len(found)) if index not in found), None)
    if gap is not None:
        raise ValueError(f"layer {group}.{gap} is missing")
    return len(found)


def shape_of(shapes: Shapes, name: str, axes: int) -> Shape:
    """The shape of a parameter that must be there with so many axes. Raises ValueError."""
    if name not in shapes:
        raise ValueError(f"layer {name} is missing")
    if len(shapes[name]) != axes:
        raise ValueError(f"{name} has the shape {list(shapes[name])}, one with {axes} axes is needed")
    return shapes[name]
