"""A connection to every shipped platform's sandbox, in this process: what shipped contracts are learned
from, and proved against."""

# ruff: noqa: ARG002 (who keeps or writes nothing needs none of what he is told)

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from syncd.bridge.database import Database
from syncd.clock import SystemClock
from syncd.connectors import registry
from syncd.connectors.memory import FIELD, PLATFORM, MemoryConnector, MemoryPlatform
from syncd.connectors.registry import Opening
from syncd.core.errors import FixInput, RefuseRecord
from syncd.core.model import Value
from syncd.mapping.atoms import Atom, Day, Flag, Identifier, Lines, Money, Tags, Text
from syncd.ports import Connector
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running

SIZE: Final = 200
"""Customers of the made-up company; the rest follows in proportion."""
PROFILES: Final = Path(__file__).resolve().parents[1] / "sandbox" / "profiles"
_ROWS_MAX: Final = 100_000
_BYTES_MAX: Final = 256 * 1024 * 1024


class NoVault:
    """Keeps nothing: a sandbox's tokens end with it."""

    async def load(self, connection: str, name: str) -> bytes | None:
        return None

    async def save(self, connection: str, name: str, value: bytes) -> None:
        return None


class ReadOnlyChannel:
    """A bridge without a bridge: SQL on the sandbox's database, and nothing is written."""

    connected = True

    def __init__(self, database: Database) -> None:
        self._database = database

    async def query(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        body = await asyncio.to_thread(self._database.read, statement, parameters, _ROWS_MAX, _BYTES_MAX)
        found = msgspec.json.decode(body)
        return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]

    async def submit(self, document: bytes) -> bytes:
        raise FixInput("learning a contract writes nothing")


Play = Callable[[Mapping[str, Any]], AbstractAsyncContextManager[Connector]]


@asynccontextmanager
async def _servicetrade(changes: Mapping[str, Any]) -> AsyncIterator[Connector]:
    async with running("servicetrade", Order(size=SIZE)) as sandbox:
        details = sandbox.ready.details
        with TemporaryDirectory() as folder:
            secret = Path(folder) / "secret"
            secret.touch(mode=0o600)
            secret.write_text(details["client_secret"])
            auth = {
                "scheme": "oauth2",
                "client_id": details["client_id"],
                "client_secret": f"file:{secret}",
            }
            settings = {"base_url": details["base_url"], "auth": auth, "payment_method": "check", **changes}
            connector = _open("servicetrade", settings, Path(folder))
            try:
                yield connector
            finally:
                await connector.close()


@asynccontextmanager
async def _sage100_contractor(changes: Mapping[str, Any]) -> AsyncIterator[Connector]:
    async with running("sage100-contractor", Order(size=SIZE)) as sandbox:
        details = sandbox.ready.details
        with closing(Database(details["database_url"])) as database:
            settings = {
                "company": details["company"],
                "user": details["user"],
                "dialect": "sqlite",
                "locations": True,
                **changes,
            }
            connector = _open("sage100-contractor", settings, PROFILES, ReadOnlyChannel(database))
            try:
                yield connector
            finally:
                await connector.close()


@asynccontextmanager
async def _memory(changes: Mapping[str, Any]) -> AsyncIterator[Connector]:
    """The reference platform has no company of its own: it holds what the two others show."""
    platform = MemoryPlatform(FIELD, SystemClock())
    async with _servicetrade(changes) as field, _sage100_contractor(changes) as books:
        for entity in PLATFORM.entities:
            source = field if entity in field.capabilities.entities else books
            lens = source.capabilities.entities[entity].map
            async for page in source.pages(entity, since=None):
                for at, seen in enumerate(page.records):
                    record = dict(lens.get(json.loads(seen.raw)))
                    # what neither of them has a word for is there in some records
                    platform.add(entity, _said(entity, _filled(entity, record) if at % 3 else record))
    connector = MemoryConnector(platform)
    yield connector
    await connector.close()


_EXAMPLES: Final[Mapping[type, Value]] = {
    Text: "as agreed",
    Money: Decimal("12.50"),
    Day: date(2026, 4, 1),
    Identifier: "1",
    Flag: True,
    Tags: frozenset({"night"}),
}


def _filled(entity: str, record: Mapping[str, Value]) -> dict[str, Value]:
    """The record with a value for every plain field that it leaves out, in its lines as well."""
    filled: dict[str, Value] = {}
    for field in FIELD.maps[entity].fields:
        held = record.get(field.name)
        if isinstance(field.atom, Lines) and isinstance(held, tuple):
            names = {name: atom for name, _, atom in field.atom.fields}
            filled[field.name] = tuple({**_examples(names), **line} for line in held)
    return _examples({field.name: field.atom for field in FIELD.maps[entity].fields}) | {**record, **filled}


def _examples(atoms: Mapping[str, Atom]) -> dict[str, Value]:
    return {name: _EXAMPLES[type(atom)] for name, atom in atoms.items() if type(atom) in _EXAMPLES}


def _said(entity: str, record: dict[str, Any]) -> dict[str, Any]:
    """The record in the memory platform's words, without what it has no word for."""
    lens = FIELD.maps[entity]
    while True:
        try:
            return lens.put(record, None)
        except RefuseRecord as unsaid:
            if unsaid.field not in record:
                raise
            del record[unsaid.field]


_PLAYS: Final[Mapping[str, Play]] = {
    "servicetrade": _servicetrade,
    "sage100-contractor": _sage100_contractor,
    "memory": _memory,
}

VARIANTS: Final[Mapping[str, Sequence[Mapping[str, Any]]]] = {
    "sage100-contractor": ({"billing": "job"}, {"billing": "service"}),
}
"""Settings under which one platform answers differently; a shipped contract covers them all."""


def played(platform: str, changes: Mapping[str, Any] | None = None) -> AbstractAsyncContextManager[Connector]:
    """A connection to ``platform``'s sandbox, filled with a made-up company. ``changes``: to its settings.

    Raises ``FixInput`` for a platform that is not played here.
    """
    play = _PLAYS.get(platform)
    if play is None:
        raise FixInput(f"{platform!r} has no sandbox to learn from", remedy=f"one of: {', '.join(_PLAYS)}")
    return play(changes or {})


def _open(
    name: str, settings: Mapping[str, Any], folder: Path, channel: ReadOnlyChannel | None = None
) -> Connector:
    platform = registry.platform(name)
    profile = None
    if platform.profile is not None:
        loaded = import_module(f"syncd.connectors.{name.replace('-', '_')}.profile")
        profile = loaded.load_profile(PROFILES / f"{name}.yaml")
    return platform.open(
        Opening(
            connection=f"played-{name}",
            settings=platform.settings.model_validate(settings),
            clock=SystemClock(),
            vault=NoVault(),
            folder=folder,
            profile=profile,
            channel=channel,
        )
    )
