"""Outputs: what takes each picture that the canvas has shown, such as a recording.

The window is not one of them and lives in ``canvas``: it owns the OpenGL context that the canvas is drawn with, so it is there before
the first picture, sets the pace, and no pixel has to be read back for it.
"""
