"""Painters' styles: whether their networks are here and whole, and which pictures are no style. In a process of its own: it runs one."""

from __future__ import annotations

from collections.abc import Iterator

from installation.doctor.finding import Finding, Patient
from installation.styles.library import Library


def styles(patient: Patient) -> Iterator[Finding]:
    """Without them the mirror runs, so nothing here needs a hand."""
    folder = patient.config.models.styles
    library = Library(folder)
    if library.notice:
        yield Finding("styles", "note", library.notice)
        return
    palette, notice = library.look()
    own = sum(style.vector is not None for style in palette.styles.values())
    told = f"{len(palette.styles) - own} built in, {own} of pictures in {folder}"
    if notice:
        yield Finding("styles", "note", f"{told}; {notice}", "what a picture has to be: styles/README.md")
    else:
        yield Finding("styles", "good", told)
