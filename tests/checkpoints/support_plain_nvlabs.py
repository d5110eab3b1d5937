"""The published arithmetic in its plainest form, a sample at a time and a step a line: what the fast networks must agree with."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def mapping(g, z: Tensor, psi: float, label: Tensor | None = None) -> Tensor:
    """ws [N, num_ws, w_dim] of a stand-in generator."""
    m = g.mapping
    x = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
    if label is not None:
        y = dense(m.embed, label)
        x = torch.cat([x, y * (y.square().mean(1, keepdim=True) + 1e-8).rsqrt()], 1)
    for k in range(m.num_layers):
        x = F.leaky_relu(dense(getattr(m, f"fc{k}"), x), 0.2) * math.sqrt(2)
    return m.w_avg.lerp(x[:, None].repeat(1, m.num_ws, 1), psi)


def dense(layer, x: Tensor) -> Tensor:
    return x @ (layer.weight * float(layer.weight_gain)).T + layer.bias * layer.bias_gain


def resample(x: Tensor, taps: Tensor | None, up: int = 1, down: int = 1, padding: tuple[int, int] = (0, 0), gain: float = 1.0) -> Tensor:
    """Zero insertion, padding or cropping, convolution with the flipped filter, decimation."""
    n, c, h, w = x.shape
    wide = x.new_zeros(n, c, h * up, w * up)
    wide[:, :, ::up, ::up] = x
    wide = F.pad(wide, (padding[0], padding[1], padding[0], padding[1]))
    if taps is None:
        taps = torch.ones(1, 1)
    kernel = torch.outer(taps, taps) if taps.ndim == 1 else taps
    kernel = (kernel * gain).flip(0, 1)
    return F.conv2d(wide.reshape(n * c, 1, *wide.shape[2:]), kernel[None, None])[:, :, ::down, ::down].unflatten(0, (n, c)).flatten(2, 3)


def convolve(x: Tensor, weight: Tensor, style: Tensor, padding: int, demodulate: bool) -> Tensor:
    """One sample at a time, its weights scaled and normalised."""
    results = []
    for sample, s in zip(x, style, strict=True):
        w = weight * s[None, :, None, None]
        if demodulate:
            w = w * (w.square().sum((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
        results.append(F.conv2d(sample[None], w, padding=padding))
    return torch.cat(results)


def clamp(x: Tensor, limit: float | None) -> Tensor:
    return x if limit is None else x.clamp(-limit, limit)


def stylegan2(g, ws: Tensor, noise: bool = True) -> Tensor:
    """[N, 3, size, size], with the constant noise or none."""
    x = image = None
    index = 0
    side = 4
    while hasattr(g.synthesis, f"b{side}"):
        block = getattr(g.synthesis, f"b{side}")
        for name in ("conv0", "conv1") if side > 4 else ("conv1",):
            layer = getattr(block, name)
            if side == 4:
                x = block.const[None].repeat(len(ws), 1, 1, 1)
            up = 2 if name == "conv0" else 1
            style = dense(layer.affine, ws[:, index])
            if up == 2:
                # Insert zeros, low-pass, then convolve with the unflipped weight: the plain order of the two.
                size = layer.resample_filter.shape[0]
                x = resample(x, layer.resample_filter, 2, 1, (1 + (size + 1) // 2, 1 + (size - 2) // 2), 4.0)
                x = convolve(x, layer.weight.flip(2, 3), style, 0, True)
            else:
                x = convolve(x, layer.weight, style, 1, True)
            if noise and layer.use_noise:
                x = x + layer.noise_const * layer.noise_strength
            x = clamp(F.leaky_relu(x + layer.bias[:, None, None], 0.2) * math.sqrt(2), layer.conv_clamp)
            index += 1
        rgb = block.torgb
        style = dense(rgb.affine, ws[:, index]) / math.sqrt(rgb.weight.shape[1])
        picture = clamp(convolve(x, rgb.weight, style, 0, False) + rgb.bias[:, None, None], rgb.conv_clamp)
        if image is not None:
            size = block.resample_filter.shape[0]
            image = resample(image, block.resample_filter, 2, 1, ((size + 1) // 2, (size - 2) // 2), 4.0)
        image = picture if image is None else image + picture
        side *= 2
    return image


def stylegan3(g, ws: Tensor) -> Tensor:
    """[N, 3, size, size]."""
    start = g.synthesis.input
    t = dense(start.affine, ws[:, 0])
    t = t / t[:, :2].norm(dim=1, keepdim=True)
    side, rate = int(start.size[0]), float(start.sampling_rate)
    samples = []
    for c, s, x, y in t:
        turn = torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        shift = torch.tensor([[1, 0, -x], [0, 1, -y], [0, 0, 1]])
        matrix = turn @ shift @ start.transform
        phases = start.phases + start.freqs @ matrix[:2, 2]
        freqs = start.freqs @ matrix[:2, :2]
        amplitude = (1 - (freqs.norm(dim=1) - start.bandwidth) / (rate / 2 - start.bandwidth)).clamp(0, 1)
        theta = torch.tensor([[0.5 * side / rate, 0, 0], [0, 0.5 * side / rate, 0]])
        grid = F.affine_grid(theta[None], [1, 1, side, side], align_corners=False)[0]
        waves = torch.sin((grid @ freqs.T + phases) * (2 * math.pi)) * amplitude
        samples.append((waves @ (start.weight / math.sqrt(start.weight.shape[0])).T).permute(2, 0, 1))
    x = torch.stack(samples).float()
    layers = [child for name, child in g.synthesis.named_children() if name.startswith("L")]
    for k, layer in enumerate(layers):
        style = dense(layer.affine, ws[:, k + 1])
        kernel = layer.weight.shape[2]
        if layer.is_torgb:
            x = convolve(x * layer.magnitude_ema.rsqrt(), layer.weight, style / math.sqrt(layer.weight[0].numel()), kernel - 1, False)
        else:
            weight = layer.weight * layer.weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
            style = style * style.square().mean().rsqrt()
            x = convolve(x * layer.magnitude_ema.rsqrt(), weight, style, kernel - 1, True)
        x = x + layer.bias[:, None, None]
        x = resample(x, layer.up_filter, layer.up_factor, 1, tuple(layer.padding[:2]), layer.up_factor**2)
        x = clamp(x if layer.is_torgb else F.leaky_relu(x, 0.2) * math.sqrt(2), layer.conv_clamp)
        x = resample(x, layer.down_filter, 1, layer.down_factor)
    return x * g.synthesis.output_scale
