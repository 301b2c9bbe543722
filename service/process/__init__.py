"""The operating system's side: the supervisor and its workers, signals, CPUs, heap."""
