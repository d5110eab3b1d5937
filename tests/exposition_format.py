"""A strict reader of Prometheus' text format, version 0.0.4, written from its description and not from our writer."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
LINE = re.compile(rf"({NAME})(?:\{{((?:{LABEL},)*{LABEL},?)?\}})? (\S+)(?: (-?\d+))?")
ENDS = {"summary": ("", "_sum", "_count"), "histogram": ("_bucket", "_sum", "_count")}


def read(text):
    """{family: (kind, help, {(sample's name, labels as a sorted tuple): value})}. Raises AssertionError for what the format forbids."""
    assert text.endswith("\n") and "\r" not in text
    families, current = {}, None
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            _, _, name, what = line.split(" ", 3)
            assert re.fullmatch(NAME, name) and name not in families, line
            assert re.fullmatch(r"(?:[^\\]|\\[\\n])*", what), line
            current = name
            families[name] = [None, what, {}]
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == current and families[name][0] is None and not families[name][2], line
            assert kind in ("counter", "gauge", "histogram", "summary", "untyped"), line
            families[name][0] = kind
        elif line and not line.startswith("#"):
            found = LINE.fullmatch(line)
            assert found, line
            name, labels, value = found[1], found[2] or "", found[7]
            kind, _, samples = families[current]
            assert kind is not None and name in [current + end for end in ENDS.get(kind, ("",))], line
            pairs = re.findall(LABEL, labels)
            assert len({key for key, _ in pairs}) == len(pairs), line
            key = (name, tuple(sorted((label, re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), text)) for label, text in pairs)))
            assert key not in samples, line
            samples[key] = float(value)  # +Inf, -Inf and NaN too
            assert kind != "counter" or samples[key] >= 0, line
    assert all(kind and samples for kind, _, samples in families.values())
    return {name: tuple(family) for name, family in families.items()}
