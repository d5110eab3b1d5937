"""One portrait from several generators of one family: layers mixed live, a detail residual that edits push aside.

Mixing is linear in the parameters of each layer (layer swapping: Pinkney and Adler 2020, "Resolution Dependent GAN
Interpolation"), so it costs one convolution however many generators take part.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.networks.stylegan2 import SQRT2, Generator, ModulatedConv2d, StyledConv, ToRGB, clamped, upsample_conv2d

# Where an edit changes the features of the code by this share of their own size, the residual is drawn at 1/e.
GHOST_TOLERANCE = 0.45
GHOST_PX = 16


class MixedConv(nn.Module):
    """A modulated convolution whose parameters are a weighted sum over generators."""

    weights: Tensor
    squares: Tensor
    blur: Tensor

    def __init__(self, convs: Sequence[ModulatedConv2d]) -> None:
        super().__init__()
        first = convs[0]
        self.modulations = nn.ModuleList(conv.modulation for conv in convs)
        weights = torch.stack([conv.scaled_weight().detach() for conv in convs])
        self.register_buffer("weights", weights)
        # sum over taps of W_g * W_h: the demodulation of any mix, with no pass over the weights
        self.register_buffer("squares", torch.einsum("goiyx,hoiyx->ghoi", weights, weights))
        self.upsample, self.demodulate, self.padding = first.upsample, first.demodulate, first.padding
        self.register_buffer("blur", first.blur.kernel.clone() if first.upsample else torch.zeros(0))

    def forward(self, x: Tensor, w: Tensor, shares: Tensor | None) -> Tensor:
        """x [N, in, H, W], w [N, style_dim], shares [generators], whose sum is 1, or None for the first alone."""
        if shares is None:
            style, weight, square = self.modulations[0](w), self.weights[0], self.squares[0, 0]
        else:
            style = torch.einsum("g,gni->ni", shares, torch.stack([m(w) for m in self.modulations]))
            weight = torch.einsum("g,goiyx->oiyx", shares, self.weights)
            square = torch.einsum("g,h,ghoi->oi", shares, shares, self.squares)
        # The small factors follow the features: in mixed precision a float32 one would carry all that follows along.
        x = x * style.to(x.dtype)[:, :, None, None]
        y = upsample_conv2d(x, weight, self.blur) if self.upsample else F.conv2d(x, weight, padding=self.padding)
        return y * torch.rsqrt(style.square() @ square.T + 1e-8).to(y.dtype)[:, :, None, None] if self.demodulate else y


def _mixed(parameters: Sequence[Tensor], shares: Tensor | None) -> Tensor:
    if shares is None:
        return parameters[0]
    return torch.einsum("g,gc->c", shares, torch.stack([p.flatten() for p in parameters]))


class MixedLayer(nn.Module):
    """Convolution, constant noise, bias and activation of one layer."""

    noise: Tensor | None

    def __init__(self, layers: Sequence[StyledConv], noises: Sequence[Tensor]) -> None:
        """noises: [1, 1, side, side], the noise picture of each generator's layer."""
        super().__init__()
        self.conv = MixedConv([layer.conv for layer in layers])
        self.biases = nn.ParameterList([layer.activate.bias for layer in layers])
        # What is added in the end: weight times picture. Blending these keeps a child's strokes as strong as its share.
        added = torch.cat([picture * layer.noise.weight.detach() for picture, layer in zip(noises, layers, strict=True)])
        self.register_buffer("noise", added if added.any() else None)
        self.clamp = layers[0].activate.clamp

    def forward(self, x: Tensor, w: Tensor, shares: Tensor | None) -> Tensor:
        y = self.conv(x, w, shares)
        if self.noise is not None:
            noise = self.noise[:1] if shares is None else torch.einsum("g,gcyx->cyx", shares, self.noise)[None]
            y = y + noise.to(y.dtype)
        bias = _mixed(list(self.biases), shares).to(y.dtype)
        return clamped(F.leaky_relu(y + bias[None, :, None, None], 0.2) * SQRT2, self.clamp)


class MixedRGB(nn.Module):
    """The picture of one resolution, added to the up-sampled one below."""

    def __init__(self, layers: Sequence[ToRGB]) -> None:
        super().__init__()
        self.conv = MixedConv([layer.conv for layer in layers])
        self.biases = nn.ParameterList([layer.bias.detach().flatten() for layer in layers])
        self.clamp = layers[0].clamp
        self.upsample = layers[0].upsample if hasattr(layers[0], "upsample") else None

    def forward(self, x: Tensor, w: Tensor, skip: Tensor | None, shares: Tensor | None) -> Tensor:
        y = self.conv(x, w, shares)
        picture = clamped(y + _mixed(list(self.biases), shares).to(y.dtype)[None, :, None, None], self.clamp)
        return picture if skip is None or self.upsample is None else picture + self.upsample(skip)


class MixedGenerator(nn.Module):
    """Portraits from a base generator and any number of children of the same shape.

    size: pixels of the portraits, at most the base's. expand: [width, C, 1, 1], carries the encoder's detail residual to
    the base's features at the residual's resolution; None for models without one.
    """

    inputs: Tensor
    expand: Tensor | None

    def __init__(self, base: Generator, children: Sequence[Generator] = (), expand: Tensor | None = None, size: int | None = None) -> None:
        super().__init__()
        family = [base, *children]
        for child in children:
            if child.style_dim != base.style_dim or any(child.channels.get(r) != base.channels[r] for r in base.resolutions):
                raise ValueError(f"a child has channels {child.channels}, the base {base.channels}: they cannot be mixed")
        self.size = min(size or base.size, base.size)
        self.generators = len(family)
        self.resolutions = [r for r in base.resolutions if r <= self.size]
        self.register_buffer("inputs", torch.stack([g.input.input.detach()[0] for g in family]))

        def noise(layer: int) -> list[Tensor]:
            return [getattr(generator.noises, f"noise_{layer}") for generator in family]

        self.layers = nn.ModuleList([MixedLayer([g.conv1 for g in family], noise(0))])
        self.rgbs = nn.ModuleList([MixedRGB([g.to_rgb1 for g in family])])
        for k in range(len(self.resolutions) - 1):
            for j in (2 * k, 2 * k + 1):
                self.layers.append(MixedLayer([g.convs[j] for g in family], noise(j + 1)))  # type: ignore[misc]
            self.rgbs.append(MixedRGB([g.to_rgbs[k] for g in family]))  # type: ignore[misc]
        self.register_buffer("expand", expand.detach().clone() if expand is not None else None)
        self.requires_grad_(False)

    def forward(self, ws: Tensor, ws_edited: Tensor, detail: Tensor | None, gain: Tensor | None, mix: Tensor | None = None) -> Tensor:
        """Draw ``ws_edited`` [N, styles, w_dim] with the residual ``detail`` [N, C, r, r] that belongs to ``ws``.

        gain [N]: 0…1, how much of the residual is drawn. mix [generators - 1, resolutions]: each child's share of each
        resolution, sums up to 1; None for the base alone. Returns uint8 RGB [N, size, size, 3].
        """
        shares = None if mix is None else torch.cat([1 - mix.sum(dim=0, keepdim=True), mix])
        count = ws.shape[0]
        # Run the coarse layers for both codes, so that the change an edit makes is known.
        both = torch.cat([ws_edited, ws]) if detail is not None else ws_edited
        x, picture, level = self._coarse(both, shares, detail)
        if detail is None or gain is None:
            return as_bytes(self._fine(x, ws_edited, picture, level, None, shares))
        edited, plain = x[:count], x[count:]
        # Where the edit changed the features, the residual of the unedited face would be a ghost.
        kept = ghost_mask(plain, edited)
        residual = self._residual(detail, gain, kept)
        return as_bytes(self._fine(edited, ws_edited, None if picture is None else picture[:count], level, residual, shares))

    def pair(self, ws: Tensor, ws_edited: Tensor, detail: Tensor, carried: Tensor, gain: Tensor) -> tuple[Tensor, Tensor]:
        """The edited portrait and the unedited one, as ``forward`` draws them by the base alone, each layer run once for both.

        detail, carried: the residual before and after the edit. Returns two of uint8 RGB [N, size, size, 3].
        """
        count = ws.shape[0]
        both = torch.cat([ws_edited, ws])
        x, picture, level = self._coarse(both, None, detail)
        kept = ghost_mask(x[count:], x[:count])
        residual = self._residual(torch.cat([carried, detail]), torch.cat([gain, gain]), torch.cat([kept, torch.ones_like(kept)]))
        drawn = as_bytes(self._fine(x, both, picture, level, residual, None))
        return drawn[:count], drawn[count:]

    def _coarse(self, ws: Tensor, shares: Tensor | None, detail: Tensor | None) -> tuple[Tensor, Tensor | None, int]:
        """Features [N, C, 16, 16] up to where a residual comes in, the picture so far, and the level they belong to; all of it
        begins anew in ``_fine`` where there is no residual."""
        start = self.inputs[0] if shares is None else torch.einsum("g,gcyx->cyx", shares[:, 0], self.inputs)
        x = start.expand(ws.shape[0], -1, -1, -1)
        picture: Tensor | None = None
        if detail is None:
            return x, None, -1
        for level, resolution in enumerate(self.resolutions):
            x = self._features(x, ws, level, shares)
            if resolution == min(GHOST_PX, detail.shape[-1]):
                return x, picture, level
            picture = self._picture(x, ws, level, picture, shares)
        raise AssertionError("a residual is never smaller than the smallest layer")

    def _fine(self, x: Tensor, ws: Tensor, picture: Tensor | None, level: int, residual: Tensor | None, shares: Tensor | None) -> Tensor:
        """[N, 3, size, size] from the features of ``level`` on."""
        for k in range(max(level, 0), len(self.resolutions)):
            if k != level:
                x = self._features(x, ws, k, shares)
            if residual is not None and self.resolutions[k] == residual.shape[-1]:
                x = x + residual
            picture = self._picture(x, ws, k, picture, shares)
        assert picture is not None
        return picture

    def _features(self, x: Tensor, ws: Tensor, level: int, shares: Tensor | None) -> Tensor:
        share = None if shares is None else shares[:, level]
        for layer in range(max(0, 2 * level - 1), 2 * level + 1):
            x = self.layers[layer](x, ws[:, layer], share)
        return x

    def _picture(self, x: Tensor, ws: Tensor, level: int, below: Tensor | None, shares: Tensor | None) -> Tensor:
        drawn: Tensor = self.rgbs[level](x, ws[:, 2 * level + 1], below, None if shares is None else shares[:, level])
        return drawn

    def _residual(self, detail: Tensor, gain: Tensor, kept: Tensor) -> Tensor | None:
        """What a detail residual adds to the features: [N, width, r, r]."""
        if self.expand is None:
            return None
        side = detail.shape[-1]
        mask = F.interpolate(kept, size=side, mode="bilinear") if kept.shape[-1] != side else kept
        return F.conv2d(detail * (gain[:, None, None, None] * mask), self.expand)


class Pair(nn.Module):
    """``MixedGenerator.pair`` as a network of its own."""

    def __init__(self, generator: MixedGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, ws: Tensor, ws_edited: Tensor, detail: Tensor, carried: Tensor, gain: Tensor) -> tuple[Tensor, Tensor]:
        """Edited and unedited portrait, uint8 RGB [N, size, size, 3] each."""
        return self.generator.pair(ws, ws_edited, detail, carried, gain)


class MixedCodes(nn.Module):
    """A MixedGenerator for codes without a detail residual: one pass, nothing to mask."""

    def __init__(self, generator: MixedGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, ws: Tensor, mix: Tensor | None = None) -> Tensor:
        """ws [N, styles, w_dim] -> uint8 RGB [N, size, size, 3]."""
        picture: Tensor = self.generator(ws, ws, None, None, mix)
        return picture


class WholePicture(nn.Module):
    """Any generator by its ``synthesis`` alone, its pictures made smaller by averaging where ``size`` px are asked for."""

    def __init__(self, base: nn.Module, size: int) -> None:
        super().__init__()
        self.base = base
        self.step = max(1, int(base.size) // size)  # type: ignore[arg-type]

    def forward(self, ws: Tensor) -> Tensor:
        """ws [N, styles, w_dim] -> uint8 RGB [N, size, size, 3]."""
        picture: Tensor = self.base.synthesis(ws, "const")  # type: ignore[operator]
        return as_bytes(F.avg_pool2d(picture, self.step) if self.step > 1 else picture)


def as_bytes(picture: Tensor) -> Tensor:
    """[N, 3, S, S] in -1…1 -> uint8 [N, S, S, 3], rounded."""
    # Clamped last: 255.5 is 256 in bf16, and a byte would begin again at 0.
    return (picture.float() * 127.5 + 128).clamp(0, 255).permute(0, 2, 3, 1).to(torch.uint8)


def ghost_mask(plain: Tensor, edited: Tensor) -> Tensor:
    """0…1 [N, 1, H, W]: how much of a residual survives where features [N, C, H, W] moved from ``plain`` to ``edited``."""
    change = (edited - plain).square().mean(dim=1, keepdim=True)
    size = plain.square().mean(dim=1, keepdim=True).mean(dim=(2, 3), keepdim=True)
    return torch.exp(-F.avg_pool2d(change, 3, 1, 1, count_include_pad=False) / (size * GHOST_TOLERANCE**2 + 1e-8))
