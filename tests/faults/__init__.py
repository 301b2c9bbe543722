"""Faults of a real service: processes that die, stop or hang, pipelines that misbehave, output that cannot be written.

Every test of this folder starts `spanwise serve` and does something to it. `make test` runs them at a small size;
`make faults` runs this folder alone at full size, with more load and for longer.
"""
