"""How a network is run: eager, compiled, CUDA graph or OpenVINO, as measured on this machine."""
