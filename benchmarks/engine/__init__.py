"""The comparison of the compiled engine with spaCy, and with the same network in ONNX Runtime, in one process."""
