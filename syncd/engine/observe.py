"""Reading streams: a hash of the raw bytes decides that nothing happened before anything is parsed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import orjson
import xxhash

from syncd.core.canonical import content_hash
from syncd.core.errors import RefuseRecord, SyncdError, UnreadableAnswer
from syncd.core.matching import natural_keys
from syncd.core.policy import FieldPolicy
from syncd.engine.setup import End
from syncd.entities import ENTITIES
from syncd.ports import EntitySpec, Known, Observation, Page, Seen, Store, StreamRow

_GONE = content_hash({"": "gone"})
"""The content of every removed record: its removal is news once, and so is its return."""

Count = Callable[[int], None]
"""Told how many records were read so far."""


@dataclass(slots=True)
class Read:
    """What one walk came to."""

    records: int = 0
    changed: int = 0
    complete: bool = False
    error: str = ""


def observe_record(spec: EntitySpec, seen: Seen, known: Known | None) -> Observation:
    """One record, mapped far enough to know whether it changed. Pure.

    A record that cannot be mapped is stored all the same, by its bytes: it will be quarantined with
    its reason when it is decided, and nothing is lost meanwhile.
    """
    raw_hash = xxhash.xxh3_128_digest(seen.raw)
    if seen.deleted:
        return Observation(seen.key, seen.raw, raw_hash, _GONE, known, gone=True)
    try:
        wire = orjson.loads(seen.raw)
        record = spec.map.get(wire)
    except (RefuseRecord, orjson.JSONDecodeError):
        return Observation(seen.key, seen.raw, raw_hash, raw_hash, known)
    kind = ENTITIES[spec.entity]
    natural = natural_keys(record, kind.match, _fields(spec.entity))
    return Observation(seen.key, seen.raw, raw_hash, content_hash(record), known, natural)


def _fields(entity: str) -> dict[str, FieldPolicy]:
    found = _FIELDS.get(entity)
    if found is None:
        found = _FIELDS[entity] = {f.name: f for f in ENTITIES[entity].policies()}
    return found


_FIELDS: dict[str, dict[str, FieldPolicy]] = {}
"""Policies by entity: declarations, so they are read from the models once."""


async def read_stream(store: Store, end: End, entity: str, *, full: bool = False, count: Count) -> Read:
    """Walk one stream to its end, or as far as it lets us. Never raises for the platform's faults.

    The watermark moves only when the walk is complete. A broken walk goes on where it was.
    """
    spec = end.connector.capabilities.entities[entity]
    stream = await store.stream(end.connection, entity)
    fingerprint = spec.map.fingerprint()
    # another map reads other content from the same bytes: everything must be seen again
    remapped = bool(stream.fingerprint) and stream.fingerprint != fingerprint
    since = None if full or remapped or not spec.incremental else stream.watermark
    resume = None
    if stream.resume is not None and stream.walk_since == since and not (full or remapped):
        resume = stream.resume
    read = Read()
    gate = not remapped and spec.raw_stable
    try:
        pages = end.connector.pages(entity, since=since, resume=resume)
        complete = True
        async for page in _ahead(pages):
            complete = complete and page.complete
            await _take_page(store, stream, spec, page, since, read, gate=gate)
            count(read.records)
            if page.resume is None:
                await store.page_seen(
                    stream,
                    (),
                    resume=None,
                    walk_since=None,
                    finished=complete,
                    watermark=page.watermark if complete else None,
                    fingerprint=fingerprint,
                )
                read.complete = complete
    except SyncdError as error:
        read.error = error.message
        await store.stream_failed(stream.id, error.message)
    if not read.complete and not read.error:
        read.error = f"{entity} of {end.connection}: the listing was incomplete"
    return read


async def _take_page(
    store: Store,
    stream: StreamRow,
    spec: EntitySpec,
    page: Page,
    since: str | None,
    read: Read,
    *,
    gate: bool,
) -> None:
    read.records += len(page.records)
    known = await store.known(stream.id, [seen.key for seen in page.records]) if page.records else {}
    observations = changed_records(spec, page.records, known, gate=gate)
    read.changed += sum(1 for o in observations if o.known is None or o.known.content_hash != o.content_hash)
    if observations:
        # the progress of the walk is stored with what it showed, so that no change lies behind it unstored
        await store.page_seen(stream, observations, resume=page.resume, walk_since=since)


def changed_records(
    spec: EntitySpec, records: Sequence[Seen], known: dict[str, Known] | object, *, gate: bool
) -> list[Observation]:
    """The records of a page whose bytes are new to us. Pure.

    ``gate`` off: every record is mapped, for platforms whose bytes are not stable and after the map
    itself has changed. A record that a page shows twice counts once, as it was shown last.
    """
    assert isinstance(known, dict)
    fresh: dict[str, Observation] = {}
    digest = xxhash.xxh3_128_digest
    for seen in records:
        have = known.get(seen.key)
        if gate and have is not None and _unmoved(seen, have, digest(seen.raw)):
            continue
        observation = observe_record(spec, seen, have)
        if not gate and have is not None and _equal(observation, have):
            continue
        fresh[seen.key] = observation
    return list(fresh.values())


def _unmoved(seen: Seen, have: Known, raw_hash: bytes) -> bool:
    """The same bytes, and as removed (or not) as before."""
    return have.raw_hash == raw_hash and seen.deleted == (have.content_hash == _GONE)


def _equal(o: Observation, have: Known) -> bool:
    return o.raw_hash == have.raw_hash and o.content_hash == have.content_hash


async def observe_keys(store: Store, end: End, entity: str, keys: Sequence[str]) -> Read:
    """Fetch single records (hints, one record on command) into their stream. The watermark stays."""
    spec = end.connector.capabilities.entities[entity]
    stream = await store.stream(end.connection, entity)
    found: list[Seen] = []
    read = Read(complete=True)
    for key in keys:
        seen = await end.connector.fetch(entity, key)
        if seen is not None:
            found.append(seen)
    await store_seen(store, stream, spec, found, read)
    return read


async def store_seen(
    store: Store, stream: StreamRow, spec: EntitySpec, found: Sequence[Seen], read: Read
) -> None:
    """Put fetched records into their stream, leaving the progress of its walk alone."""
    read.records += len(found)
    if not found:
        return
    known = await store.known(stream.id, [seen.key for seen in found])
    observations = changed_records(spec, found, known, gate=True)
    read.changed += len(observations)
    if observations:
        await store.page_seen(stream, observations, resume=stream.resume, walk_since=stream.walk_since)


async def _ahead(pages: AsyncIterator[Page]) -> AsyncIterator[Page]:
    """The same pages, the next one being fetched while this one is decided."""
    upcoming: asyncio.Task[Page | None] = asyncio.create_task(_next(pages))
    try:
        while (page := await upcoming) is not None:
            if page.resume is not None:
                upcoming = asyncio.create_task(_next(pages))
            yield page
            if page.resume is None:
                return
        raise UnreadableAnswer("the listing ended before its last page")
    finally:
        if not upcoming.done():
            upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)
        closing = getattr(pages, "aclose", None)
        if closing is not None:
            await closing()


async def _next(pages: AsyncIterator[Page]) -> Page | None:
    return await anext(pages, None)
