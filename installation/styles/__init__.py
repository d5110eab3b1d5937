"""Painters' styles: which there are, how they are blended, and how a styled picture is kept steady."""
