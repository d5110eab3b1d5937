"""What the editor writes on one face, taken by the amounts of its knobs and added up.

The network is asked once a face; everything else is sums, as with directions that are the same for everybody.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from installation.messages import OwnChanges

Knobs = Sequence[tuple[int, float]]  # number of an editor's knob and its amount, none of them 0


def added(parts: Tensor, knobs: Knobs) -> Tensor | None:
    """Of residuals or flows [knobs, 2, ...] what those amounts add [...]; None where there are none."""
    total: Tensor | None = None
    for number, amount in knobs:
        part = parts[number, 0 if amount > 0 else 1]
        total = part * abs(amount) if total is None else total.add_(part, alpha=abs(amount))
    return total


def between(one: OwnChanges | None, other: OwnChanges | None, share: float) -> OwnChanges | None:
    """``share`` 0…1 of the way from one face's changes to another's; where one of them is not known the other's stand alone."""
    if one is None or other is None or share in (0, 1):
        return (one or other) if share < 0.5 else (other or one)
    return OwnChanges(torch.lerp(one.residual, other.residual, share), torch.lerp(one.flow, other.flow, share))
