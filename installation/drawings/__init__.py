"""Drawn people, made by rule from a few numbers: what can be read off them and learned from them is known to be true or not."""
