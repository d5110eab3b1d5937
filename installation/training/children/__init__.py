"""Generators that learn a style."""
