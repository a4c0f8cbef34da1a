"""``connection``: accounts on platforms, tried, and given back."""

from __future__ import annotations

from syncd.cli import session
from syncd.cli.confirm import confirm
from syncd.cli.exits import Exit
from syncd.cli.output import Column, emit, say

_FOUND = [
    Column("level", "LEVEL"),
    Column("subject", "WHAT"),
    Column("message", "HOW IT IS"),
    Column("remedy", "TRY"),
]


def test(name: str, /) -> int:
    """Log in and look around now; writes nothing. Exit code 1 if something is wrong.

    For example:
      syncd connection test acme-books

    Parameters
    ----------
    name
        The connection.
    """
    done = session.ask_accounts(lambda accounts: accounts.connection_test(name, session.actor()))
    emit(done.model_dump(mode="json"), [one.model_dump(mode="json") for one in done.findings], _FOUND)
    say(f"{name} answered within {done.seconds:g} s")
    return Exit.FAILED if any(one.level == "error" for one in done.findings) else Exit.OK


def revoke(name: str, /) -> int:
    """End a login at its platform, and forget it: before a customer leaves, or when it was stolen.

    What ends is the refresh token in use. Where it did not come of a person's consent, the client's id and
    secret open the account until they are deleted on the platform itself. It is refused where a platform
    documents no way.

    For example:
      syncd connection revoke acme-books

    Parameters
    ----------
    name
        The connection.
    """
    confirm(f"end the login of {name} at its platform; its links stand still until somebody consents anew")
    done = session.ask_accounts(lambda accounts: accounts.connection_revoke(name, session.actor()))
    emit(done.model_dump(mode="json"), [done.model_dump(mode="json")], [Column("message", "DONE")])
    say("Next: delete what opens the account on the platform itself, and take it out of syncd.yaml.")
    return Exit.OK
