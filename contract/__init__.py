"""What holds the published contract to service and callers: examples, breaking changes, generated clients."""
