"""Logs, metrics, and the folder in which several workers share their metrics."""
