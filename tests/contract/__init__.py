"""Tests of the published contract: linters, breaking changes, property tests, generated clients."""
