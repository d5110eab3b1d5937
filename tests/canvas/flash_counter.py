"""An independent reading of WCAG 2.3.1's thresholds over recorded pictures: how many flashes, over how much of the picture.

Nothing is shared with the program: relative luminance and red are written down from the text of the criterion, extremes are
found by a plain loop over every pixel of a reduced picture, and every one-second window is tried.
"""

from collections import Counter

import numpy as np

GRID = (36, 64)  # rows and columns that pictures are reduced to, by plain averaging of linear light


def linear(picture):
    c = picture.astype(np.float64) / 255
    return np.where(c <= 0.03928, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def reduced(picture):
    light = linear(picture)
    rows = np.array_split(np.arange(light.shape[0]), min(GRID[0], light.shape[0]))
    columns = np.array_split(np.arange(light.shape[1]), min(GRID[1], light.shape[1]))
    narrow = np.stack([light[part].mean(axis=0) for part in rows])
    return np.stack([narrow[:, part].mean(axis=1) for part in columns], axis=1)


def changes(times, values, counts):
    """Moments of the opposing changes of one pixel. counts(a, b): whether going from a to b is one."""
    found = []
    way, low = 0, values[0]
    high = extreme = low
    for time, value in zip(times, values, strict=True):
        if way == 0:
            low, high = min(low, value, key=key), max(high, value, key=key)
            if counts(high, value):
                way, extreme = -1, value
                found.append(time)
            elif counts(low, value):
                way, extreme = 1, value
                found.append(time)
        elif way * (key(value) - key(extreme)) >= 0:
            extreme = value
        elif counts(extreme, value):
            way, extreme = -way, value
            found.append(time)
    return found


def key(value):
    return value[0] if isinstance(value, tuple) else value


def general(a, b):
    return abs(a - b) >= 0.1 and min(a, b) < 0.8


def red(a, b):
    """a, b: (R - G - B, not below 0; whether R / (R + G + B) ≥ 0.8)."""
    return abs(a[0] - b[0]) * 320 > 20 and (a[1] or b[1])


def flashing_area(times, pictures):
    """The largest share of the picture that flashes more than three times within any one second: (general, red)."""
    light = np.stack([reduced(picture) for picture in pictures])
    luminance = light @ [0.2126, 0.7152, 0.0722]
    total = light.sum(axis=-1)
    redness = np.maximum(light[..., 0] - light[..., 1] - light[..., 2], 0)
    saturated = light[..., 0] >= 0.8 * np.maximum(total, 1e-9)
    pixels = luminance[0].size
    worst = []
    for kind, signal in (("general", luminance[..., None]), ("red", np.stack([redness, saturated], axis=-1))):
        # Pixels that do the same are looked at once.
        lines = np.ascontiguousarray(signal.reshape(len(times), pixels, -1).transpose(1, 0, 2))
        alike = Counter(line.tobytes() for line in lines)
        marks = []
        for raw, many in alike.items():
            line = np.frombuffer(raw).reshape(len(times), -1)
            if np.ptp(line[:, 0]) < 0.06 or (kind == "red" and not line[:, 1].any()):
                continue
            found = changes(
                times, line[:, 0].tolist() if kind == "general" else [(v, bool(s)) for v, s in line], general if kind == "general" else red
            )
            # Four flashes are eight changes: a second that holds eight begins at one of them.
            marks.append((many, [(found[i], found[i + 7]) for i in range(len(found) - 7) if found[i + 7] - found[i] <= 1.0]))
        shares = [0.0]
        for end in {end for _, spans in marks for _, end in spans}:
            shares.append(sum(many * any(begin >= end - 1.0 and last <= end for begin, last in spans) for many, spans in marks) / pixels)
        worst.append(max(shares))
    return tuple(worst)
