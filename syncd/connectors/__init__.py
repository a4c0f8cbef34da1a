"""One package a platform. ``registry`` finds them by name; no connector imports another."""
