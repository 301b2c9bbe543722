"""`make bench-engine`: the compiled engine beside spaCy and beside the same network in ONNX Runtime, in one process."""
