"""Faces as codes: kept in files, drawn by any generator, mixed layer by layer."""
