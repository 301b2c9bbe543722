"""The HTTP service: admission, batching, errors, logs, the command line. Nothing imports it."""
