"""Networks for other hosts: ONNX, OpenVINO IR, TensorRT, each checked against torch."""
