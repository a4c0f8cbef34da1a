"""The version that answers came in while a contract was learned from them."""

from __future__ import annotations

from dataclasses import replace

from monitor import credentials
from monitor.contract import Contract
from syncd.ports import Exchange
from syncd.ports.watching import Unwatched


class Versions(Unwatched):
    """Implements ``ports.Tap``: remembers the version that was asked for and the one that was served."""

    def __init__(self) -> None:
        self._asked = self._served = ""

    def exchange(self, connection: str, seen: Exchange) -> None:  # noqa: ARG002 (it watches one)
        facts = credentials.of_exchange(seen)
        self._asked = facts.get(credentials.ASKED, self._asked)
        self._served = facts.get(credentials.SERVED, self._served)

    def stated(self, contract: Contract) -> Contract:
        """The contract, with both."""
        return replace(contract, asked_version=self._asked, served_version=self._served)
