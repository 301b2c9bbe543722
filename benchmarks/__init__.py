"""Measurements of speed, memory and exactness.

- `make bench`: the service over HTTP, offline `nlp.pipe` and a minimal FastAPI app, in one run (`__main__`, `run`).
- `make bench-engine`: the compiled engine, `nlp.pipe`, OpenBLAS and ONNX Runtime, in one process (`engine`).
- `make exactness`: the compiled engine against `nlp.pipe` on every text of the corpora.
- `make soak`: the service under every kind of traffic, and what it keeps (`soak`, `soak_callers`, `soak_plot`).
- `make new-words`: memory over texts of words never seen before.
- `python -m benchmarks.parts`: the parts behind single design decisions, for the figures in docs/adr.

A run of `make bench` reads its texts by `corpus`, starts each of the `targets` by `server`, sends each of the
`workloads` by `load` while `liveness` asks `/livez`, measures `offline` for comparison, collects `results` and prints a
`report`.
"""
