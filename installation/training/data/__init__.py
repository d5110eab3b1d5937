"""Data sets of faces from pictures and videos."""
