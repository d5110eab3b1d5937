"""Geometry and measures of faces, numpy only."""
