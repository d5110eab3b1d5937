"""Encoders as the engines run them: crops in as they were cut, codes out, whole or in two parts."""

import torch
from torch import Tensor, nn

from installation.networks.editor import Editor
from installation.networks.facets_encoder import FacetsEncoder, Features


def as_network_input(crops: Tensor) -> Tensor:
    """uint8 [N, S, S, 3] -> [N, 3, S, S] in -1…1."""
    return crops.permute(0, 3, 1, 2).float() / 127.5 - 1


def example_crops(batch: int, size: int) -> Tensor:
    """Crops uint8 [batch, size, size, 3] of soft coloured blobs: what an engine is measured with must not be a flat grey."""
    coarse = torch.rand(batch, 3, 8, 8, generator=torch.Generator().manual_seed(5))
    smooth = torch.nn.functional.interpolate(coarse, size=size, mode="bicubic").clamp(0, 1)
    return (smooth * 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


class EncoderTrunk(nn.Module):
    """Crops, uint8 [N, 128, 128, 3] -> the detail residual, and the maps that the heads read."""

    def __init__(self, encoder: FacetsEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        features, detail = self.encoder.trunk(as_network_input(crops))
        return detail, features.fine, features.middle, features.coarse


class EditingTrunk(nn.Module):
    """The trunk, and the editor on its maps: crops, uint8 [N, 128, 128, 3] -> as ``EncoderTrunk``, then for each of the editor's
    knobs, either way, what it changes of the residual [N, knobs, 2, 32, 32, 32] and how it moves the picture [N, knobs, 2, 2, 64, 64]."""

    def __init__(self, encoder: FacetsEncoder, editor: Editor) -> None:
        super().__init__()
        self.encoder, self.editor = encoder, editor

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        features, seen, detail = self.encoder.pyramid(as_network_input(crops))
        changes, flows = self.editor(features, seen, detail)
        return detail, features.fine, features.middle, features.coarse, changes, flows


class EncoderHeads(nn.Module):
    """The trunk's maps -> W+ codes [N, styles, w_dim]."""

    def __init__(self, encoder: FacetsEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> Tensor:
        return self.encoder.heads(Features(fine, middle, coarse))


class WholeEncoder(nn.Module):
    """Crops, uint8 [N, S, S, 3] -> W+ codes [N, styles, w_dim]. one_w: the encoder's first code serves every style."""

    def __init__(self, encoder: nn.Module, styles: int, one_w: bool = False) -> None:
        super().__init__()
        self.encoder, self.styles, self.one_w = encoder, styles, one_w

    def forward(self, crops: Tensor) -> Tensor:
        ws: Tensor = self.encoder(as_network_input(crops))
        return ws[:, :1].expand(-1, self.styles, -1).contiguous() if self.one_w else ws


def example_maps(encoder: FacetsEncoder, batch: int, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Detail and maps of an example picture, as inputs of the right shapes."""
    with torch.inference_mode():
        detail, fine, middle, coarse = EncoderTrunk(encoder)(example_crops(batch, size))
    return detail.clone(), fine.clone(), middle.clone(), coarse.clone()
