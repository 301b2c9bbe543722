"""Tests of the page at `/` in a real browser. `make page-test` runs them; those of its routes are in tests/service."""
