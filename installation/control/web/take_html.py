"""The pages that visitors see, as HTML without a script: what there is, until when, and what they may do with it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from installation.takeaways.kept import BOOMERANG, LOOP, SMALL, STILL, Kept
from installation.takeaways.office import Office
from installation.takeaways.texts import date_of, duration, texts

REFRESH_SECONDS = 5
SAID = {"printed": "", "print_failed": " bad"}  # sentences that an address may ask for, and how they look


def document(language: str, title: str, body: str, refresh: bool = False) -> str:
    """A whole page."""
    say = texts("page", language)
    again = f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">' if refresh else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"><meta name="color-scheme" content="dark">'
        f'<meta name="theme-color" content="#0c0c0f"><meta name="robots" content="noindex">{again}'
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="/take/page.css"></head><body>{body}'
        f"<footer>{escape(say['of'])}</footer></body></html>"
    )


def sentence(language: str, word: str) -> str:
    """A page that says one thing: ``gone``, ``going``, ``unknown`` or ``deleted``."""
    say = texts("page", language)
    body = f'<main class="alone"><h1>{escape(say[f"{word}_title"])}</h1><p>{escape(say[word])}</p></main>'
    return document(language, say[f"{word}_title"], body)


def page(office: Office, kept: Kept, secret: str, language: str, said: str = "") -> str:
    """One visitor's page. said: a sentence on what was just done, a key of ``SAID``."""
    say, here = texts("page", language), f"/take/{secret}"
    ends = office.ends(kept)
    until = say["until"].format(date=date_of(ends, language), clock=f"{ends:%H:%M}")
    stamp = f"{ends:%Y%m%d}"
    parts = [f"<main><h1>{escape(say['title'])}</h1>"]
    if said in SAID:
        parts.append(f'<p class="said{SAID[said]}" role="status">{escape(say[said])}</p>')
    parts.append(
        f'<figure class="first"><img src="{here}/{STILL}" alt="{escape(say["picture"])}"><figcaption><span>{escape(say["picture"])}</span>'
        f"{_save(here, STILL, say['save'], stamp, main=True)}</figcaption></figure>"
    )
    films = [_film(here, kept, name, say[name], say["save"], stamp) for name in (LOOP, BOOMERANG)]
    if not kept.whole:
        parts.append(f'<p role="status">{escape(say["coming"])}</p>')
    parts.append(f'<div class="pair">{"".join(films)}</div>' if any(films) else "")
    parts.append(f'<section><p class="until">{escape(until)}</p><p>{escape(say["private"])}</p></section>')
    parts += [*_gallery(office, kept, here, language), *_print(office, kept, here, language)]
    parts.append(
        f'<section><details><summary>{escape(say["delete"])}</summary><p>{escape(say["delete_sure"])}</p>'
        + _form(f"{here}/delete", say["delete_yes"], look="danger")
        + "</details></section></main>"
    )
    return document(language, say["title"], "".join(parts), refresh=not kept.whole)


def gallery(office: Office, language: str) -> str:
    """What visitors offered and the operator shows."""
    say = texts("page", language)
    shown = "".join(_hung(kept) for kept in office.shown())
    inside = f'<div class="gallery">{shown}</div>' if shown else f"<p>{escape(say['gallery_empty'])}</p>"
    return document(language, say["gallery_title"], f"<main><h1>{escape(say['gallery_title'])}</h1>{inside}</main>")


def _hung(kept: Kept) -> str:
    here, film = f"/gallery/{kept.id}", f"{BOOMERANG}.mp4"
    if film in kept.files:
        return f'<video src="{here}/{film}" poster="{here}/{SMALL}" autoplay muted loop playsinline></video>'
    return f'<img src="{here}/{SMALL}" alt="" loading="lazy">'


def _film(here: str, kept: Kept, name: str, title: str, save: str, stamp: str) -> str:
    """A moving picture, as far as it is made."""
    kinds = [kind for kind in ("mp4", "webp", "gif") if f"{name}.{kind}" in kept.files]
    if "mp4" not in kinds:
        return ""
    links = "".join(_save(here, f"{name}.{kind}", save, stamp, main=kind == "mp4", kind=kind.upper()) for kind in kinds)
    film = f'<video src="{here}/{name}.mp4" autoplay muted loop playsinline aria-label="{escape(title)}"></video>'
    return f"<figure>{film}<figcaption><span>{escape(title)}</span>{links}</figcaption></figure>"


def _save(here: str, name: str, save: str, stamp: str, main: bool, kind: str = "") -> str:
    stem, _, suffix = name.partition(".")
    label = escape(save) + (f"<small>{kind}</small>" if kind else "") if main else escape(kind)
    called = f"facets-{stamp}-{stem}.{suffix}"
    return f'<a class="button{" main" if main else ""}" href="{here}/{name}?save" download="{called}">{label}</a>'


def _gallery(office: Office, kept: Kept, here: str, language: str) -> Sequence[str]:
    if not office.may_hang(kept):
        return ()
    say = texts("page", language)
    if kept.gallery == "":
        text = say["offer_text"].format(time=duration(office.shelf.limits.gallery, language))
        return (_section(text, f"{here}/offer", say["offer"]),)
    if kept.gallery == "refused":
        return (f"<section><p>{escape(say['refused'])}</p></section>",)
    return (_section(say[kept.gallery], f"{here}/withdraw", say["withdraw"]),)


def _print(office: Office, kept: Kept, here: str, language: str) -> Sequence[str]:
    if not office.may_print(kept):
        return ()
    return (f"<section>{_form(f'{here}/print', texts('page', language)['print'])}</section>",)


def _section(text: str, action: str, button: str) -> str:
    return f"<section><p>{escape(text)}</p>{_form(action, button)}</section>"


def _form(action: str, button: str, look: str = "plain") -> str:
    return f'<form method="post" action="{action}"><button class="{look}">{escape(button)}</button></form>'
