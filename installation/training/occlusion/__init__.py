"""Teaches a network to see what covers a face."""
