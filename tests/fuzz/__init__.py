"""Fuzzing: inputs that nobody wrote, against properties that must hold for every input (`make fuzz`)."""
