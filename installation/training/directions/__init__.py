"""Directions of edits: labels, fits, effects."""
