"""Winter scenes that a visitor can stand before, painted by rule from a seed: one file a scene."""
