"""What each direction is to do, and by what means."""

from dataclasses import dataclass

from installation.networks.facets_encoder import COARSE_STYLES, MIDDLE_STYLES
from installation.training.directions.flows import STIFFNESS

HEAD_STIFFNESS = 1.0  # of one that turns the head, hair and all
COARSE_AND_MIDDLE = (0, COARSE_STYLES + MIDDLE_STYLES)
EVERY_LAYER = (0, 64)


@dataclass(frozen=True)
class LearningPlan:
    """span: standard deviations of its own measure from -1 to +1. code: how much of the movement the code makes; the warp of
    the portrait makes the rest. shift: how much of the measured look the detail residual takes. layers: first and one past the
    last style moved. stiffness: see ``smooth_flow``. purse: see ``pursed``, for what lips cannot do by becoming thicker alone."""

    name: str
    span: float
    code: float = 0.2
    shift: float = 0.3
    layers: tuple[int, int] = COARSE_AND_MIDDLE
    stiffness: float = STIFFNESS
    purse: float = 0.0


PLANS = (
    LearningPlan("age", 2.8, 0.35, 1.2, EVERY_LAYER),
    LearningPlan("gender", 2.4, 0.35, 1.2, EVERY_LAYER),
    LearningPlan("smile", 3.6, 0.25, 0.8),
    LearningPlan("mouth-open", 3.0, 0.1, 0.6),
    LearningPlan("eyes-open", 3.2),
    LearningPlan("eye-distance", 3.2),
    LearningPlan("eye-eyebrow-distance", 3.0),
    LearningPlan("eye-ratio", 3.2),
    LearningPlan("lip-ratio", 2.6, 0.05, 0.3, stiffness=0.1, purse=0.26),
    LearningPlan("nose-mouth-distance", 3.0),
    LearningPlan("nose-ratio", 3.2),
    LearningPlan("nose-tip", 2.6, 0.0, 0.0, stiffness=0.01),
    LearningPlan("yaw", 2.6, 0.15, 0.0, stiffness=HEAD_STIFFNESS),
    LearningPlan("pitch", 2.6, 0.15, 0.0, stiffness=HEAD_STIFFNESS),
    LearningPlan("roll", 4.0, 0.15, 0.0, stiffness=HEAD_STIFFNESS),
)
SKIN = LearningPlan("skin", 2.0, 1.0, 1.0, EVERY_LAYER)  # is taken out of others, and no direction of its own
HEAD = frozenset({"yaw", "pitch", "roll"})  # the face as a whole
SIDED = frozenset({"yaw", "roll"})  # in a mirror they turn the other way
WHOLE_LOOKS = tuple(plan.name for plan in PLANS if plan.layers == EVERY_LAYER)
NAMES = tuple(plan.name for plan in PLANS)
