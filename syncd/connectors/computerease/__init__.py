"""ComputerEase, one way and by file: a person imports each file in its client, all of it or nothing. The
layouts live inside the customer's system, so each customer's is a reviewed file."""

from __future__ import annotations

from syncd.files.platform import file_platform

PLATFORM = file_platform("computerease", "ComputerEase", whole=True)

__all__ = ["PLATFORM"]
