"""The endpoints: `analysis` is what callers come for, `system` what operators and probes need."""
