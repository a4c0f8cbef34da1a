"""Revisions of the state's tables by name. Pure.

A name says how far back it reaches: ``0010_from_0009`` is the tenth, and code made for the ninth works on it
as well, because it only adds what that code need not know. A name without the second part is for code of that
revision alone. So two versions work side by side while workers are replaced one after the other.
"""

from __future__ import annotations

from typing import Final

HEAD: Final = "0011_from_0010"
"""The revision this code is made for; a test holds it to the newest one in ``migrations/``."""


def reach(revision: str) -> tuple[str, str]:
    """(its number, the oldest code's that works on it)."""
    number, _, oldest = revision.partition("_from_")
    return number, oldest or number


OURS: Final = reach(HEAD)[0]
"""The number of this code."""


def fits(found: str | None) -> bool:
    """Whether this code works on a state of that revision; None: an empty one."""
    if found is None:
        return False
    number, oldest = reach(found)
    return oldest <= OURS <= number
