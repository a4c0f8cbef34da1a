"""Pairs of platforms that have a demo, one module each with a ``PAIR``."""
