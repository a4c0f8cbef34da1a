"""Tokens of the control API and the audit of what was done with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from syncd.core.errors import FixInput
from syncd.ports.desk import Action, ActionRow, KeyRow
from syncd.store import chain
from syncd.store.sealing import Keeper
from syncd.store.tables import action, api_token

_USED_EVERY: Final = timedelta(minutes=1)
"""A token in use is noted so often: reading must not cost a commit each time."""

_BY_DIGEST = select(api_token).where(api_token.c.digest == bindparam("of_digest"))


def add(c: Connection, key: KeyRow) -> None:
    """Raises ``FixInput`` for a name that is or was in use: the audit must not mix two holders."""
    try:
        c.execute(
            insert(api_token).values(
                name=key.name,
                digest=key.digest,
                scopes=" ".join(key.scopes),
                created_at=key.created_at,
                created_by=key.created_by,
                expires_at=key.expires_at,
            )
        )
    except IntegrityError:
        raise FixInput(
            f"a token called {key.name} exists or existed", remedy="choose another name: the audit keeps both"
        ) from None


def by_digest(c: Connection, digest: str) -> KeyRow | None:
    """Found by what cannot be guessed: 256 random bits went into it."""
    row = c.execute(_BY_DIGEST, {"of_digest": digest}).one_or_none()
    return None if row is None else _key(row)


def every(c: Connection) -> list[KeyRow]:
    return [_key(row) for row in c.execute(select(api_token).order_by(api_token.c.name))]


def _key(row: Row[Any]) -> KeyRow:
    return KeyRow(
        row.name,
        row.digest,
        tuple(row.scopes.split()),
        row.created_at,
        row.created_by,
        row.expires_at,
        row.revoked_at,
        row.last_used_at,
    )


def revoke(c: Connection, name: str, now: datetime) -> int:
    """Returns how many tokens that closed: one, or none if there is no open one of that name."""
    return c.execute(
        update(api_token)
        .where(api_token.c.name == name, api_token.c.revoked_at.is_(None))
        .values(revoked_at=now)
    ).rowcount


def used(c: Connection, name: str, now: datetime) -> None:
    c.execute(update(api_token).where(api_token.c.name == name).values(last_used_at=now))


def use_is_news(key: KeyRow, now: datetime) -> bool:
    """Whether a use now should be noted. Pure."""
    return key.last_used_at is None or now - key.last_used_at >= _USED_EVERY


def note(c: Connection, k: Keeper, one: Action) -> None:
    """Into the audit, in the chain of its link."""
    row = {
        "at": k.now,
        "actor": one.actor,
        "name": one.name,
        "link": one.link,
        "outcome": one.outcome,
        "text": k.text("action", "text", one.text),
    }
    chain.extend(c, k, action, [row])


def actions(
    c: Connection, k: Keeper, link: str | None, before: int | None, limit: int
) -> Sequence[ActionRow]:
    """The newest first. Those of a link include the ones of no single link."""
    query = select(action).order_by(action.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(action.c.id < before)
    if link is not None:
        query = query.where(or_(action.c.link == link, action.c.link == ""))
    return [
        ActionRow(
            row.id,
            row.at,
            Action(row.actor, row.name, row.link, row.outcome, k.open_text("action", "text", row.text)),
        )
        for row in c.execute(query)
    ]
