"""The canvas drawn by OpenGL (moderngl, the context passed in)."""
