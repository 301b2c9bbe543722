"""How good the sentiment model is that ships: what must be right for the right reason, and fair."""
