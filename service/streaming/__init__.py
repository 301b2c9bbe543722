"""Streams of JSON Lines: the intake, the window of results that are not sent yet, and the response."""
