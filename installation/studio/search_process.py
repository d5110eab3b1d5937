"""A longer look at one face, in a process of its own that gives way to everything: ``python -m installation.studio.search_process``.

The same optimisation as ``python -m installation invert``, of the code alone and around the residual that the mirror draws it with. It
reads a ``search_talk.Request``, says how far it is and how the face looks by now, and at last the best code that it has found. On one
core at most; nothing is written.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import torch

from installation.checkpoints.loading import load_encoder, load_generator
from installation.engines.fingerprint import digest
from installation.errors import FacetsError, WeightsError
from installation.inversion.best import best_code
from installation.inversion.engine import Aim, Inversion, Progress
from installation.inversion.settings import Effort
from installation.inversion.terms import FaceFeatures, Term
from installation.messages import Image
from installation.networks.facets_encoder import FacetsEncoder
from installation.places import shipped
from installation.studio.pictures import jpeg
from installation.studio.search_talk import ENOUGH, Request, message, read_request
from installation.training.inversion_terms import net_terms

NICE = 19  # whatever the show leaves over
FIRST_TO_GO = "500"  # of a process that the system may end where memory runs out, so that it is not the show
LOOK = 0.5  # s between two pictures
CHANGED = "{}: is another file than when the mirror was started; start it again"
Tell = Callable[[float, Image], None]


@dataclass(frozen=True, slots=True)
class Found:
    """code: [styles, w_dim] float32, as bytes. before, after: loss of the code that it began with, and of this one; the same where none was
    better. settled: whether it ended because there was no more to gain."""

    code: bytes
    before: float
    after: float
    steps: int
    settled: bool


def searched(request: Request, tell: Tell, enough: Callable[[], bool]) -> Found:
    """The best code that is found in the time that there is. tell: hears the share that is done, and how the face is drawn by now. Raises
    FacetsError."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    base = load_generator(request.generator)
    if digest(base) != request.key:
        raise WeightsError(CHANGED.format(request.generator))
    encoder = load_encoder(request.encoder or shipped("weights") / "encoder.safetensors")
    assert isinstance(encoder, FacetsEncoder)
    residual = None
    if request.detail is not None:
        with torch.no_grad():
            residual = encoder.residual(torch.from_numpy(request.detail)[None])[0]
    side = int(base.size)
    way = cv2.INTER_AREA if request.square.shape[0] > side else cv2.INTER_CUBIC
    fitted = np.asarray(cv2.resize(request.square, (side, side), interpolation=way), np.uint8)
    picture = torch.from_numpy(fitted).permute(2, 0, 1).float() / 127.5 - 1
    aim = Aim(picture, torch.from_numpy(request.start), residual=residual)
    perceptual, identity = _further_terms(request.nets)
    effort = Effort(tuning_steps=0, seconds=request.seconds)
    inversion = Inversion(base, aim, effort=effort, perceptual=perceptual or FaceFeatures(encoder), identity=identity)
    looked = float("-inf")

    def heard(progress: Progress) -> bool:
        nonlocal looked
        now = time.monotonic()
        if now - looked >= LOOK:
            looked = now
            tell(progress.share, progress.picture)
        return not enough()

    best = best_code(inversion, heard)
    return Found(best.code.numpy().tobytes(), best.before, best.after, best.steps, inversion.phases["code"].settled)


def _further_terms(nets: Path) -> tuple[Term | None, Term | None]:
    """Perceptual and identity, each only where its network lies there and can be read: without them a face is found as well."""
    try:
        return net_terms(nets)
    except Exception:  # broken, or another version's: any error at all comes out of such a file
        return None, None


def main(given: BinaryIO, told: BinaryIO) -> int:
    """The process: 0 where a code was found or is told to be none."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
    enough = threading.Event()

    def say(words: dict[str, object], data: bytes = b"") -> None:
        told.write(message(words, data))
        told.flush()

    def tell(share: float, picture: Image) -> None:
        say({"share": round(share, 4)}, jpeg(picture))

    def listen() -> None:
        for line in given:
            if line == ENOUGH:
                enough.set()
        os._exit(1)  # whoever asked is gone, or wants no more of it

    try:
        request = read_request(given)
        threading.Thread(target=listen, name="listen", daemon=True).start()
        found = searched(request, tell, enough.is_set)
        words = {"before": found.before, "after": found.after, "steps": found.steps, "settled": found.settled}
        say({"found": words}, found.code)
    except EOFError:
        return 1
    except BrokenPipeError:
        return 1
    except FacetsError as err:
        say({"fault": f"{err}."})
        return 1
    except MemoryError:
        say({"fault": "There is too little memory on this machine to look longer."})
        return 1
    except Exception as err:
        say({"mishap": f"{type(err).__name__}: {err}"})
        return 1
    return 0


if __name__ == "__main__":
    apart = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the messages
    os._exit(main(sys.stdin.buffer, apart))  # not by Python's own way, which waits for the thread that listens
