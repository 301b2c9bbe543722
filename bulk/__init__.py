"""Corpora larger than a machine: analyses as Arrow tables, and `spanwise bulk`, which Ray spreads over machines.

Importing this package imports neither Arrow nor Ray; `spanwise[bulk]` installs them. `spanwise.bulk.arrow` is the one
function under everything here, and needs Arrow alone.
"""
