"""``erase``: what is kept of a customer who has left."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from syncd.api.upkeep import Erased
from syncd.cli import session
from syncd.cli.confirm import confirm
from syncd.cli.exits import Exit
from syncd.cli.output import Column, emit, say

_COLUMNS = [
    Column("name", "NAME"),
    Column("kind", "KIND"),
    Column("what", "WHAT BECOMES OF IT"),
]


def erase(
    names: Annotated[list[str], Parameter(consume_multiple=True)],
    /,
    *,
    dry_run: bool = False,
    abandon_writes: bool = False,
) -> int:
    """Take out what is kept of links, and of the connections that only they use. It cannot be undone.

    Records, bases, intents, tokens and what was learned go. The audit keeps its lines (when, what kind, who)
    without what they said, and `syncd audit verify` still holds. Take the links out of syncd.yaml and reload
    first, and end the logins (`syncd connection revoke`) before that. Backups hold it until you delete them.

    For example:
      syncd erase acme --dry-run
      syncd erase acme

    Parameters
    ----------
    names
        Links, or connections.
    dry_run
        Only say what there is.
    abandon_writes
        Also where writes are not at their end: nobody will find out what became of them.
    """

    def asked(*, only_look: bool) -> Erased:
        return session.ask_erasing(
            lambda erasing: erasing.erase(names, only_look, abandon_writes, session.actor())
        )

    if not dry_run:
        there = asked(only_look=True)
        confirm(f"erase {there.records} records and {there.pairs} pairs of {', '.join(names)} for ever")
    done = asked(only_look=dry_run)
    emit(done.model_dump(mode="json"), _rows(done), _COLUMNS)
    say(f"{done.records} records, {done.pairs} pairs, open writes: {sum(done.open_writes.values())}")
    if done.unused:
        say(f"Nobody uses {', '.join(done.unused)} any more: `syncd erase` takes connections, too.")
    if done.done:
        say(f"{done.audit_lines} lines of the audit lost their text; their chains hold.")
        say("Backups of before still hold it.")
    return Exit.OK


def _rows(found: Erased) -> list[dict[str, str]]:
    what = "erased" if found.done else "would be erased"
    rows = [{"name": name, "kind": "link", "what": what} for name in found.links]
    rows += [{"name": name, "kind": "connection", "what": what} for name in found.connections]
    return rows + [
        {"name": name, "kind": "connection", "what": f"stays: {who} uses it"}
        for name, who in found.shared.items()
    ]
