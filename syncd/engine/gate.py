"""A connection's places on the wire, and the line before it: how many writes may be sent, and marked so, at a
time."""

from __future__ import annotations

import asyncio

_IN_LINE_PER_PLACE = 0.75
"""What is marked as sent is in doubt if the process dies: no more of it than keeps the places taken while
the marks of the next are on their way to the disk, and none where few requests run at a time."""


class Gate:
    """``wire``: a place a request, as many as the platform takes at a time. ``line``: a place a write, from
    before its mark until its answer, so that no place on the wire is empty while a mark goes to disk.

    Whoever holds a place on the wire never waits for one in the line.
    """

    def __init__(self, places: int) -> None:
        self.wire = asyncio.Semaphore(places)
        self.line = asyncio.Semaphore(places + int(places * _IN_LINE_PER_PLACE))
