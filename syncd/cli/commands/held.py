"""``held``: writes of which nothing but a person can say whether they were carried out."""

from __future__ import annotations

from syncd.cli import session
from syncd.cli.confirm import confirm
from syncd.cli.exits import Exit
from syncd.cli.output import Column, emit, say
from syncd.core.errors import FixInput

_COLUMNS = [
    Column("id", "ID", right=True),
    Column("link", "LINK"),
    Column("flow", "FLOW"),
    Column("operation", "WRITE"),
    Column("side", "ON THE"),
    Column("label", "RECORD"),
    Column("source_key", "FROM", wide=True),
    Column("key", "KEY", wide=True),
    Column("reason", "REASON"),
    Column("sent_at", "SENT"),
]
_NEAREST = [
    Column("key", "KEY"),
    Column("label", "THERE"),
    Column("score", "SCORE", right=True),
    Column("evidence", "EVIDENCE"),
]


def list_(link: str | None = None, /, *, fail_if_empty: bool = False) -> int:
    """List writes that were sent, have no answer, and cannot be proven to have been carried out or not.

    For example:
      syncd held list acme

    Parameters
    ----------
    link
        Only this link's.
    fail_if_empty
        Exit with 4 if there are none.
    """
    items = session.ask(lambda operator: operator.held(link))
    rows = [item.model_dump(mode="json") for item in items]
    emit(rows, rows, _COLUMNS, empty="No write waits for a person.")
    return Exit.NOTHING if fail_if_empty and not items else Exit.OK


def show(ident: int, /) -> int:
    """Show one, with the nearest matches on the platform it was sent to. The platform is asked for them.

    For example:
      syncd held show 5

    Parameters
    ----------
    ident
        Its number in `syncd held list`.
    """
    item = session.ask(lambda operator: operator.held_show(ident))
    rows = [{**c.model_dump(mode="json"), "evidence": ", ".join(c.evidence)} for c in item.candidates]
    emit(item.model_dump(mode="json"), rows, _NEAREST, empty="Nothing on that side looks like it.")
    say(f"{item.operation} of {item.flow} {item.label} on the {item.side}: {item.reason}")
    say(f"It is this one (it was carried out):   syncd held settle {ident} --is KEY")
    say(f"It was not carried out, send it again: syncd held settle {ident} --send-again")
    return Exit.OK


def settle(ident: int, /, *, is_: str | None = None, send_again: bool = False) -> int:
    """Settle one: "it is this one", or "send it again". Who said so stands in the audit.

    For example:
      syncd held settle 5 --is 1042
      syncd held settle 5 --send-again

    Parameters
    ----------
    ident
        Its number in `syncd held list`.
    is_
        The record on the platform that this write made or changed.
    send_again
        It was not carried out: plan it anew and send it.
    """
    if (is_ is not None) == send_again:
        raise FixInput("say either --is KEY or --send-again")
    if send_again:
        confirm(f"send write {ident} again; if it was carried out after all, the record stands there twice")
    done = session.ask(lambda operator: operator.held_settle(ident, is_, session.actor()))
    emit(done.model_dump(mode="json"), [done.model_dump(mode="json")], [Column("message", "DONE")])
    return Exit.OK
