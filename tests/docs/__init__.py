"""Tests of the examples in the docs: every fenced block is run, or says why it cannot be."""
