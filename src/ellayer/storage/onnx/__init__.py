"""ONNX: models written as graphs, and checked against onnxruntime."""
