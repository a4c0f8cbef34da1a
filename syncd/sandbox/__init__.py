"""Every platform as a local server: it speaks the documented API, refuses what the real one
refuses, and fails on demand. A package here with a ``SANDBOX`` adds one, and nothing else."""
