"""What visitors read, in their languages: ``texts.yaml`` beside this, and nowhere else. A sentence that a language lacks is English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from installation.config_file import parse_document

CanvasLanguage = Literal["en", "de", "fr", "es", "it"]
FIRST = "en"
LONGEST_WISH = 200  # characters of what a browser says of its languages
DAY_FIRST, DATES = "%d/%m", MappingProxyType({"en": "%d %B", "de": "%d.%m.", "zh": "%m月%d日"})
UNITS: Mapping[str, tuple[tuple[str, str], tuple[str, str], tuple[str, str]]] = MappingProxyType({
    "en": (("minute", "minutes"), ("hour", "hours"), ("day", "days")),
    "de": (("Minute", "Minuten"), ("Stunde", "Stunden"), ("Tag", "Tage")),
    "fr": (("minute", "minutes"), ("heure", "heures"), ("jour", "jours")),
    "es": (("minuto", "minutos"), ("hora", "horas"), ("día", "días")),
    "it": (("minuto", "minuti"), ("ora", "ore"), ("giorno", "giorni")),
    "zh": (("分钟", "分钟"), ("小时", "小时"), ("天", "天")),
})  # fmt: skip


@cache
def _all() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    text = (resources.files(__package__) / "texts.yaml").read_text(encoding="utf-8")
    return parse_document(text, "texts.yaml").values  # type: ignore[return-value]


def languages(part: str) -> tuple[str, ...]:
    """Those that have texts for ``canvas`` or ``page``."""
    return tuple(language for language, parts in _all().items() if part in parts)


def texts(part: str, language: str) -> Mapping[str, str]:
    """Every sentence of ``canvas`` or ``page``. Raises KeyError for a part that is not there."""
    return {**_all()[FIRST][part], **_all().get(language, {}).get(part, {})}


def wanted(accepts: str) -> str:
    """The language of a page for a browser that sends this as Accept-Language (RFC 9110, 12.5.4)."""
    wishes = []
    for place, one in enumerate(accepts[:LONGEST_WISH].split(",")):
        name, _, weight = one.strip().partition(";q=")
        try:
            share = float(weight) if weight else 1.0
        except ValueError:
            continue
        wishes.append((-share, place, name.split("-")[0].lower()))
    there = languages("page")
    return next((name for share, _, name in sorted(wishes) if share < 0 and name in there), FIRST)


def duration(seconds: float, language: str) -> str:
    """A length of time in words: 45 minutes, 3 hours."""
    minute, hour, day = UNITS[language]
    for size, (one, many) in ((86_400, day), (3600, hour)):
        count = round(seconds / size)
        if seconds >= 2 * size or seconds == size:
            return f"{count} {one if count == 1 else many}"
    count = max(1, round(seconds / 60))
    return f"{count} {minute[0] if count == 1 else minute[1]}"


def date_of(moment: datetime, language: str) -> str:
    """A day without its year: 05 November, 05.11."""
    return moment.strftime(DATES.get(language, DAY_FIRST))


def clock_of(moment: datetime, now: datetime, language: str) -> str:
    """A time: 14:20, and with its day, 05 November, 14:20, where that is not today's. Both in the same zone."""
    clock = f"{moment:%H:%M}"
    return clock if moment.date() == now.date() else f"{date_of(moment, language)}, {clock}"


def until(ends: datetime, now: datetime, language: str) -> str:
    """What the canvas says of the end of a takeaway. Both in the same zone."""
    say = texts("canvas", language)
    if ends.date() == now.date():
        return say["until"].format(clock=f"{ends:%H:%M}")
    return say["until_date"].format(date=date_of(ends, language), clock=f"{ends:%H:%M}")
