"""One hash chain per link over its audit lines (journal and actions), and one over the whole site.

A line's hash covers the line before it, so nothing can be changed, taken out, put in or moved without
breaking every hash that follows; it is keyed, so that who can write the database but does not hold the
master key cannot compute it anew. The ends of all chains are written into the site's own chain from
time to time (anchors), and its end goes to the log: a chain cut short shows there.

What a customer's lines say can be erased (``redact``): each keeps its hash, so that the chain goes on, and in
the place of its text a keyed proof that this line with this hash was erased by us; a later line of the chain
says so too, or the proof counts for nothing.

What is covered is what a line says. Which pair it is filed under is not: two pairs may turn out to be
one record, and their histories are then filed together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Table, bindparam, insert, select, update

from syncd.core.errors import SyncdError
from syncd.store import sealing
from syncd.store.prepared import Prepared
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.tables import action, chain, journal

SITE: Final = ""
"""The chain of what concerns no single link, and of the anchors."""
ANCHORED: Final = "anchored"
FORGOTTEN: Final = "forgotten"
ERASED: Final = "erased"
_MARKS: Final = frozenset({ANCHORED, FORGOTTEN, ERASED})
"""Kinds of lines that speak of the chains themselves."""
_LINES: Final[Mapping[str, Table]] = {"journal": journal, "action": action}
_NOT_COVERED: Final = frozenset({"id", "pair_id", "hash"})
_COVERED: Final = {
    name: tuple(str(c.name) for c in table.columns if c.name not in _NOT_COVERED)
    for name, table in _LINES.items()
}
_INSERTS: Final = {name: Prepared(insert(table)) for name, table in _LINES.items()}
_BEGINNING: Final = b"\0" * 32
_PAGE: Final = 2_000

_encode = msgspec.msgpack.Encoder().encode
# locked where several processes write (PostgreSQL); SQLite has one writer
# in one order, so that two processes never wait for each other
_HEADS = Query(
    select(chain.c.link, chain.c.seq, chain.c.hash)
    .where(chain.c.link.in_(bindparam("of", expanding=True)))
    .order_by(chain.c.link)
    .with_for_update()
)
_BEGIN = Prepared(insert(chain))
_MOVE = Prepared(
    update(chain).where(chain.c.link == bindparam("of")).values(seq=bindparam("to"), hash=bindparam("by"))
)


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold."""

    link: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification came to."""

    lines: int
    chains: int
    anchors: int
    breaks: Sequence[Break]
    end: tuple[int, bytes]
    """Of the site's chain: worth keeping elsewhere."""


def extend(c: Connection, k: Keeper, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Give ``rows`` (values of ``table``, ``link`` among them) their places, and insert them."""
    name = str(table.name)
    links = sorted({row["link"] for row in rows})
    known = {head.link: (head.seq, head.hash) for head in _HEADS.all(c, {"of": links})} if links else {}
    ends = {link: known.get(link, (0, _BEGINNING)) for link in links}
    for row in rows:
        seq, end = ends[row["link"]]
        row["seq"] = seq + 1
        row["hash"] = _hash(k, name, end, row)
        ends[row["link"]] = row["seq"], row["hash"]
    at = [(link, *end) for link, end in ends.items()]
    _BEGIN.many(c, [{"link": link, "seq": seq, "hash": end} for link, seq, end in at if link not in known])
    _MOVE.many(c, [{"of": link, "to": seq, "by": end} for link, seq, end in at if link in known])
    _INSERTS[name].many(c, rows)


def _hash(k: Keeper, table: str, before: bytes, row: Mapping[str, Any]) -> bytes:
    said = [row.get(name) for name in _COVERED[table]]
    return blake2b(
        before + _encode([table, *said]), digest_size=32, key=k.digest_key, person=b"syncd audit"
    ).digest()


def _proof(k: Keeper, table: str, before: bytes, row: Row[Any]) -> bytes:
    """What stands in the place of an erased text: bound to the line's place, its hash, and what it still
    says."""
    left = [getattr(row, name) for name in _COVERED[table] if name != "text"]
    said = before + row.hash + _encode([table, *left])
    return sealing.ERASED + blake2b(said, digest_size=32, key=k.digest_key, person=b"syncd erased").digest()


# -- reading ------------------------------------------------------------------------------------


def lines(c: Connection, link: str, after: int = 0) -> Iterator[tuple[str, Row[Any]]]:
    """The lines of a chain in order, from both tables: (table, row)."""
    while True:
        page = sorted(
            (
                (row.seq, name, row)
                for name, table in _LINES.items()
                for row in c.execute(
                    select(table)
                    .where(table.c.link == link, table.c.seq > after)
                    .order_by(table.c.seq)
                    .limit(_PAGE)
                )
            ),
            key=lambda one: (one[0], one[1]),
        )[:_PAGE]
        if not page:
            return
        for _, name, row in page:
            yield name, row
        after = page[-1][0]


def links(c: Connection) -> list[str]:
    """Everything that has a chain, the site's own first."""
    return list(c.execute(select(chain.c.link).order_by(chain.c.link)).scalars())


def known(c: Connection, k: Keeper) -> set[str]:
    """Whatever has a chain, has lines, or was anchored: also what somebody took out of one of these."""
    begun = {
        link
        for table in _LINES.values()
        for link in c.execute(select(table.c.link).where(table.c.seq.is_not(None)).distinct()).scalars()
    }
    return {*links(c), *begun, *_anchored(c, k)}


def verify(
    c: Connection, k: Keeper, links: Sequence[str] | None = None, expected: tuple[int, bytes] | None = None
) -> Verified:
    """Walk every chain (or these). ``expected``: an end of the site's chain that was kept elsewhere."""
    heads = {row.link: row for row in c.execute(select(chain))}
    anchored = _anchored(c, k)
    begun = known(c, k)
    site = {SITE} if SITE in begun or expected is not None else set()
    wanted = sorted({*begun, *site} if links is None else {*links, *site})
    breaks: list[Break] = []
    count = 0
    for link in wanted:
        marks = dict(anchored.get(link, {}))
        if link == SITE and expected is not None:
            marks[expected[0]] = expected[1]
        walked, found = _walk(c, k, link, heads.get(link), marks)
        count += walked
        breaks += found
    end = heads.get(SITE)
    return Verified(
        lines=count,
        chains=len(wanted),
        anchors=sum(len(marks) for marks in anchored.values()),
        breaks=breaks,
        end=(end.seq, end.hash) if end else (0, _BEGINNING),
    )


def _walk(
    c: Connection, k: Keeper, link: str, head: Row[Any] | None, marks: Mapping[int, bytes]
) -> tuple[int, list[Break]]:
    """(lines seen, breaks); it stops at the first line that does not follow from the one before."""
    floor = head.floor_seq if head is not None else 0
    before = (head.floor_hash if head is not None else None) or _BEGINNING
    if floor and not any(seq == floor and compare_digest(said, before) for seq, said in _floors(c, k, link)):
        return 0, [Break(link, floor, "no line says that older ones were forgotten up to here")]
    at, count = floor, 0
    erased = max((seq for seq, _, _ in _marks(c, k, link, ERASED)), default=0)
    for table, row in lines(c, link, floor):
        if row.seq != at + 1:
            missing = "this line stands twice" if row.seq <= at else f"{row.seq - at - 1} lines are missing"
            return count, [Break(link, at + 1, missing)]
        if not _as_written(k, table, before, row):
            return count, [Break(link, row.seq, f"this line of the {table} is not what was written")]
        if _is_erased(row) and row.seq > erased:
            return count, [Break(link, row.seq, "its text was taken out, and no line says so")]
        at, before, count = row.seq, row.hash, count + 1
        if row.seq in marks and not compare_digest(marks[row.seq], row.hash):
            return count, [Break(link, row.seq, "it is anchored with another hash")]
    end = max([*marks, head.seq if head is not None else 0], default=0)
    if end > at:
        return count, [Break(link, at + 1, f"the chain went on to line {end}: its end is missing")]
    if head is None or head.seq != at:
        return count, [Break(link, at, "the end of the chain is not where it was noted")]
    return count, []


def _is_erased(row: Row[Any]) -> bool:
    return row.text is not None and row.text.startswith(sealing.ERASED)


def _as_written(k: Keeper, table: str, before: bytes, row: Row[Any]) -> bool:
    if _is_erased(row):
        return compare_digest(row.text, _proof(k, table, before, row))
    values = {name: getattr(row, name) for name in _COVERED[table]}
    return compare_digest(_hash(k, table, before, values), row.hash)


# -- erasing --------------------------------------------------------------------------------------


def redact(
    c: Connection, k: Keeper, link: str, chosen: Callable[[str, Row[Any]], bool] = lambda _table, _row: True
) -> int:
    """Take out what the lines of a chain (those that ``chosen`` says) tell, but for the chains' own marks.
    The caller writes down up to where, as a line of the kind ``ERASED``. Returns how many."""
    head = c.execute(select(chain).where(chain.c.link == link)).one_or_none()
    before = (head.floor_hash if head is not None else None) or _BEGINNING
    emptied: dict[str, list[dict[str, Any]]] = {name: [] for name in _LINES}
    for table, row in lines(c, link):
        marks = table == "journal" and row.kind in _MARKS
        if row.text is not None and not _is_erased(row) and not marks and chosen(table, row):
            emptied[table].append({"of": row.id, "to": _proof(k, table, before, row)})
        before = row.hash
    for name, rows in emptied.items():
        if rows:
            at = _LINES[name]
            c.execute(update(at).where(at.c.id == bindparam("of")).values(text=bindparam("to")), rows)
    return sum(map(len, emptied.values()))


# -- anchors and forgetting -----------------------------------------------------------------------


def ends(c: Connection) -> list[tuple[str, int, bytes]]:
    """Chains that grew since they were anchored last: (link, seq, hash)."""
    rows = c.execute(
        select(chain.c.link, chain.c.seq, chain.c.hash)
        .where(chain.c.link != SITE, chain.c.seq > chain.c.anchored_seq)
        .order_by(chain.c.link)
    )
    return [(row.link, row.seq, row.hash) for row in rows]


_END = select(chain.c.seq, chain.c.hash).where(chain.c.link == bindparam("of"))


def end_of(c: Connection, link: str) -> tuple[int, bytes]:
    """Place and hash of a chain's last line."""
    row = c.execute(_END, {"of": link}).one_or_none()
    return (row.seq, row.hash) if row else (0, _BEGINNING)


def mark_anchored(c: Connection, done: Sequence[tuple[str, int, bytes]]) -> None:
    moved = update(chain).where(chain.c.link == bindparam("of")).values(anchored_seq=bindparam("to"))
    c.execute(moved, [{"of": link, "to": seq} for link, seq, _ in done])


def mark_text(link: str, seq: int, end: bytes) -> str:
    """What a line of the kinds ``ANCHORED``, ``FORGOTTEN`` and ``ERASED`` says."""
    return f"{seq} {end.hex()} {link}"


def _anchored(c: Connection, k: Keeper) -> dict[str, dict[int, bytes]]:
    found: dict[str, dict[int, bytes]] = {}
    for seq, end, link in _marks(c, k, SITE, ANCHORED):
        found.setdefault(link, {})[seq] = end
    return found


def _floors(c: Connection, k: Keeper, link: str) -> Iterator[tuple[int, bytes]]:
    return ((seq, end) for seq, end, _ in _marks(c, k, link, FORGOTTEN))


def _marks(c: Connection, k: Keeper, link: str, kind: str) -> Iterator[tuple[int, bytes, str]]:
    for row in c.execute(select(journal.c.text).where(journal.c.link == link, journal.c.kind == kind)):
        try:
            seq, end, of = k.open_text("journal", "text", row.text).split(" ", 2)
            mark = int(seq), bytes.fromhex(end), of
        except (SyncdError, ValueError):
            continue  # it was changed: walking the chain it stands in says so, and where
        yield mark


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The beginning of one chain that was forgotten."""

    link: str
    seq: int
    end: bytes
    lines: int


def forget(c: Connection, before: Any) -> list[Forgotten]:
    """Remove each chain's beginning as far as all of it is older than ``before``. The caller writes down
    what was forgotten, which is what makes the new beginning valid."""
    old = {
        link
        for table in _LINES.values()
        for link in c.execute(
            select(table.c.link).where(table.c.at < before, table.c.seq.is_not(None)).distinct()
        ).scalars()
    }
    return [done for link in sorted(old) if (done := _forget_one(c, link, before)) is not None]


def _forget_one(c: Connection, link: str, before: Any) -> Forgotten | None:
    cut, end, count = 0, _BEGINNING, 0
    for _, row in lines(c, link):
        if row.at >= before:
            break
        cut, end, count = row.seq, row.hash, count + 1
    if not cut:
        return None
    for table in _LINES.values():
        c.execute(table.delete().where(table.c.link == link, table.c.seq <= cut))
    c.execute(update(chain).where(chain.c.link == link).values(floor_seq=cut, floor_hash=end))
    return Forgotten(link, cut, end, count)
