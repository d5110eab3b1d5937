"""Facets: a live latent mirror."""

__version__ = "0.1.0"
