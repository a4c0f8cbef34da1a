"""Several who watch a connection, as one."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.ports import Observation, Tap
from syncd.ports.watching import Exchange, Grant, Written, is_a_trial


class Taps:
    """A ``Tap`` that tells each of ``taps``; of a trial only that there was a request."""

    def __init__(self, *taps: Tap) -> None:
        self._taps = taps

    def add(self, tap: Tap) -> None:
        """One more watches from now on."""
        self._taps = (*self._taps, tap)

    def exchange(self, connection: str, seen: Exchange) -> None:
        if is_a_trial():
            seen = seen._replace(body=b"")
        for tap in self._taps:
            tap.exchange(connection, seen)

    def granted(self, connection: str, grant: Grant) -> None:
        for tap in self._taps:
            tap.granted(connection, grant)

    def records(self, connection: str, entity: str, shown: Sequence[Observation]) -> None:
        if is_a_trial():
            return
        for tap in self._taps:
            tap.records(connection, entity, shown)

    def walked(self, connection: str, entity: str, problem: str) -> None:
        if is_a_trial():
            return
        for tap in self._taps:
            tap.walked(connection, entity, problem)

    def wrote(self, connection: str, entity: str, seen: Written) -> None:
        for tap in self._taps:
            tap.wrote(connection, entity, seen)
