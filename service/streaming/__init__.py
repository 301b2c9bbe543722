"""Streams of JSON Lines: the session, its window of unanswered lines, and the splitting into lines."""
