//! Merges adapters, writes ONNX graphs, quantizes.
