"""Seeded simulation: the real engine and store in a world that goes wrong, and a checker that shares no code
with them. `python -m tests.sim --help`."""
