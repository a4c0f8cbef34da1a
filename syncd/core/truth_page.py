"""The decision table as a page to read. Pure: ``make docs`` writes it, a test holds the file to it."""

from __future__ import annotations

from syncd.core.decision import Why
from syncd.core.model import SideState, Tombstone
from syncd.core.policy import Deletes, EditedMeanwhile, FlowPolicy, Rule
from syncd.core.truth import TABLES, Row, Table, value

_HEAD = """\
# How it decides

This page is printed from the code's own decision table (`syncd/core/truth.py`) by `make docs`; the tests
hold `syncd/core/reconcile.py` to every row of it. Nothing else in syncd decides what is written.

Each record is looked at beside its partner: what both sides showed when they last agreed (each side has a
last agreed value of its own: a ledger that trims a name has not changed it), and what they show now. The
flow's policy says which way it writes and who wins. What no rule settles is kept, all versions of it, and a
person decides; the rest of the record flows on meanwhile.
"""


def page() -> str:
    """Markdown."""
    parts = [_HEAD, *(_table(table) for table in TABLES), _reasons()]
    return "\n".join(parts)


def _table(table: Table) -> str:
    lines = [
        f"## {table.title}\n",
        f"{table.about}\n",
        "| What happened | Last agreed | Left | Right | Policy | What is done |",
        "|---|---|---|---|---|---|",
        *(_row(row) for row in table.rows),
    ]
    return "\n".join(lines) + "\n"


def _row(row: Row) -> str:
    base = _state(row.pair.base_left) if row.pair.base_left is not None else "never"
    cells = (
        row.says, base, _state(row.pair.left), _state(row.pair.right), _policy(row.policy), row.comes_to,
    )  # fmt: skip
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _state(state: SideState) -> str:
    if state is None:
        return "not there"
    if isinstance(state, Tombstone):
        return f"gone ({state.evidence})"
    if set(state) == {"name"}:
        return value(state["name"])
    return ", ".join(f"{name} {value(shown)}" for name, shown in state.items())


def _policy(policy: FlowPolicy) -> str:
    rules = sorted({f.rule.value for f in policy.fields} - {Rule.MANUAL.value})
    said = [policy.mode.value, *rules]
    said += ["created once"] if policy.create_only else []
    said += ["posting"] if policy.posting else []
    said += [f"removals: {policy.deletes.value}"] if policy.deletes is not Deletes.HOLD else []
    said += [policy.edited.value] if policy.edited is not EditedMeanwhile.EDIT_WINS else []
    said += ["selects by status"] if policy.select else []
    return ", ".join(said)


_REASONS = """\
## Reasons

Every field that is written, and every conflict, carries one of these.
"""


def _reasons() -> str:
    return "\n".join([_REASONS, *(f"- {why.value}" for why in Why)]) + "\n"
