"""Compose: hang the newest portraits on the canvas and draw one picture of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from installation.canvas.backdrops import Backdrops
from installation.canvas.backgrounds import Backgrounds
from installation.canvas.fading import Fader, Switch
from installation.canvas.flashes import FlashLimiter
from installation.canvas.hud import HudPainter, HudState
from installation.canvas.invitation import InvitationPainter, InvitationTexts
from installation.canvas.look import FACETS, MIRROR, NONE, ROOM, Look, LookControls
from installation.canvas.ornaments import Ornaments
from installation.canvas.particles import Particles, Swarm
from installation.canvas.scene import Overlay, Renderer, Scene
from installation.canvas.wall import Wall
from installation.messages import Image, Portraits

LAST_PICTURE_SECONDS = 5.0  # for which the last picture stays in the background when no other comes and nobody knows why
BLACKOUT_SECONDS = 0.3
MIRROR_SECONDS = 0.7  # from the mirror to the wall of portraits and back
ORNAMENT_SECONDS = 1.2
PARTICLE_SECONDS = 1.5  # from one sort of particles to another
OF_THE_CAMERA = ("camera", "blur")
ALONE, ALONE_ZOOM = "grid", 0.66  # layout and size of the portrait that hangs there while there is nobody to show
BLANK = "black"  # the background in place of a camera that is gone: its last visitors must not stay on the wall


class Told(Protocol):
    """What visitors are told on the canvas, by whoever has something to tell them."""

    def wants(self, now: float) -> bool:
        """Whether the picture of ``now``, s, is to be kept as it is without figures and cards."""
        ...

    def overlays(self, now: float) -> tuple[Overlay, ...]:
        """What to lay over it."""
        ...


def nothing(now: float) -> tuple[Overlay, ...]:
    """Laid over a canvas that no operator stands before."""
    return ()


class Compose:
    """Portraits in, pixels in the renderer's canvas out. Owns what lies over and under the wall, and how it all fades. live: no picture
    waits for an ornament that is still being drawn. blackout_seconds: how long the next one takes, None: its usual time. away: whether the
    camera shows nothing at a time, s: its last picture gives way at once. invitation: what can be said to visitors, None for nothing.
    ``told`` and ``over``, what lies above everything else, may be set before the first picture."""

    def __init__(
        self,
        renderer: Renderer,
        live: bool = False,
        backdrops: Backdrops | None = None,
        blackout_seconds: Callable[[], float | None] = lambda: None,
        away: Callable[[float], bool] = lambda now: False,
        invitation: InvitationTexts | None = None,
    ) -> None:
        self.renderer = renderer
        self._away = away
        self._blackout_seconds = blackout_seconds
        self._wall = Wall(renderer.width, renderer.height)
        self._hud = HudPainter(renderer.width, renderer.height)
        self._invitation = InvitationPainter(renderer.width, renderer.height, invitation or InvitationTexts())
        self._picture: Image | None = None
        self._mirror: Fader | None = None
        self._frame: Image | None = None
        self._blackout = Fader(0.0, BLACKOUT_SECONDS)
        self._backgrounds = Backgrounds(backdrops or Backdrops(renderer.width, renderer.height, {}))
        self._particles = Particles(renderer.width, renderer.height)
        self._kind, self._ornament = Switch(PARTICLE_SECONDS), Switch(ORNAMENT_SECONDS)
        self._ornaments = Ornaments(renderer.width, renderer.height, live=live)
        self._limiter = FlashLimiter()
        self._then: float | None = None
        self.told: Told | None = None
        self.over: Callable[[float], tuple[Overlay, ...]] = nothing
        self._kept = False  # whether the last picture was kept, and shown as it was drawn

    @property
    def clean(self) -> Image | None:
        """The last picture without figures and cards, [height, width, 3], until the next one is drawn; None where nobody wanted it kept,
        and while the canvas is held back from flashing."""
        return self.renderer.beneath() if self._kept else None

    @property
    def dark(self) -> bool:
        """Whether the canvas is black, and not only on the way there."""
        return self._blackout.value >= 1.0

    @property
    def held(self) -> int:
        """How many pictures were changed so that the canvas does not flash."""
        return self._limiter.held

    def __call__(self, portraits: Portraits | None, controls: LookControls, now: float, hud: HudState | None = None) -> None:
        """Draw the canvas of time ``now`` (s). ``portraits``: the newest there are, None before the first ones."""
        first = self._then is None
        dt = 0.0 if self._then is None else max(now - self._then, 0.0)
        self._then = now
        look = Look.of(controls)

        # Hang the portraits: those who left stay on the wall with their last picture until they have faded.
        # A camera that is gone takes its last picture along: who was there must not stay on the wall.
        held = self._held_back(portraits, now) and not controls.flag("transport/freeze")
        # Where there is nobody to show, the wall takes the mirror's place.
        look = _alone(look) if portraits is not None and portraits.alone else look
        mirror = self._mirror_share(look.layout == MIRROR and not held, dt)
        tiles, placements = self._wall.hang(portraits, look, now)

        # Light the room.
        if held and look.background in OF_THE_CAMERA:
            look = replace(look, background=BLANK)
        behind = self._backgrounds.step(look, portraits, mirror, dt)
        if portraits:
            self._frame = portraits.frame.image
            self._picture = portraits.picture if portraits.picture is not None else self._picture

        # Let it snow, and hang the ornament around it all.
        swarms = self._drift(look, now, dt)
        ornaments, glows = self._adorn(look, now, dt, first)

        # Say what there is to say to visitors.
        blackout = self._darkness(look.blackout, dt, first)
        said = self._invitation.overlays(portraits.invitation if portraits is not None else "", now, dt, 1.0 - blackout)
        keeps = self.told is not None and self.told.wants(now)
        cards = self.told.overlays(now) if self.told is not None else ()

        # Draw it all.
        self.renderer.draw(
            Scene(
                now=now,
                dt=dt,
                look=look,
                tiles=tiles,
                lights=self._wall.lights(placements) if mirror < 1.0 or self._picture is None else (),
                room=behind.room,
                camera=behind.camera,
                blur=behind.blur,
                backdrops=behind.pictures,
                people=behind.people,
                hidden=behind.hidden,
                frame=self._frame,
                picture=self._picture,
                mirror=mirror,
                swarms=swarms,
                ornaments=ornaments,
                glows=glows,
                blackout=blackout,
                overlays=(*said, *cards, *self._hud.overlays(hud, now), *self.over(now)),
                keeps=keeps,
            )
        )

        # Hold flashes back.
        self._kept = self._limit(now, dt) and keeps

    def read(self) -> Image:
        """The picture drawn last, [height, width, 3]; the next one overwrites it."""
        return self.renderer.read()

    def _held_back(self, portraits: Portraits | None, now: float) -> bool:
        """Whether the camera's last picture is not to be seen any more."""
        return portraits is not None and (self._away(now) or now - portraits.frame.time > LAST_PICTURE_SECONDS)

    def _darkness(self, wanted: bool, dt: float, first: bool) -> float:
        """How black 0…1 the canvas is; a show that begins dark is so from its first picture on."""
        self._blackout.seconds = self._blackout_seconds() or BLACKOUT_SECONDS
        if first:
            self._blackout.value = float(wanted)
        return self._blackout.towards(float(wanted), dt)

    def _mirror_share(self, wanted: bool, dt: float) -> float:
        if self._mirror is None:  # the show begins with the layout it was asked for
            self._mirror = Fader(float(wanted), MIRROR_SECONDS)
        return self._mirror.towards(float(wanted), dt)

    def _drift(self, look: Look, now: float, dt: float) -> tuple[Swarm, ...]:
        levels = self._kind.towards(look.particles, dt)
        flocks = [self._particles.swarms(kind, level * look.particles_amount, look.grade, now) for kind, level in levels.items()]
        return tuple(swarm for flock in flocks for swarm in flock)

    def _adorn(self, look: Look, now: float, dt: float, first: bool) -> tuple[tuple[Overlay, ...], tuple[Swarm, ...]]:
        ready = self._ornaments.ready(look.ornament, now, at_once=first)
        levels = self._ornament.towards(look.ornament if ready else NONE, dt)
        amounts = {kind: level * look.ornament_amount for kind, level in levels.items()}
        overlays = [one for kind, amount in amounts.items() for one in self._ornaments.overlays(kind, amount, look.grade)]
        glows = [glow for kind, amount in amounts.items() for glow in self._ornaments.glows(kind, amount, look.grade, now)]
        return tuple(overlays), tuple(glows)

    def _limit(self, now: float, dt: float) -> bool:
        """Whether the picture is shown as it was drawn."""
        samples = self.renderer.sample()
        share = self._limiter.share(samples, now, dt)
        if share < 1.0:
            self.renderer.hold(share)
            samples = self.renderer.sample()
        self._limiter.shown(samples, now, whole=share >= 1.0)
        return share >= 1.0


def _alone(look: Look) -> Look:
    """The look while there is nobody to show: one portrait on the wall, with room for words beneath."""
    background = ROOM if look.background in OF_THE_CAMERA else look.background
    layout = ALONE if look.layout in (MIRROR, FACETS) else look.layout
    return replace(look, layout=layout, zoom=ALONE_ZOOM * look.zoom, background=background)
