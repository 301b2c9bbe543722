"""The HTTP service: endpoints, queue, errors, logs, metrics, the command line. No other room imports it."""
