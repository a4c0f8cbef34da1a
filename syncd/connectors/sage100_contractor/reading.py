"""Reading: rows of SQL become wire records; walks, their watermarks and their overlap."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from syncd.connectors.sage100_contractor import payroll
from syncd.connectors.sage100_contractor.profile import PayClass
from syncd.connectors.sage100_contractor.statements import Position, Statement, Statements, is_record_number
from syncd.connectors.sage100_contractor.tables import CHANGED, ID, PARENT, Kind, Layout, Source
from syncd.core.canonical import number
from syncd.core.errors import UnreadableAnswer
from syncd.ports import BridgeChannel, Page, Seen

Row = Mapping[str, Any]

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Reader:
    """One connection's reads. Raises what ``BridgeChannel.query`` raises."""

    def __init__(
        self,
        channel: BridgeChannel,
        statements: Statements,
        layout: Layout,
        *,
        zone: ZoneInfo,
        page_size: int,
        overlap: timedelta,
        now: Callable[[], datetime],
        pay_types: Mapping[int, PayClass],
    ) -> None:
        self._channel: Final = channel
        self._statements: Final = statements
        self._layout: Final = layout
        self._zone: Final = zone
        self._page_size: Final = page_size
        self._overlap: Final = overlap
        self._now: Final = now
        self._pay_types: Final = pay_types

    def pages(self, source: Source, *, since: str | None, resume: str | None) -> AsyncIterator[Page]:
        """A walk over what changed since then, or over everything."""
        place = _resumed(resume) if resume else None
        if place is None and since is not None:
            place = started(since, self._overlap, self._zone)
        if isinstance(place, Position):
            return self._changes(source, since, place)
        return self._everything(source, place)

    async def _everything(self, source: Source, place: _Listed | None) -> AsyncIterator[Page]:
        """By surrogate key: whatever stands there from the beginning to the end of the walk is shown.
        What changes meanwhile is shown by the next walk, which starts where this one began."""
        if place is None:
            stamps = [row["changed"] for row in await self.run(self._statements.newest(source))]
            place = _Listed(self._watermark(max((s for s in stamps if s), default=None), None), None)
        while True:
            rows = await self.run(self._statements.everything(source, place.row, self._page_size))
            records = await self.records(source, rows)
            if len(rows) < self._page_size:
                yield Page(records, watermark=place.watermark)
                return
            place = _Listed(place.watermark, str(rows[-1][ID]))
            yield Page(records, resume=_token("all", place.watermark, place.row))

    async def _changes(self, source: Source, since: str | None, place: Position) -> AsyncIterator[Page]:
        """In the order of change: a record that changes meanwhile moves to the end and is seen there."""
        while True:
            rows = await self.run(self._statements.changes(source, place, self._page_size))
            records = await self.records(source, rows)
            if len(rows) < self._page_size:
                reached = rows[-1][CHANGED] if rows else place.stamp
                yield Page(records, watermark=self._watermark(reached, since))
                return
            place = Position(str(rows[-1][CHANGED]), str(rows[-1][ID]))
            yield Page(records, resume=_token("changed", place.stamp, place.row))

    async def fetch(self, source: Source, key: str) -> Seen | None:
        """The record of that key; None if no row has it."""
        at = key_columns(source, key)
        if at is None:
            return None
        found = await self.where(source, at)
        if len(found) > 1:
            raise UnreadableAnswer(
                f"{source.table} holds more than one record {key}",
                remedy="record numbers must be unique: have the table looked at by your Sage partner",
            )
        return found[0] if found else None

    async def where(self, source: Source, values: Mapping[str, Any]) -> Sequence[Seen]:
        """Records whose columns equal ``values``."""
        return await self.records(source, await self.run(self._statements.where(source, values)))

    async def called(self, source: Source, name: str) -> Sequence[Seen]:
        """Records that a person calls ``name``: by number or name, else by key."""
        found: Sequence[Seen] = []
        if source.numbers or source.key == ("recnum",):
            found = await self.records(source, await self.run(self._statements.called(source, name)))
        if found or source.key == ("recnum",):
            return found
        by_key = await self.fetch(source, name)
        return [by_key] if by_key is not None else []

    async def records(self, source: Source, rows: Sequence[Row]) -> Sequence[Seen]:
        """Wire records of those rows, their lines fetched by one statement."""
        lines: Mapping[str, Sequence[Row]] = {}
        if source.lines and rows:
            found = await self.run(self._statements.lines(source, [str(row[ID]) for row in rows]))
            lines = self._nested(source.lines, found)
        kinds = self._layout.columns(source.table)
        return [self._seen(source, spelled(row, kinds), lines) for row in rows]

    async def run(self, statement: Statement) -> Sequence[Row]:
        """The rows of one statement."""
        return await self._channel.query(statement.text, statement.parameters)

    def _nested(self, table: str, rows: Sequence[Row]) -> Mapping[str, Sequence[Row]]:
        kinds = self._layout.columns(table)
        nested: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            line = spelled(row, kinds)
            nested[str(line.pop(PARENT))].append(line)
        return nested

    def _seen(self, source: Source, wire: dict[str, Any], lines: Mapping[str, Sequence[Row]]) -> Seen:
        key = "-".join(str(wire[name]) for name in source.key)
        if len(source.key) > 1:
            wire["key"] = key
        if source.lines:
            wire["lines"] = lines.get(str(wire[ID]), [])
        if source.table == "dlypyr":
            wire |= payroll.shown(wire, self._pay_types)
        if source.table == "srvinv" and "locnum" in wire:
            wire["location"] = f"{wire['clnnum']}-{wire['locnum']}" if wire["locnum"] else None
        return Seen(key, orjson.dumps(wire, option=orjson.OPT_SORT_KEYS))

    def _watermark(self, reached: str | None, since: str | None) -> str | None:
        """Never back, and never beyond the server's clock: one stamp from the future (a machine with
        a wrong clock) would hide every change until then."""
        stamps = [stamp for stamp in (reached, since) if stamp]
        if not stamps:
            return None
        local = self._now().astimezone(self._zone).replace(tzinfo=None)
        return min(max(stamps), local.isoformat(timespec="milliseconds"))


@dataclass(frozen=True, slots=True)
class _Listed:
    """How far a walk over everything is, and the watermark of its beginning."""

    watermark: str | None
    row: str | None


def started(since: str, overlap: timedelta, zone: ZoneInfo) -> Position:
    """Where a walk from that watermark begins: earlier by the overlap, and by the hour that the wall
    clock repeats where the watermark stands in it. Raises ``UnreadableAnswer`` for no watermark of ours."""
    try:
        at = datetime.fromisoformat(since)
    except ValueError:
        raise UnreadableAnswer(
            "the stored watermark is no change stamp", remedy="walk the whole stream once (a full compare)"
        ) from None
    first = at.replace(tzinfo=zone, fold=0).utcoffset()
    second = at.replace(tzinfo=zone, fold=1).utcoffset()
    repeated = first - second if first is not None and second is not None and first > second else timedelta()
    return Position((at - overlap - repeated).isoformat(timespec="milliseconds"))


def _token(walk: str, stamp: str | None, row: str | None) -> str:
    return orjson.dumps([walk, stamp, row]).decode()


def _resumed(token: str) -> _Listed | Position:
    try:
        walk, stamp, row = orjson.loads(token)
    except ValueError:
        walk = stamp = row = None
    match walk:
        case "all":
            return _Listed(stamp, row)
        case "changed":
            return Position(stamp, row)
    raise UnreadableAnswer("the stored place of the walk is not one of ours", remedy="walk the stream again")


def key_columns(source: Source, key: str) -> Mapping[str, Any] | None:
    """A remote key as its columns; None if no record can have it."""
    if source.key == (ID,):
        # SQL Server refuses to compare a GUID with any other text
        return {ID: key} if _GUID.fullmatch(key) else None
    parts = key.split("-")
    if len(parts) != len(source.key) or not all(is_record_number(part) for part in parts):
        return None
    return dict(zip(source.key, map(int, parts), strict=True))


def spelled(row: Row, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """The row with one spelling for each value, whatever database and driver it came through.

    A value that is not of its column's kind stays as it came: the map refuses it by name.
    """
    return {name: _SPELLINGS[kinds.get(name, Kind.NUMBER)](value) for name, value in row.items()}


def _number(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str) and not value.strip():
        return None
    try:
        exact = Decimal(str(value))
    except ArithmeticError:
        return value
    whole = exact.is_finite() and exact.adjusted() < 19 and exact == exact.to_integral_value()
    return int(exact) if whole else value


def _exact(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    try:
        return format(number(value), "f")
    except (ValueError, ArithmeticError):
        return value


def _day(value: Any) -> Any:
    return value[:10] if isinstance(value, str) else value


def _as_is(value: Any) -> Any:
    return value


_SPELLINGS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    Kind.TEXT: _as_is,
    Kind.NUMBER: _number,
    Kind.EXACT: _exact,
    Kind.DAY: _day,
    Kind.STAMP: _as_is,
}
