"""Planted bugs: each named mutation of engine, core or store must be caught, or the proof proves nothing."""
