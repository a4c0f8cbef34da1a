"""Batches on a disk, between two killed processes, and through the engine."""
