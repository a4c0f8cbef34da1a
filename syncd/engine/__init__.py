"""The async shell: observes, asks the core, writes down, applies, settles, recovers.

It knows core, mapping and ports, never an adapter. A function here that awaits takes no business
decision; those stand in ``decide.py`` and in ``syncd.core``.
"""
