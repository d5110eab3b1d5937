"""What a configuration keeps of visitors, where, and for how long, in plain words: for whoever has to answer for it."""

from __future__ import annotations

from dataclasses import dataclass

from installation.config import Config, is_loopback
from installation.control.web.studio_desk import KEPT_SECONDS, MOST_KEPT, MOST_KEPT_BYTES
from installation.places import cache, kept

MEMORY = "in memory alone"
ALWAYS_LIVE = ("://", "/dev/")  # in the name of a source that shows this moment
FADE_SECONDS = 0.35  # at most, of a portrait on the wall whose visitor has gone


@dataclass(frozen=True, slots=True)
class Kept:
    """what: of a visitor; how: in a sentence or two."""

    what: str
    how: str

BOT = Kept("the bot", "another program with a word of its own on what it keeps: /privacy in its chat, and docs/bot.md")


def is_live(source: str) -> bool:
    """Whether a source is, or may be, a live camera; clips, pictures and the demo are none."""
    return source.isdecimal() or any(mark in source for mark in ALWAYS_LIVE)


def retention_of(config: Config) -> tuple[Kept, ...]:
    """A row for everything that a show has of a visitor, or writes."""
    return (*_in_memory(config), *_pictures(config), _taken_home(config), *_studio(config), *_told(config), *_files(config), BOT)


def _in_memory(config: Config) -> tuple[Kept, ...]:
    f, p = config.faces, config.privacy
    there = f.occlusion_seconds + f.fade_out_seconds
    code = min(there, p.forget_seconds)
    asked = {
        "off": "nobody is asked: whoever is seen is shown, changed",
        "hand": "by a raised hand; before it a visitor is veiled, and neither encoded nor drawn; it ends when they are forgotten",
        "smile": "by a held smile; before it a visitor is veiled, and neither encoded nor drawn; it ends when they are forgotten",
    }[p.consent]
    zones = len(f.ignore_zones)
    return (
        Kept("consent", asked),
        Kept("frames of the camera", f"{MEMORY}: those that are being worked on, and the newest one until the next comes"),
        Kept("landmarks, expressions", f"{MEMORY}, until a visitor has faded: {there:g} s after they were seen last"),
        Kept("codes of faces", f"{MEMORY}, until {code:g} s after the visitor was seen last; nobody is known again after that"),
        Kept("portraits", f"{MEMORY}, until they have faded: {there + FADE_SECONDS:g} s after the visitor was seen last"),
        Kept("ignored zones", f"{zones} of the configuration, and those in {kept(f.zones_file)}: rectangles, in which nobody is a visitor"),
    )


def _pictures(config: Config) -> tuple[Kept, ...]:
    stay = f"--record writes a file where it says, and snapshots lie in {kept('out')}; they stay until somebody deletes them"
    shown = f"shown to whoever may open the panel ({_reach(config)}), and kept nowhere"
    if not is_live(config.source):
        return (
            Kept("recordings, snapshots", f"the source is no live camera, so nobody asks: {stay}"),
            Kept("the panel's picture", shown),
        )
    if config.privacy.allow_recording:
        return (
            Kept("recordings, snapshots", f"allowed (privacy.allow_recording): {stay}"),
            Kept("the panel's picture", shown),
        )
    return (
        Kept("recordings, snapshots", "refused (privacy.allow_recording is false): a show with --record does not start"),
        Kept("the panel's picture", "refused: the panel shows no picture, and no small ones of styles"),
    )


def _taken_home(config: Config) -> Kept:
    t = config.takeaways
    if not t.enabled:
        return Kept("taken home", "nothing: takeaways are off (takeaways.enabled)")
    gallery = f"; one that is offered to the gallery stays there for {t.gallery_hours:g} hours at most" if t.gallery else ""
    printed = f"; the queue {t.printer} keeps a copy of what it prints" if t.printer else ""
    making = "; while it is being made, it and its film are in memory"
    kept_for = f"a picture and a film of it in {kept(t.folder)}, deleted after {t.keep_minutes:g} minutes, or when they say so"
    return Kept("taken home", f"where a visitor asks for it: {kept_for}{making}{gallery}{printed}")


def _studio(config: Config) -> tuple[Kept, ...]:
    """Of those who bring photographs to the page on which they are edited."""
    web, t = config.control.web, config.takeaways
    if web.enabled is False or not web.studio:
        return (Kept("photographs in the studio", "nothing: there is none (control.web.enabled, control.web.studio)"),)
    limits = f"{MOST_KEPT} photographs and {MOST_KEPT_BYTES / 1e6:g} MB at most"
    ends = f"each until its page is closed, or {KEPT_SECONDS / 60:g} minutes after it was touched last"
    brought = f"whoever may open it ({_reach(config)}) may bring some: {MEMORY}, with the faces in them and their codes, {limits}, {ends}"
    longer = "where somebody asks for it, the square and the code of a face go to a process of its own on this machine, and end with it"
    lent = "may be opened in the studio: a copy in memory alone, not to be saved, and gone when the gallery does not show it any more"
    gallery = (Kept("stills of the gallery", lent),) if t.enabled and t.gallery else ()
    return (Kept("photographs in the studio", brought), Kept("longer looks there", longer), *gallery)


def _told(config: Config) -> tuple[Kept, ...]:
    osc, web = config.control.osc, config.control.web
    if osc.enabled is False or not osc.out_port:
        sent = "nothing"
    else:
        sent = f"how many visitors there are, a number for each and how broadly they smile, to {osc.out_host}:{osc.out_port}"
    figures = "off" if web.enabled is False else f"the same figures to whoever may look at the panel or at /metrics ({_reach(config)})"
    m = config.operation.mqtt
    beat = f"how many visitors there are and were, to {m.host}:{m.port}, which keeps the newest word" if m.host else "nothing"
    return (
        Kept("told by OSC", f"{sent}; not kept here"),
        Kept("told by MQTT", f"{beat}; not kept here"),
        Kept("told on the web port", f"{figures}; not kept here"),
    )


def _files(config: Config) -> tuple[Kept, ...]:
    resume = "not written" if config.control.resume is False else str(kept(config.control.resume_file))
    return (
        Kept("the show's state", f"{resume}: controls and the preset, nothing of visitors"),
        Kept("report, log, terminal", "counts, faults, and numbers of visitors (0, 1, 2 …) that begin anew with each show"),
        Kept("other files", f"networks as they fit this machine ({cache()}), presets, the last good configuration: nothing of visitors"),
    )


def _reach(config: Config) -> str:
    web = config.control.web
    return "this machine alone" if is_loopback(web.host) and not web.hosts else f"{web.host}:{web.port}, with the token"
