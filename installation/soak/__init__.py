"""Runs the program for hours with visitors and faults, measures it from outside, and writes a page on how it went."""
