"""The process that serves: its signals, its CPUs, its heap."""
