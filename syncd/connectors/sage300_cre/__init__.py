"""Sage 300 Construction and Real Estate, one way and by file: what its import tools take in, and what they
reject row by row. Layouts are views that a customer's users edit, so each customer's is a reviewed file."""

from __future__ import annotations

from syncd.files.platform import file_platform

PLATFORM = file_platform("sage300-cre", "Sage 300 CRE", whole=False)

__all__ = ["PLATFORM"]
