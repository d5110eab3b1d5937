"""From the configuration to what is asked of visitors, and what is shown while there is nobody to show."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from installation.config import Config
from installation.faces.bounds import whole_picture
from installation.models.guests import Guest
from installation.models.walk import Walk
from installation.stages.attract import Attract
from installation.stages.consent import HAND, Consent
from installation.stages.hands import Hands
from installation.zones import Zone

NOBODY_ASKED = "off"


def gestures_of(config: Config, room: Callable[[], Zone | None] = whole_picture) -> tuple[Hands | None, Consent | None]:
    """Who sees raised hands, and who lets those alone pass who agree; None where nobody is needed. room: the part of the picture in which
    visitors are looked for. Raises WeightsError."""
    p, takeaways = config.privacy, config.takeaways
    consent = None if p.consent == NOBODY_ASKED else Consent(p.consent, p.forget_seconds, room)
    wanted = p.consent == HAND or (takeaways.enabled and takeaways.hand)
    return (Hands() if wanted else None, consent)


def attract_of(config: Config, guests: Callable[[str], Guest | None]) -> Attract:
    """What is shown while there is nobody to show. guests: gives a stored face by its name."""
    after, consent = config.invitation.after_seconds, config.privacy.consent
    return Attract(Walk(guests), inf if after == "never" else after, "" if consent == NOBODY_ASKED else consent)
