"""The canvas drawn by numpy and OpenCV, where there is no OpenGL."""
