"""What the service says of itself: logs, metrics, and the folder in which a group of workers shares its numbers."""
