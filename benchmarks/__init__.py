"""What measures the service and the constants in it."""
