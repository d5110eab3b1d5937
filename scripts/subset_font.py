"""Makes installation/canvas/fonts/invitation.otf: of Noto Sans CJK what it has of European letters, and the Chinese of texts.yaml.

    .venv/bin/python scripts/subset_font.py NotoSansCJKtc-Light.otf

Needs fontTools, which comes with matplotlib. Where the font draws a character otherwise in simplified Chinese, that form is taken.
"""

import sys
from pathlib import Path

import yaml
from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "installation" / "canvas" / "fonts" / "invitation.otf"
EUROPE = [*range(0x20, 0x7F), *range(0xA0, 0x180), *map(ord, "ẞ–—‘’‚“”„•…‹›€")]
PUNCTUATION = "，。！？、：；（）《》「」…—·０１２３４５６７８９"


def simplified(font: TTFont) -> dict[str, str]:
    """Glyph by glyph, what simplified Chinese has in its place."""
    table = font["GSUB"].table
    found: dict[str, str] = {}
    for script in table.ScriptList.ScriptRecord:
        for language in script.Script.LangSysRecord:
            if script.ScriptTag == "hani" and language.LangSysTag == "ZHS ":
                for index in language.LangSys.FeatureIndex:
                    feature = table.FeatureList.FeatureRecord[index]
                    if feature.FeatureTag == "locl":
                        for lookup in feature.Feature.LookupListIndex:
                            for part in table.LookupList.Lookup[lookup].SubTable:
                                found |= getattr(getattr(part, "ExtSubTable", part), "mapping", {})
    return found


def main(source: Path) -> None:
    texts = yaml.safe_load((ROOT / "texts.yaml").read_text(encoding="utf-8"))
    letters = {ord(letter) for text in texts.values() for line in text.values() for letter in line}
    font = TTFont(source)
    chinese = simplified(font)
    for table in font["cmap"].tables:
        if hasattr(table, "cmap") and table.isUnicode() and table.format != 14:
            table.cmap = {code: chinese.get(name, name) for code, name in table.cmap.items()}
    options = subset.Options(layout_features=["kern"], name_IDs=["*"], name_languages=["*"], notdef_outline=True, hinting=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=letters | set(EUROPE) | {ord(letter) for letter in PUNCTUATION})
    subsetter.subset(font)
    OUT.parent.mkdir(exist_ok=True)
    subset.save_font(font, OUT, options)
    print(f"{OUT}: {OUT.stat().st_size} bytes, {len(font.getBestCmap())} characters")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
