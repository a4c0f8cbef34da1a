"""``drift`` and ``monitor``: what the platforms answer differently, what is held, and what to do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from syncd.api.drift import Drifts, DriftView
from syncd.api.models import Done
from syncd.cli import session
from syncd.cli.confirm import confirm
from syncd.cli.exits import Exit
from syncd.cli.options import options
from syncd.cli.output import Column, emit, say
from syncd.core.errors import FixInput

_COLUMNS = [
    Column("id", "ID", right=True),
    Column("level", "LEVEL"),
    Column("state", "STATE"),
    Column("connection", "CONNECTION"),
    Column("operation", "OPERATION"),
    Column("path", "PATH"),
    Column("kind", "KIND"),
    Column("waiting", "WAITING", right=True),
    Column("first_seen", "SINCE"),
    Column("whose", "WHOSE", wide=True),
]


def list_(*, all_: bool = False, fail_if_empty: bool = False) -> int:
    """List what the platforms answer differently from what they used to, the gravest first.

    For example:
      syncd drift list
      syncd drift list --all -o csv

    Parameters
    ----------
    all_
        What is over, too; the newest first.
    fail_if_empty
        Exit with 4 if there is none.
    """
    views = session.ask_drifts(lambda drifts: drifts.drifts(all_))
    rows = [view.model_dump(mode="json") for view in views]
    emit(rows, rows, _COLUMNS, empty="Every platform answers as it used to.")
    return Exit.NOTHING if fail_if_empty and not views else Exit.OK


def show(ident: int, /) -> int:
    """Show one drift: the facet before and after, how sure it is, which mappings, flows and customers
    it hits, what is held, and what mends it.

    For example:
      syncd drift show 12

    Parameters
    ----------
    ident
        Its number in `syncd drift list`.
    """
    view = session.ask_drifts(lambda drifts: drifts.drift(ident))
    data = view.model_dump(mode="json")
    rows = [{"name": name, "value": value} for name, value in _lines(view)]
    emit(data, rows, [Column("name", ""), Column("value", "")])
    if view.repair:
        say(f"\n{view.repair}")
    if view.command:
        say(f"\nTo go on with the new behaviour:  {view.command}")
    for held in view.holds:
        say(f"To release {held.scope} all the same:  {held.release}")
    return Exit.OK


def ack(ident: int, /, *, reason: str, hours: int = 24) -> int:
    """Somebody knows: nobody is reminded for a while. What is held stays held.

    For example:
      syncd drift ack 12 --reason "asked their support, ticket 4411" --hours 48

    Parameters
    ----------
    ident
        Its number in `syncd drift list`.
    reason
        For whoever looks next.
    hours
        How long nobody is reminded.
    """
    return _done(lambda drifts: drifts.drift_ack(ident, reason, hours, session.actor()))


def accept(ident: int, /, *, reason: str) -> int:
    """The platform's new behaviour is right. What waited goes on, through a corrected lens where a name
    or a unit changed. The contract's edit is proposed, and what was accepted is let through for a time;
    write it down before that ends: syncd contract accept --into contracts

    For example:
      syncd drift accept 12 --reason "release notes of 12 November"

    Parameters
    ----------
    ident
        Its number in `syncd drift list`.
    reason
        Why it is right: it stands in the audit and in the proposal.
    """
    confirm(f"accept drift {ident}; what waits behind it will be written")
    return _done(lambda drifts: drifts.drift_accept(ident, reason, session.actor()))


def ignore(ident: int, /, *, reason: str) -> int:
    """It stops nothing at this connection any more, and nobody is told again. Of an amount that looked
    like another unit: let these records pass.

    For example:
      syncd drift ignore 13 --reason "a new roof; the amount is right"

    Parameters
    ----------
    ident
        Its number in `syncd drift list`.
    reason
        Why: it stands in the audit.
    """
    confirm(f"ignore drift {ident}; what waits behind it will be written")
    return _done(lambda drifts: drifts.drift_ignore(ident, reason, session.actor()))


def revert(ident: int, /, *, reason: str) -> int:
    """Take an acceptance back, or let something ignored count again: the drift is open as before, what it
    held is held, the lens and what was learned are as they were.

    For example:
      syncd drift revert 12 --reason "their support: it was a mistake, rolled back tonight"

    Parameters
    ----------
    ident
        Its number in `syncd drift list --all`.
    reason
        Why: it stands in the audit.
    """
    return _done(lambda drifts: drifts.drift_revert(ident, reason, session.actor()))


def export(ident: int, /, *, into: Path) -> int:
    """Write one drift as a single page: what changed side by side, whom it hits, the evidence. It needs
    nothing from anywhere and may be mailed.

    For example:
      syncd drift export 12 --into drift-12.html

    Parameters
    ----------
    ident
        Its number in `syncd drift list`.
    into
        The file: .html for the page, .json for the data.
    """
    from monitor.report import page  # noqa: PLC0415 - only this command needs it

    view = session.ask_drifts(lambda drifts: drifts.drift(ident))
    if into.suffix not in (".html", ".json"):
        raise FixInput(f"{into.name}: .html or .json expected")
    text = page(view) if into.suffix == ".html" else view.model_dump_json(indent=2) + "\n"
    into.write_text(text, encoding="utf-8")
    say(f"{into} written")
    return Exit.OK


def monitor() -> int:
    """Watch the site's connections without syncing anything: no links are needed. The same alerts, metrics
    and control API as `syncd run`. It reads, and writes nothing to any platform.

    For example:
      syncd monitor run
    """
    from syncd.logs import configure  # noqa: PLC0415

    configure(logging.DEBUG if options().verbose else logging.INFO)
    asyncio.run(session.composition().monitor(options().config))
    return Exit.OK


def _lines(view: DriftView) -> list[tuple[str, object]]:
    """What a person reads of it, in that order."""
    evidence = f"{view.hits} of {view.seen_now} records; {view.seen_before} before showed nothing like it"
    held = ", ".join(held.scope for held in view.holds)
    lines: list[tuple[str, object]] = [
        ("drift", f"{view.id} ({view.level}, {view.state})"),
        ("where", f"{view.connection} ({view.platform}), {view.operation}: {view.path}"),
        ("what", view.kind.replace("_", " ")),
        ("before", dict(view.before)),
        ("after", dict(view.after)),
        ("evidence", evidence),
        ("first seen", view.first_seen),
        ("last seen", view.last_seen),
        ("records", ", ".join(view.samples[:5])),
        ("mapped as", ", ".join(view.mappings)),
        ("flows", ", ".join(view.flows)),
        ("customers", ", ".join(view.customers)),
        ("whose", f"the {view.whose}'s" + (f", also at {', '.join(view.others)}" if view.others else "")),
        ("held", f"{held} since {view.held_at}" if held else ""),
        ("waiting", view.waiting or ""),
        ("decided", f"{view.state} by {view.actor}: {view.reason}" if view.actor else ""),
    ]
    return [(name, value) for name, value in lines if value not in ("", {}, None)]


def _done(question: Callable[[Drifts], Awaitable[Done]]) -> int:
    done = session.ask_drifts(question)
    emit(done.model_dump(mode="json"), [done.model_dump(mode="json")], [Column("message", "DONE")])
    return Exit.OK
