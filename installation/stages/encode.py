"""Encode: each visitor's aligned face to a smoothed W+ code, and the detail residual of this very frame."""

from collections.abc import Sequence

import numpy as np
import torch

from installation.engines.base import Array, Network
from installation.engines.batched import BatchedEngine
from installation.engines.fingerprint import digest
from installation.engines.select import EngineSettings
from installation.latents.cache import CachePolicy, LatentCache
from installation.messages import AlignedFace, AlignedFrame, EncodedFace, EncodedFrame
from installation.networks.bundle import EncoderHeads, EncoderTrunk, Models, example_maps
from installation.networks.facets_encoder import INPUT_PX


class Encode:
    """The encoder in two engines: the trunk runs for every frame, the heads only when the cache asks for a new code."""

    input_px = INPUT_PX

    def __init__(
        self, models: Models, policy: CachePolicy, settings: EngineSettings, buckets: Sequence[int], thorough: bool = False
    ) -> None:
        self.cache = LatentCache(policy)
        key = digest(models.encoder)
        encoder = models.encoder

        def trunk(batch: int) -> Network:
            crops = torch.full((batch, INPUT_PX, INPUT_PX, 3), 128, dtype=torch.uint8)
            return Network(f"encoder-trunk-{batch}", EncoderTrunk(encoder).eval(), (crops,), key)

        def heads(batch: int) -> Network:
            return Network(f"encoder-heads-{batch}", EncoderHeads(encoder).eval(), example_maps(encoder, batch)[1:], key)

        self._trunk = BatchedEngine(trunk, 1, settings, buckets, thorough)
        self._heads = BatchedEngine(heads, 3, settings, (1,), thorough)

    @property
    def choice(self) -> str:
        """Backend, precision and threads of the trunk's engine."""
        return str(self._trunk.choice)

    def encode(self, aligned: AlignedFrame, now: float, hold: float = 0.0) -> EncodedFrame:
        """hold 0…1 slows the glide from code to code."""
        visible = [a for a in aligned.faces if a.face.seen and a.face.drawable > 0.5]
        maps = dict(zip((a.face.id for a in visible), self._trunk([[a.crop] for a in visible]), strict=True))
        faces = []
        for face in aligned.faces:
            encoded = self._face(face, maps.get(face.face.id), now, hold)
            if encoded is not None:
                faces.append(encoded)
        self.cache.forget({a.face.id for a in aligned.faces}, now)
        return EncodedFrame(aligned.frame, tuple(faces))

    def _face(self, aligned: AlignedFace, maps: list[Array] | None, now: float, hold: float) -> EncodedFace | None:
        face = aligned.face
        if self.cache.needs_code(face, now):
            if maps is None:  # never seen from an angle that can be drawn: nothing to show yet
                return None
            ws = np.asarray(self._heads([maps[1:]])[0][0], dtype=np.float32)
            self.cache.store(face, torch.from_numpy(ws), now)
        if maps is not None:
            self.cache.store_detail(face, torch.from_numpy(np.asarray(maps[0], dtype=np.float32)))
        ws_now, detail = self.cache.code(face, now, hold)
        return EncodedFace(face, ws_now, detail)
