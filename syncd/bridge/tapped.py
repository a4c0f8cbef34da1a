"""A bridge's channel with a tap on it: what was asked for and whether it was answered, no values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from lxml import etree

from syncd.core.errors import UnreadableAnswer
from syncd.ports import BridgeChannel, Exchange, Tap

_FROM: Final = re.compile(r"\bfrom\s+([\w.\"\[\]]+)", re.IGNORECASE)


class TappedChannel:
    """Implements ``ports.BridgeChannel``."""

    def __init__(self, channel: BridgeChannel, connection: str, tap: Tap) -> None:
        self._channel = channel
        self._connection = connection
        self._tap = tap

    @property
    def connected(self) -> bool:
        return self._channel.connected

    async def query(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        with self._shown("SQL", _table(statement)):
            return await self._channel.query(statement, parameters)

    async def submit(self, document: bytes) -> bytes:
        with self._shown("XML", _request(document)) as seen:
            answer = await self._channel.submit(document)
            try:
                etree.fromstring(answer, _parser())
            except etree.XMLSyntaxError:
                seen.problem = "the answer is not well-formed XML"
        return answer

    @contextmanager
    def _shown(self, verb: str, asked: str) -> Iterator[_Seen]:
        """Tell the tap what came of the block."""
        began, seen = monotonic(), _Seen(lost=True)
        try:
            yield seen
            seen.lost = False
        except UnreadableAnswer as wrong:
            seen.lost, seen.problem = False, wrong.message
            raise
        finally:
            seconds = monotonic() - began
            exchange = Exchange(verb, asked, 0, {}, seen.problem, None, seconds, lost=seen.lost)
            self._tap.exchange(self._connection, exchange)


@dataclass
class _Seen:
    lost: bool
    problem: str = ""


def _table(statement: str) -> str:
    """What a statement reads from: its first table."""
    found = _FROM.search(statement)
    return found.group(1).strip('"[]') if found else "?"


def _request(document: bytes) -> str:
    """The name of the request in a document of ours; the envelope's own parts are called MBXML..."""
    names = [etree.QName(node).localname for node in etree.fromstring(document, _parser()).iter("{*}*")]
    asked = [name for name in names if name.endswith("Rq") and not name.startswith("MBXML")]
    return asked[0] if asked else "?"


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
