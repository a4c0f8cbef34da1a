"""Who holds which token: made, listed, looked up and revoked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from syncd.api.keys import Holder, KeyCreated, KeyView
from syncd.api.models import Done
from syncd.api.scopes import Scope, granted
from syncd.core.errors import FixInput, NothingMatched
from syncd.ports import Clock
from syncd.ports.desk import KeyRow
from syncd.secrets.bearer import digest, new_token
from syncd.service.access import Token
from syncd.store import keys
from syncd.store.database import Database


class KeyRing:
    """The tokens in the state. ``reserved``: names that the configuration gives away."""

    def __init__(self, database: Database, clock: Clock, reserved: Sequence[str] = ()) -> None:
        self._database = database
        self._clock = clock
        self._reserved = frozenset(reserved)

    async def find(self, offered: str) -> Token | None:
        """Whose token this is; None for an unknown, revoked or expired one. Read anew each time, so that
        a revocation counts at once."""
        now = self._clock.now()
        found = await self._database.read(lambda c: keys.by_digest(c, digest(offered)))
        if found is None or found.revoked_at is not None or (found.expires_at and found.expires_at <= now):
            return None
        name = found.name
        if keys.use_is_news(found, now):
            await self._database.write(lambda c: keys.used(c, name, now))
        return Token(name, found.digest, granted(Scope(scope) for scope in found.scopes))

    async def whoami(self, holder: str, scopes: Sequence[Scope]) -> Holder:
        return Holder(holder=holder, scopes=tuple(scopes))

    async def tokens(self) -> Sequence[KeyView]:
        return [_view(row) for row in await self._database.read(keys.every)]

    async def token_create(
        self, name: str, scopes: Sequence[Scope], days: int | None = None, actor: str = ""
    ) -> KeyCreated:
        """Raises ``FixInput`` for a name that is or was in use."""
        if name in self._reserved:
            raise FixInput(
                f"{name} is a token of the configuration", remedy="choose another name, or remove it there"
            )
        now = self._clock.now()
        value = new_token("api")
        row = KeyRow(
            name,
            digest(value),
            tuple(sorted(scope.value for scope in set(scopes))),
            now,
            actor,
            None if days is None else now + timedelta(days=days),
        )
        await self._database.write(lambda c: keys.add(c, row))
        return KeyCreated(key=_view(row), token=value)

    async def token_revoke(self, name: str, actor: str = "") -> Done:  # noqa: ARG002 - for the audit
        """Raises ``NothingMatched``."""
        now = self._clock.now()
        if not await self._database.write(lambda c: keys.revoke(c, name, now)):
            remedy = "`syncd token list` shows them"
            if name in self._reserved:
                remedy = "it is of the configuration: remove it from service.control_tokens and reload"
            raise NothingMatched(f"no open token is called {name}", remedy=remedy)
        return Done(count=1, message=f"{name} opens nothing from now on")


def _view(row: KeyRow) -> KeyView:
    return KeyView(
        name=row.name,
        scopes=[Scope(scope) for scope in row.scopes],
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
