"""Encode: each visitor's aligned face to a smoothed W+ code, and the detail residual of this very frame."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from installation.engines.base import Network
from installation.engines.batched import BatchedEngine
from installation.engines.fingerprint import digest
from installation.engines.select import EngineSettings
from installation.faces.own import own_part
from installation.latents.cache import CachePolicy, LatentCache, can_be_encoded
from installation.messages import AlignedFace, AlignedFrame, EncodedFace, EncodedFrame, Face, Image, OwnChanges
from installation.models.bundle import Models
from installation.networks.editor import Editor
from installation.networks.encoder_parts import EditingTrunk, EncoderHeads, EncoderTrunk, example_crops, example_maps
from installation.networks.facets_encoder import FacetsEncoder

OWN_WEIGHTS = ("openvino", "cudagraph")  # engines that keep weights of their own
HEADS_READ = 3  # maps of the trunk
REST_FRAMES = 1  # after a visitor's turn with the editor, before it comes again
REST = 1.0  # a heavy encoder rests as long as it worked: tracking and drawing need the cores too


class Coder(Protocol):
    """Brings the cache up to date for the faces of one frame."""

    choice: str  # backend, precision and threads
    anywhere: bool  # whether ``alone`` may be called in any thread

    def update(self, faces: Sequence[AlignedFace], aligned: AlignedFrame, cache: LatentCache, now: float) -> None:
        """faces: those of the frame that can be seen well enough to encode."""
        ...

    def alone(self, one: AlignedFace, others: Sequence[AlignedFace], width: int, height: int) -> EncodedFace:
        """See ``Encode.alone``."""
        ...

    def relieve(self) -> str:
        """See ``Encode.relieve``."""
        ...

    def close(self, longest: float | None = None) -> None:
        """End what runs in the background, waiting ``longest`` s for it; None: until it has ended."""
        ...


class Encode:
    """Codes from the cache, new ones from a coder: in two engines where the encoder gives a detail residual, else whole.

    background: a whole encoder, tens of GFLOP, runs beside the loop, so that tracking keeps its pace; lockstep runs wait
    for it instead, so that the same input gives the same pixels.
    """

    def __init__(
        self,
        models: Models,
        policy: CachePolicy,
        settings: EngineSettings,
        buckets: Sequence[int],
        thorough: bool = False,
        background: bool = False,
    ) -> None:
        self.cache = LatentCache(policy)
        self.input_px = models.input_px
        self._coder: Coder
        if models.detail is not None:
            self._coder = DetailCoder(models.detail, models.editor, models.input_px, settings, buckets, thorough)
        else:
            self._coder = WholeCoder(models, settings, thorough, background)

    @property
    def choice(self) -> str:
        """Backend, precision and threads of the encoder's engine."""
        return self._coder.choice

    @property
    def anywhere(self) -> bool:
        """Whether ``alone`` may be called in any thread, and would hold up the loop."""
        return self._coder.anywhere

    def encode(self, aligned: AlignedFrame, now: float, hold: float = 0.0) -> EncodedFrame:
        """hold 0…1 slows the glide from code to code. A visitor appears here with their first code, which is made of the first
        frame that shows them well; what is not seen well keeps the last good code and detail."""
        visible = [a for a in aligned.faces if can_be_encoded(a.face)]
        self._coder.update(visible, aligned, self.cache, now)
        known = [a for a in aligned.faces if a.face.id in self.cache and (a.face.presence > 0 or can_be_encoded(a.face))]
        faces = tuple(self._encoded(a, now, hold) for a in known)
        self.cache.forget({a.face.id for a in aligned.faces}, now)
        return EncodedFrame(aligned.frame, faces, aligned.people)

    def _encoded(self, one: AlignedFace, now: float, hold: float) -> EncodedFace:
        code, detail = self.cache.code(one.face, now, hold)
        return EncodedFace(one.face, code, detail, one.silhouette, one.covered, self.cache.changes(one.face))

    def alone(self, one: AlignedFace, others: Sequence[AlignedFace], width: int, height: int) -> EncodedFace:
        """One face of a still, of which nothing is kept. others: everybody else in that still [height, width]. For the thread that
        ``encode`` is called in, or ``anywhere``."""
        return self._coder.alone(one, others, width, height)

    def relieve(self) -> str:
        """Encode with less memory from now on. What was given up, in a few words; "" where nothing is left to give up."""
        return self._coder.relieve()

    def close(self, longest: float | None = None) -> None:
        """End what runs in the background, waiting ``longest`` s for it; None: until it has ended."""
        self._coder.close(longest)


class DetailCoder:
    """The trunk runs for every frame and gives the detail; the heads run only when the cache asks for a new code. What the editor
    would change of a face changes little from frame to frame: it is asked by turns, the stalest first, and for whoever is new."""

    def __init__(
        self,
        encoder: FacetsEncoder,
        editor: Editor | None,
        input_px: int,
        settings: EngineSettings,
        buckets: Sequence[int],
        thorough: bool,
    ) -> None:
        key = digest(encoder)

        def trunk(batch: int) -> Network:
            return Network(f"encoder-trunk-{batch}", EncoderTrunk(encoder).eval(), (example_crops(batch, input_px),), key)

        def heads(batch: int) -> Network:
            return Network(f"encoder-heads-{batch}", EncoderHeads(encoder).eval(), example_maps(encoder, batch, input_px)[1:], key)

        self._trunk = BatchedEngine(trunk, 1, settings, buckets, thorough)
        self._heads = BatchedEngine(heads, 3, settings, (1,), thorough)
        self._editing = None if editor is None else _editing_trunk(encoder, editor, input_px, settings, thorough)
        self._asked: dict[int, int] = {}  # number of the frame in which the editor was asked of a visitor last, by their id
        self._frame = 0
        self.choice, self.anywhere = str(self._trunk.choice), False

    def update(self, faces: Sequence[AlignedFace], aligned: AlignedFrame, cache: LatentCache, now: float) -> None:
        height, width = aligned.frame.image.shape[:2]
        asked = self._turn(faces, cache)
        seen = dict(zip((a.face.id for a in asked), self._editing([[a.crop] for a in asked]) if self._editing else (), strict=True))
        others = [a for a in faces if a.face.id not in seen]
        seen |= zip((a.face.id for a in others), self._trunk([[a.crop] for a in others]), strict=True)
        for one in faces:
            detail, *maps = seen[one.face.id]
            if cache.needs_code(one.face, now):
                cache.store(one.face, _tensor(self._heads([maps[:HEADS_READ]])[0][0]), now)
            own = own_part(one, [a for a in aligned.faces if a is not one], width, height, detail.shape[-1])
            changes = OwnChanges(*(_tensor(part) for part in maps[HEADS_READ:])) if len(maps) > HEADS_READ else None
            cache.store_detail(one.face, _tensor(detail), None if own is None else torch.from_numpy(own), changes)

    def _turn(self, faces: Sequence[AlignedFace], cache: LatentCache) -> list[AlignedFace]:
        """Of whom the editor is asked in this frame."""
        if self._editing is None:
            return []
        self._frame += 1
        known = [a for a in faces if a.face.id in cache and cache.changes(a.face) is not None and a.face.id in self._asked]
        new = [a for a in faces if a not in known]
        stalest = min(known, key=lambda a: self._asked[a.face.id], default=None)
        due = [] if stalest is None or self._frame - self._asked[stalest.face.id] <= REST_FRAMES else [stalest]
        self._asked = {a.face.id: self._asked[a.face.id] for a in known} | {a.face.id: self._frame for a in (*new, *due)}
        return [*new, *due]

    def alone(self, one: AlignedFace, others: Sequence[AlignedFace], width: int, height: int) -> EncodedFace:
        """With what the editor would write on it."""
        engine = self._trunk if self._editing is None else self._editing
        residual, *maps = engine([[one.crop]])[0]
        ws, detail = _tensor(self._heads([maps[:HEADS_READ]])[0][0]), _tensor(residual)
        changes = OwnChanges(*(_tensor(part) for part in maps[HEADS_READ:])) if len(maps) > HEADS_READ else None
        part = own_part(one, others, width, height, detail.shape[-1])
        if part is not None:
            own = torch.from_numpy(part)
            detail = own * detail
            changes = None if changes is None else OwnChanges(own * changes.residual, changes.flow)
        return EncodedFace(one.face, ws, detail, one.silhouette, one.covered, changes)

    def relieve(self) -> str:
        if self._trunk.shrink():
            return "faces are encoded one by one"
        if self._editing is not None:
            self._editing = None
            return "edits are linear, without the editor"
        return ""

    def close(self, longest: float | None = None) -> None:
        """Nothing runs in the background."""


def _editing_trunk(encoder: FacetsEncoder, editor: Editor, input_px: int, settings: EngineSettings, thorough: bool) -> BatchedEngine:
    key, whole = digest(encoder, editor), EditingTrunk(encoder, editor).eval()

    def trunk(batch: int) -> Network:
        return Network(f"encoder-editing-trunk-{batch}", whole, (example_crops(batch, input_px),), key)

    return BatchedEngine(trunk, 1, settings, (1,), thorough)


@dataclass(frozen=True, eq=False)
class Job:
    """A face that is being encoded. asked: s, time of its frame."""

    face: Face
    asked: float
    code: Future[Tensor]


class WholeCoder:
    """One engine for the whole encoder, only when the cache asks, in the background one face at a time, the stalest first.

    The weights of ``models.encoder``, most of a gigabyte for pSp, are let go where the engine has taken them over.
    """

    def __init__(self, models: Models, settings: EngineSettings, thorough: bool, background: bool) -> None:
        module = models.whole_encoder()
        key = digest(models.encoder)

        def whole(batch: int) -> Network:
            return Network(f"encoder-whole-{batch}", module, (example_crops(batch, models.input_px),), key)

        self._engine = BatchedEngine(whole, 1, settings, (1,), thorough)
        self.choice = str(self._engine.choice)
        if self._engine.choice.backend in OWN_WEIGHTS:
            let_go(module)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="encode") if background else None
        self.anywhere = background
        self._job: Job | None = None
        self._rest = float("-inf")  # s, until when known faces wait

    def update(self, faces: Sequence[AlignedFace], aligned: AlignedFrame, cache: LatentCache, now: float) -> None:
        stale = [a for a in faces if cache.needs_code(a.face, now)]
        if self._worker is None:
            for one in stale:
                cache.store(one.face, self._run(one.crop), now)
            return
        if self._job is not None and self._job.code.done():
            job, self._job = self._job, None
            self._rest = now + REST * (now - job.asked)
            cache.store(job.face, job.code.result(), job.asked)
        if self._job is None:
            waiting = [a for a in stale if a.face.id not in cache or now >= self._rest]
            if waiting:
                oldest = max(waiting, key=lambda a: cache.age(a.face, now))
                # A copy: the crop's memory is used again a few frames on.
                self._job = Job(oldest.face, now, self._worker.submit(self._run, oldest.crop.copy()))

    def alone(self, one: AlignedFace, others: Sequence[AlignedFace], width: int, height: int) -> EncodedFace:
        """After the face in hand, where one is."""
        ws = self._run(one.crop) if self._worker is None else self._worker.submit(self._run, one.crop).result()
        return EncodedFace(one.face, ws, None, one.silhouette, one.covered)

    def _run(self, crop: Image) -> Tensor:
        return _tensor(self._engine([[crop]])[0][0])

    def relieve(self) -> str:
        return ""

    def close(self, longest: float | None = None) -> None:
        if self._worker is not None:
            self._worker.shutdown(wait=longest is None, cancel_futures=True)
            if longest is not None and self._job is not None:
                wait([self._job.code], longest)


def let_go(module: nn.Module) -> None:
    """Free the numbers of a module that is not run any more."""
    for parameter in module.parameters():
        parameter.data = torch.empty(0)


def _tensor(array: np.typing.NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.asarray(array, dtype=np.float32))
