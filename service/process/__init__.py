"""The operating system's side of a worker: signals, CPUs, heap."""
