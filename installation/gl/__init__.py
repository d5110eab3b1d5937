"""OpenGL programs and targets (moderngl, the context passed in)."""
