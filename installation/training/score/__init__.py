"""Measures of how well the models draw people."""
