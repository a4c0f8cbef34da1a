"""``token``: who may use the control API. They live in the state, beside a running daemon or without."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from syncd.api.requests import Grantable
from syncd.api.scopes import Scope
from syncd.cli import session
from syncd.cli.confirm import confirm
from syncd.cli.exits import Exit
from syncd.cli.output import Column, emit, say
from syncd.cli.views import with_times

_COLUMNS = [
    Column("name", "NAME"),
    Column("scopes", "SCOPES"),
    Column("created_at", "CREATED"),
    Column("created_by", "BY"),
    Column("last_used_at", "LAST USED"),
    Column("expires_at", "EXPIRES"),
    Column("revoked_at", "REVOKED"),
]

_SCOPES: dict[str, Grantable] = {
    "read": Scope.READ,
    "operate": Scope.OPERATE,
    "resolve": Scope.RESOLVE,
    "admin": Scope.ADMIN,
}


def create(
    name: str,
    /,
    *,
    scope: Annotated[list[Literal["read", "operate", "resolve", "admin"]], Parameter(consume_multiple=True)],
    days: Annotated[int | None, Parameter(validator=Number(gte=1, lte=3650))] = None,
) -> int:
    """Make a token. Its value goes to stdout, once: only its digest is kept.

    read looks; operate runs, holds, releases and retries; resolve decides about records; admin does all
    that, and makes tokens. Whoever may act may also look.

    For example:
      syncd token create grafana --scope read
      syncd token create dana --scope operate resolve --days 90

    Parameters
    ----------
    name
        Who or what uses it: the audit names it so.
    scope
        What it may do.
    days
        How long it opens anything; without it, until it is revoked.
    """
    scopes = [_SCOPES[one] for one in scope]
    made = session.ask_keys(lambda keys: keys.token_create(name, scopes, days, session.actor()))
    row = {"name": made.key.name, "token": made.token}
    emit(made.model_dump(mode="json"), [row], [Column("token", "TOKEN")])
    say("It is not shown again.")
    return Exit.OK


def list_() -> int:
    """List who holds a token of the control API, revoked ones included.

    Those of the configuration (service.control_tokens) are not among them.

    For example:
      syncd token list
    """
    found = session.ask_keys(lambda keys: keys.tokens())
    data = [key.model_dump(mode="json") for key in found]
    times = ("created_at", "last_used_at", "expires_at", "revoked_at")
    rows = [with_times({**row, "scopes": " ".join(row["scopes"])}, *times) for row in data]
    emit(data, rows, _COLUMNS, empty="No token was made yet.")
    return Exit.OK


def revoke(name: str, /) -> int:
    """Close a token, at once.

    For example:
      syncd token revoke dana

    Parameters
    ----------
    name
        As `syncd token list` shows it.
    """
    confirm(f"close the token {name}; who uses it is locked out")
    done = session.ask_keys(lambda keys: keys.token_revoke(name, session.actor()))
    emit(done.model_dump(mode="json"), [done.model_dump(mode="json")], [Column("message", "DONE")])
    return Exit.OK
