"""From a connection's settings to resources, lenses and capabilities. Pure, but for the client it builds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from syncd.connectors.registry import Opening
from syncd.connectors.rest import settings as configured
from syncd.connectors.rest.settings import EntityAt, FieldAt, Settings
from syncd.http import HttpClient, Rate
from syncd.mapping.atoms import (
    Atom,
    Code,
    Day,
    Flag,
    Identifier,
    Integer,
    Lines,
    LocalTime,
    Money,
    Number,
    Text,
    UnixDay,
    UnixTime,
)
from syncd.mapping.entity_map import EntityMap, FieldMap
from syncd.ports import Capabilities, EntitySpec, OperationSpec, Proof
from syncd.rest import (
    Dialect,
    Method,
    NextAddress,
    Offset,
    PageNumber,
    Reference,
    Resource,
    RestConnector,
    Since,
    Stamp,
    Token,
    Version,
    VersionIn,
    Whole,
)
from syncd.rest.login import scheme
from syncd.rest.paging import Paging

_TICKS: Final = {"s": 1, "ms": 1_000, "us": 1_000_000}


def open_connection(opening: Opening) -> RestConnector:
    """Builds the connection, without talking to anybody. Raises ``FixInput`` for an unreadable secret."""
    settings = opening.settings
    if not isinstance(settings, Settings):
        raise TypeError(f"Settings expected, {type(settings).__name__} given")
    concurrency = opening.concurrency or settings.concurrency
    client = HttpClient(
        connection=opening.connection,
        base_url=settings.base_url,
        auth=scheme(
            settings.auth,
            connection=opening.connection,
            folder=opening.folder,
            vault=opening.vault,
            clock=opening.clock,
        ),
        clock=opening.clock,
        concurrency=concurrency,
        rate=Rate(settings.requests_per_s) if settings.requests_per_s else None,
        timeout_s=settings.timeout_s,
        ca_file=settings.ca_file,
        private_network=settings.private_network,
        tap=opening.tap,
        allowance=opening.allowance,
        headers=settings.headers,
        login_url=settings.login_url,
    )
    return RestConnector(
        dialect=Dialect(opening.connection, {n: resource(e) for n, e in settings.entities.items()}),
        client=client,
        clock=opening.clock,
        capabilities=Capabilities(
            platform="rest",
            entities={
                name: spec(name, entity, opening.custom.get(name, {}))
                for name, entity in settings.entities.items()
            },
            concurrency=concurrency,
            settle_s=opening.settle_s,
            settle_provenance=opening.settle_provenance,
        ),
    )


def offered(settings: BaseModel) -> tuple[str, ...]:
    """The entities that a connection with these settings has."""
    assert isinstance(settings, Settings)
    return tuple(settings.entities)


def resource(entity: EntityAt) -> Resource:
    """One kind of record, as ``syncd.rest`` walks and writes it."""
    changes, version, ours = entity.changes, entity.version, entity.reference
    return Resource(
        path=entity.path,
        rows=entity.rows,
        record=entity.record,
        key=entity.key,
        paging=_paging(entity.paging),
        limit=entity.page_size,
        query=entity.query,
        single={} if entity.single else None,
        modified=changes.modified if changes else "",
        stamp=Stamp(changes.format, _TICKS[changes.precision], changes.timezone) if changes else None,
        since=tuple(Since(f.parameter, f.template) for f in changes.since) if changes else (),
        overlap_s=changes.overlap_s if changes else 0.0,
        pages_at=entity.pages_at,
        total_at=entity.total_at,
        more_at=entity.more_at,
        next_at=entity.next_at,
        deleted=entity.deleted,
        numbers=entity.numbers,
        finds={path: Since(f.parameter, f.template) for path, f in entity.finds.items()},
        create=_method(entity.create),
        update=_method(entity.update),
        delete=_method(entity.delete),
        fixed=entity.fixed,
        version=Version(VersionIn(version.where), version.field) if version else None,
        reference=Reference(ours.field, ours.parameter, ours.template, ours.max_length) if ours else None,
        unique=entity.unique,
    )


def spec(name: str, entity: EntityAt, custom: Mapping[str, str]) -> EntitySpec:
    """The lens of one kind of record with a customer's own fields, and what can be done with it."""
    operations: dict[str, OperationSpec] = {}
    if entity.create is not None:
        keyed = bool(entity.create.idempotency_header and entity.create.idempotency_life_s)
        operations["create"] = (
            OperationSpec(Proof.NATIVE_KEY, entity.create.idempotency_life_s)
            if keyed
            else OperationSpec(Proof.LOOKUP)
        )
    if entity.update is not None:
        operations["update"] = OperationSpec(Proof.CONTENT)
    if entity.delete is not None:
        operations["delete"] = OperationSpec(Proof.LOOKUP)
    return EntitySpec(
        entity=name,
        map=lens(name, entity).with_custom(custom),
        operations=operations,
        incremental=entity.changes is not None,
        full_listing=entity.full_listing,
        conditional_write=entity.version is not None,
        trusted_modified=entity.changes is not None,
    )


def lens(name: str, entity: EntityAt) -> EntityMap:
    """The lens of one kind of record. What no operation writes is read only."""
    writable = entity.create is not None or entity.update is not None
    fields = tuple(
        FieldMap(
            field,
            at.at,
            _atom(at),
            writable=writable and not at.read_only,
            create_only=at.create_only or entity.update is None,
        )
        for field, at in entity.fields.items()
    )
    changes = entity.changes
    if changes is None:
        return EntityMap(name, fields, key=entity.key)
    atom: Atom = LocalTime(changes.timezone)
    if changes.format == "unix":
        atom = UnixTime(per_s=_TICKS[changes.precision])
    return EntityMap(name, fields, key=entity.key, modified=changes.modified, modified_atom=atom)


def _paging(paging: configured.Paging) -> Paging:
    match paging:
        case configured.PageNumbers():
            return PageNumber(paging.page, paging.limit, paging.first, paging.ends, paging.watch_shifts)
        case configured.Offsets():
            return Offset(paging.offset, paging.limit, paging.first, paging.ends)
        case configured.Cursors():
            return Token(paging.cursor, paging.limit)
        case configured.Links():
            return NextAddress(paging.limit)
        case configured.OnePage():
            return Whole()


def _method(send: configured.Send | None) -> Method | None:
    if send is None:
        return None
    return Method(send.verb, send.path, whole=send.whole, idempotency_header=send.idempotency_header)


def _atom(at: FieldAt) -> Atom:
    match at.type:
        case "text":
            return Text(max_length=at.max_length, empty=None)
        case "id":
            return Identifier()
        case "numeric_id":
            return Identifier(as_integer=True)
        case "money":
            return Money(as_text=at.as_text)
        case "number":
            return Number(as_text=at.as_text)
        case "integer":
            return Integer()
        case "flag":
            return Flag()
        case "day":
            return Day()
        case "unix_day":
            return UnixDay(at.timezone, as_text=at.as_text)
        case "code":
            return Code(at.words)
        case "lines":
            return Lines(tuple((name, line.at, _atom(line)) for name, line in at.lines.items()))
