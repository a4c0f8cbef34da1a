"""Golden scenarios: stories a bookkeeper can follow, played against the real engine and store."""
