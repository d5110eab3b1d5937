"""What an inversion weighs, and how long it may take. The defaults are the published ones; each says whose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """l2: of the blurred pictures' mean square difference, in -1…1; perceptual: of a distance that is scaled to LPIPS' size; both 1 in
    Roich et al. 2021 (``pt_l2_lambda``, ``pt_lpips_lambda``). identity: of 1 - cosine; 0.1 in Richardson et al. 2021 (pSp); only
    where a network is given. prior: of the mean square of the whitened code; 0.001 in Zhu et al. 2020 ("Improved StyleGAN Embedding:
    Where are the Good Latents?"). locality: of what tuning changes of other faces near the code; 0.1 in Roich et al. 2021, whose
    program leaves it off."""

    l2: float = 1.0
    perceptual: float = 1.0
    identity: float = 0.1
    prior: float = 1e-3
    locality: float = 0.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How far it goes. code_steps, tuning_steps: at most; 450 and 350 in Roich et al. 2021. seconds: of both together, None without
    end. code_share: of the seconds, for the code; tuning_steps 0: the generator stays as it is. code_rate: Adam's, in standard
    deviations of w, 0.01 in Zhu et al. 2020; tuning_rate: Adam's, 3e-4 in Roich et al. 2021. hurry: how many times these rates may be
    raised where the seconds allow fewer steps than that."""

    code_steps: int = 450
    tuning_steps: int = 350
    seconds: float | None = None
    code_share: float = 0.2
    code_rate: float = 0.01
    tuning_rate: float = 3e-4
    hurry: float = 10.0


BLUR_TAPS, BLUR_SIGMA = 3, 11.0  # px of the Gaussian behind the L2 term
RAMP_DOWN = 0.25  # of a phase, at its end, over which the rate falls to 0 (Karras et al. 2020, their projector)
PATIENCE, LEAST_GAIN = 60, 0.01  # steps in which the loss must have fallen by this share of itself; else it no longer gains
LOCALITY_STEP = 30.0  # length of the way from the code to a face near it (``regulizer_alpha`` of Roich et al. 2021)

PUBLISHED, UNLIMITED = Weights(), Effort()
