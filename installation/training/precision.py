"""Half precision for training: bf16 by autocast on whatever device is torch's default."""

import torch


def half() -> torch.autocast:
    """A block whose convolutions and products run in bf16; parameters and their gradients stay float32."""
    return torch.autocast(torch.get_default_device().type, torch.bfloat16)
