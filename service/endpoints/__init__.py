"""The endpoints: `analysis` and `stream` for callers, `system` and `docs` for probes, operators and browsers."""
