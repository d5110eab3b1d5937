"""Tensor algebra of latent codes: directions, oscillators, the cache; no networks."""
