"""What is kept of a link and of the connections that only it uses: found, counted, and taken out.

Everything that came from a platform goes, with what was learned and what is secret. The audit keeps its
lines (when, what kind, who) without their texts, and its chains go on; see ``chain.redact``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, Table, func, select, union

from syncd.core.model import IntentState
from syncd.ports.store import EVERYTHING
from syncd.store import chain, journal
from syncd.store.asking_tables import spending
from syncd.store.dispatch_tables import allowance, lease, place, turn
from syncd.store.drift_tables import drift, drift_grant, fact, notice, proposal, shape
from syncd.store.sealing import Keeper
from syncd.store.tables import (
    cycle,
    delivery,
    flow,
    hint,
    hold,
    intent,
    job,
    link_line,
    pair,
    remote,
    stream,
    token,
    written,
)

_OPEN: Final = tuple(
    state.value for state in IntentState if state not in (IntentState.POSTED, IntentState.REJECTED)
)
_OF_LINKS: Final = (link_line, cycle, written, spending, turn, lease)
_OF_CONNECTIONS: Final = (
    stream,
    hint,
    delivery,
    token,
    shape,
    drift_grant,
    proposal,
    drift,
    fact,
    allowance,
    place,
)
_SCOPES: Final = ("link", "flow", "field", "record", "connection")
_TYPED: Final = "conflicts_resolve"
"""A call that may hold values somebody typed, and names no link."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What there is of some links and connections."""

    links: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    shared: Mapping[str, str] = field(default_factory=dict)
    """Connection of one of the links that stays -> who else uses it."""
    unused: tuple[str, ...] = ()
    """Connections that were not asked about, and that nobody uses any more."""
    records: int = 0
    pairs: int = 0
    open_writes: Mapping[str, int] = field(default_factory=dict)
    """State -> writes that are not at their end."""


def links(c: Connection) -> set[str]:
    """Every link that something is kept of."""
    kept = {*c.execute(select(flow.c.link)).scalars(), *c.execute(select(link_line.c.link)).scalars()}
    return kept | set(chain.links(c)) - {chain.SITE}


def connections(c: Connection) -> set[str]:
    """Every connection that something is kept of."""
    return {
        one for table in _OF_CONNECTIONS for one in c.execute(select(table.c.connection).distinct()).scalars()
    }


def find(c: Connection, names: Collection[str], configured: Collection[str]) -> Traces:
    """Of links and connections so called, and of the connections that only those links use and that are not
    ``configured``."""
    of_links = tuple(sorted(links(c) & set(names)))
    used = _used_by(c, of_links)
    wanted = (connections(c) & set(names)) | used
    shared = {one: others[0] for one in wanted if (others := _other_links(c, one, of_links))}
    shared |= dict.fromkeys(wanted & set(configured), "the configuration")
    gone = tuple(sorted(wanted - shared.keys()))
    left = connections(c) - wanted - set(configured)
    flows = select(flow.c.id).where(flow.c.link.in_(of_links))
    states = select(intent.c.state, func.count()).where(
        intent.c.flow_id.in_(flows), intent.c.state.in_(_OPEN)
    )
    records = select(func.count()).select_from(remote).join(stream, stream.c.id == remote.c.stream_id)
    return Traces(
        of_links,
        gone,
        shared,
        tuple(sorted(one for one in left if not _other_links(c, one, of_links))),
        c.execute(records.where(stream.c.connection.in_(gone))).scalar_one(),
        c.execute(select(func.count()).select_from(pair).where(pair.c.flow_id.in_(flows))).scalar_one(),
        {row[0]: row[1] for row in c.execute(states.group_by(intent.c.state))},
    )


def _used_by(c: Connection, of_links: Collection[str]) -> set[str]:
    """Connections that pairs and writes of these links are of."""
    flows = select(flow.c.id).where(flow.c.link.in_(of_links))
    sides = [
        select(stream.c.connection)
        .join(remote, remote.c.stream_id == stream.c.id)
        .join(pair, side == remote.c.id)
        .where(pair.c.flow_id.in_(flows))
        for side in (pair.c.left_id, pair.c.right_id)
    ]
    sent = select(intent.c.connection).where(intent.c.flow_id.in_(flows))
    lines = select(link_line.c.left, link_line.c.right).where(link_line.c.link.in_(of_links))
    return {*c.execute(union(*sides, sent)).scalars(), *(name for row in c.execute(lines) for name in row)}


def _other_links(c: Connection, connection: str, than: Collection[str]) -> list[str]:
    """Links whose pairs hold records of a connection."""

    def holding(side: Any) -> Select[tuple[str]]:
        return (
            select(flow.c.link)
            .join(pair, pair.c.flow_id == flow.c.id)
            .join(remote, remote.c.id == side)
            .join(stream, stream.c.id == remote.c.stream_id)
            .where(stream.c.connection == connection, flow.c.link.not_in(tuple(than)))
        )

    found = c.execute(union(holding(pair.c.left_id), holding(pair.c.right_id)))
    return sorted(row.link for row in found)


# -- taking out -------------------------------------------------------------------------------------


def erase(c: Connection, k: Keeper, found: Traces, actor: str) -> int:
    """Take all of it out. Returns how many lines of the audit lost their text. What lay in the file's free
    pages is still there: see ``rewrite``."""
    c.execute(flow.delete().where(flow.c.link.in_(found.links)))
    for table in _OF_LINKS:
        c.execute(table.delete().where(table.c.link.in_(found.links)))
    drifts = c.execute(select(drift.c.id).where(drift.c.connection.in_(found.connections))).scalars().all()
    c.execute(notice.delete().where(notice.c.cause.in_([f"drift:{ident}" for ident in drifts])))
    for table in _OF_CONNECTIONS:
        c.execute(table.delete().where(table.c.connection.in_(found.connections)))
    _erase_where(c, hold, lambda row: _scope_of(row.scope) in {*found.links, *found.connections})
    _erase_where(c, job, lambda row: json.loads(row.selection).get("link") in found.links)
    return _redact(c, k, found, actor)


def _erase_where(c: Connection, table: Table, chosen: Callable[[Row[Any]], bool]) -> None:
    gone = [row.id for row in c.execute(select(table)) if chosen(row)]
    c.execute(table.delete().where(table.c.id.in_(gone)))


def _scope_of(scope: str) -> str:
    """The link or connection that a hold is of; empty: of everything."""
    kind, _, name = scope.partition(":")
    return "" if scope == EVERYTHING or kind not in _SCOPES else name.partition("/")[0]


def _redact(c: Connection, k: Keeper, found: Traces, actor: str) -> int:
    names = "|".join(re.escape(name) for name in (*found.links, *found.connections))
    named = re.compile(rf"(?<![a-z0-9_-])(?:{names})(?![a-z0-9_-])")

    def of_them(table: str, row: Row[Any]) -> bool:
        if table == "action" and row.name == _TYPED:
            return True
        return named.search(k.open_text(table, "text", row.text)) is not None

    emptied = {link: chain.redact(c, k, link) for link in found.links}
    emptied[chain.SITE] = chain.redact(c, k, chain.SITE, of_them)
    marks = {link: chain.mark_text(link, *chain.end_of(c, link)) for link, count in emptied.items() if count}
    entries = [journal.Entry(chain.ERASED, text=text, actor=actor, link=link) for link, text in marks.items()]
    journal.write(c, k, entries)
    return sum(emptied.values())


def rewrite(engine: Engine) -> None:
    """Write the database anew, without what lies in free pages and in SQLite's log. Who writes waits; what
    a server keeps of its own log is its administrator's."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM FULL")
            return
        raw: Any = connection.connection.driver_connection
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
