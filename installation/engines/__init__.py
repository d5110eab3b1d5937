"""How a network is run: eager, compiled, CUDA graph, OpenVINO, behind one interface."""
