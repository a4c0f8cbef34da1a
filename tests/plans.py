"""No query of the store without an index: PostgreSQL's own plans of every statement that a test runs.

Each statement is planned over a filled database, with scans of whole tables forbidden to the planner: where
one is left all the same, or an index is read from one end to the other, there is none for what was asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Engine, Float, LargeBinary, Table, Text, event, text

from syncd.store.schema import metadata

_DUE_AGAIN = "state=%(state)s::VARCHAR, due_at=%(now)s::BIGINT"
READ_WHOLE = {
    "FROM chain": "anchors, once a night, and a verification: they concern every chain",
    "SELECT DISTINCT journal.link": "a verification and the nightly pruning walk every chain",
    "SELECT DISTINCT action.link": "as above",
    "DELETE FROM intent": "the nightly pruning",
    "DELETE FROM journal": "the nightly pruning",
    "FROM shape": "read once, when the monitor begins",
    "FROM notice": "one row a cause that was ever alerted",
    "FROM pg_class": "the server's own catalogue",
    "FROM drift_grant": "one row a grant that a person gave",
    "UPDATE drift_grant": "as above",
    "FROM stream": "the status of every connection",
    "FROM proposal": "one row a change that a person accepted",
    "UPDATE proposal": "as above",
    "SELECT turn.link FROM turn": "links that are configured no more, as the daemon begins",
    "count(drift.closed_at)": "what changed about drift, every few seconds: one row a drift ever seen",
    "count(drift_grant.revoked_at)": "as above",
    "count(proposal.closed_at)": "as above",
    "FROM removal WHERE removal.merged_into !=": "one row a record that is gone, until the first merged one",
    "FROM worker": "one row a process",
    "UPDATE worker": "as above",
    "FROM mishap": "one row a kind",
    f"UPDATE pair SET {_DUE_AGAIN} WHERE pair.state": "what a released hold had stopped: one probe a flow",
    f"UPDATE intent SET {_DUE_AGAIN} WHERE intent.state": "as above",
    "SELECT count(*) AS count_1 FROM intent JOIN flow": "what is under way as a hold is placed: as above",
}
"""Beginnings or parts of statements that may read a table from end to end, and why."""

_ROWS = {"remote": 8_000, "pair": 4_000, "intent": 4_000, "journal": 8_000, "flow": 40, "stream": 80}
_ROWS |= {"remote_natural": 8_000, "remote_block": 8_000}
_FEW = 1_000
"""Rows of every other table."""
_SELDOM = "case when g % 200 = 0 then {} end"
_SAYS = {
    ("pair", "state"): "(array['held','quarantined','conflict','in_step'])[least(1 + g % 200, 4)]",
    ("intent", "state"): "(array['held','uncertain','planned','posted'])[least(1 + g % 200, 4)]",
    ("drift", "state"): "(array['open','closed'])[least(1 + g % 200, 2)]",
    ("remote", "gone"): "g % 200 = 0",
    ("hold", "released_at"): "case when g % 200 > 0 then g end",
}
_ROOT = Path(__file__).resolve().parents[1]
_OTHERS = (str(_ROOT / "tests"), str(_ROOT / "syncd" / "store" / "transfer.py"))
_PLANNED = frozenset({"select", "insert", "update", "delete", "with"})
_READS = frozenset({"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan"})


def fill(c: Connection) -> None:
    """A state of forty flows; what its rows say makes no sense, how they are spread does."""
    for table in metadata.sorted_tables:
        rows = _ROWS.get(table.name, _FEW)
        columns = [column for column in table.columns if column.name != "id"]
        names = ", ".join(f'"{column.name}"' for column in columns)
        values = ", ".join(_value(table, column) for column in columns)
        c.execute(
            text(f'insert into "{table.name}" ({names}) select {values} from generate_series(1, {rows}) g')
        )
    c.execute(text("analyze"))


def _value(table: Table, column: Column[Any]) -> str:
    said = _SAYS.get((table.name, column.name))
    if said is not None:
        return said
    said = "g"
    if column.foreign_keys:
        (key,) = column.foreign_keys
        said = f"1 + (g - 1) % {_ROWS.get(key.column.table.name, _FEW)}"
        return f"{_ROWS['pair']} + g" if column.name == "right_id" and table.name == "pair" else said
    if isinstance(column.type, Text):
        said = f"'{column.name} ' || g"
    elif isinstance(column.type, LargeBinary):
        said = "int8send(g)"
    elif isinstance(column.type, Boolean):
        said = "false"
    elif isinstance(column.type, Float):
        said = "g::float"
    return _SELDOM.format(said) if column.nullable else said


@dataclass
class Plans:
    """Over one filled database; every statement is planned once."""

    filled: Engine
    known: set[str] = field(default_factory=set)
    leads: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def of(self, engine: Engine) -> Iterator[list[str]]:
        """What is run on ``engine`` meanwhile, planned when the block ends: a line for each table that a
        statement reads from end to end."""
        met: dict[str, Any] = {}

        def keep(
            _c: Connection, _cursor: Any, statement: str, values: Any, _context: Any, many: bool
        ) -> None:
            if statement not in self.known and _ours():
                met.setdefault(statement, values[0] if many else values)

        event.listen(engine, "before_cursor_execute", keep)
        wrong: list[str] = []
        try:
            yield wrong
        finally:
            event.remove(engine, "before_cursor_execute", keep)
        with self.filled.connect() as c:
            self.leads = self.leads or _leads(c)
            c.exec_driver_sql("set local enable_seqscan = off")
            for statement, values in met.items():
                wrong += self._plan(c, statement, values)
            c.rollback()

    def _plan(self, c: Connection, statement: str, values: Any) -> list[str]:
        self.known.add(statement)
        told = " ".join(statement.split())
        if told.split(" ")[0].lower() not in _PLANNED or any(part in told for part in READ_WHOLE):
            return []
        (plan,) = c.exec_driver_sql(f"explain (format json) {statement}", values).scalar_one()
        return [f"{table}: {told}" for table in self._whole(plan["Plan"])]

    def _whole(self, node: dict[str, Any], limited: bool = False) -> Iterator[str]:
        """Tables that a plan reads from end to end: without an index, or along one. ``limited``: no more than
        the first rows are asked for."""
        index = node.get("Index Name")
        by_index = index is not None and self.leads[index] in node.get("Index Cond", "")
        if node["Node Type"] in _READS and not by_index and (not limited or "Filter" in node):
            yield str(node.get("Relation Name") or index)
        for below in node.get("Plans", ()):
            yield from self._whole(below, limited=node["Node Type"] == "Limit")


def _leads(c: Connection) -> dict[str, str]:
    """Index -> its first column, as it stands in a plan; none of one over a part of the rows, which are few
    enough to be read one and all."""
    rows = c.exec_driver_sql(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid, 1, true), indpred is not null "
        "from pg_index"
    )
    return {name.strip('"'): "" if part else column.strip('"') for name, column, part in rows}


def _ours() -> bool:
    """Whether the store runs the statement to answer somebody; not a test by itself, and not a copy of
    everything."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        if str(_ROOT) in frame.f_code.co_filename and ".venv" not in frame.f_code.co_filename:
            return not frame.f_code.co_filename.startswith(_OTHERS)
    return False
