"""Photographs and clips on the disk, worked on without a show: read, changed by the same stages, written whole."""
