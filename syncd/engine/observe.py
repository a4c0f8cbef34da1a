"""Reading streams: a hash of the raw bytes decides that nothing happened before anything is parsed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import xxhash

from syncd.core.canonical import content_hash
from syncd.core.errors import RefuseRecord, SyncdError, UnreadableAnswer
from syncd.core.likeness import block_keys
from syncd.core.matching import natural_keys
from syncd.core.model import Record
from syncd.core.policy import FieldPolicy
from syncd.engine.setup import End
from syncd.entities import ENTITIES, Entity
from syncd.ports import EntitySpec, Known, Observation, Page, Seen, Store, StreamRow

GONE = content_hash({"": "gone"})
"""The content of every removed record: its removal is news once, and so is its return."""

_LAG_S = 60.0
"""How far back a listing may show, where the connection does not say how long anything takes to settle."""

Count = Callable[[int], None]
"""Told how many records were read so far."""


@dataclass(slots=True)
class Read:
    """What one walk came to."""

    records: int = 0
    changed: int = 0
    complete: bool = False
    error: str = ""
    incomplete: str = ""
    """What is to be said of a walk that came to its end and left something out."""
    keys: set[str] | None = None
    """Of a sweep: every record it showed."""
    unread: list[str] = field(default_factory=list)
    """Of single keys: those that the platform could not serve now."""


def observe_record(spec: EntitySpec, seen: Seen, known: Known | None) -> Observation:
    """One record, mapped far enough to know whether it changed. Pure.

    A record that cannot be mapped is stored all the same, by its bytes: it will be quarantined with
    its reason when it is decided, and nothing is lost meanwhile. By its keys and what it looks like, as far
    as they can be read, it is found all the same: else it would be made once more for its counterpart on
    the other side.
    """
    if seen.deleted:
        raw_hash = shown_hash(spec)(seen.raw)
        return Observation(
            seen.key, seen.raw, raw_hash, GONE, known, gone=True, merged_into=seen.merged_into,
            evidence=f"merged into {seen.merged_into}" if seen.merged_into else "its platform says so",
        )  # fmt: skip
    wire: Any = None
    try:
        wire = orjson.loads(seen.raw)
        record = spec.map.get(wire)
    except (RefuseRecord, orjson.JSONDecodeError):
        raw_hash = shown_hash(spec)(seen.raw)
        if not isinstance(wire, dict):
            return Observation(seen.key, seen.raw, raw_hash, raw_hash, known)
        part = spec.map.readable(wire)
        natural, blocks = _natural(spec, part), block_keys(part, _fields(spec.entity))
        return Observation(seen.key, seen.raw, raw_hash, raw_hash, known, natural, blocks=blocks)
    return mapped_record(spec, seen, record, known)


def _natural(spec: EntitySpec, record: Record) -> tuple[str | None, ...]:
    kind = ENTITIES[spec.entity]
    # beyond the keys that match, what people call the record: so that it is found by that, too
    names = (*kind.match, *((name,) for name in kind.label if (name,) not in kind.match))
    return natural_keys(record, names, _fields(spec.entity))


def mapped_record(spec: EntitySpec, seen: Seen, record: Record, known: Known | None) -> Observation:
    """The same for a record that was mapped already. Pure."""
    natural = _natural(spec, record)
    raw_hash = shown_hash(spec)(seen.raw)
    blocks = block_keys(record, _fields(spec.entity))
    return Observation(seen.key, seen.raw, raw_hash, content_hash(record), known, natural, blocks=blocks)


def shown_hash(spec: EntitySpec) -> Callable[[bytes], bytes]:
    """What is equal for a record that did not change: the hash of its bytes, or, where a platform writes the
    same record in other bytes each time, of what the lens reads of them. Equal means: maps to the same."""
    # where the platform checks versions, a new one is news whether the lens reads it or not
    if spec.raw_stable or spec.conditional_write:
        return xxhash.xxh3_128_digest
    roots = spec.map.roots

    def of_what_is_read(raw: bytes) -> bytes:
        try:
            wire = orjson.loads(raw)
        except orjson.JSONDecodeError:
            wire = None
        if not isinstance(wire, dict):
            return xxhash.xxh3_128_digest(raw)
        read = {name: wire[name] for name in roots if name in wire}
        return xxhash.xxh3_128_digest(orjson.dumps(read, option=orjson.OPT_SORT_KEYS))

    return of_what_is_read


def _fields(entity: str) -> dict[str, FieldPolicy]:
    kind = ENTITIES[entity]
    found = _FIELDS.get(kind)
    if found is None:
        found = _FIELDS[kind] = {f.name: f for f in kind.policies()}
    return found


_FIELDS: dict[type[Entity], dict[str, FieldPolicy]] = {}
"""Policies by entity: declarations, so they are read from the models once."""


async def read_stream(store: Store, end: End, stream: StreamRow, *, full: bool = False, count: Count) -> Read:
    """Walk one stream to its end, or as far as it lets us. Never raises for the platform's faults.

    The watermark moves only when the walk is complete. A broken walk goes on where it was.
    """
    entity = stream.entity
    spec = end.connector.capabilities.entities[entity]
    fingerprint = spec.map.fingerprint()
    # another map reads other content from the same bytes: everything must be seen again
    remapped = bool(stream.fingerprint) and stream.fingerprint != fingerprint
    since = None if full or remapped or not spec.incremental else stream.watermark
    resume = None
    if stream.resume is not None and stream.walk_since == since and not (full or remapped):
        resume = stream.resume
    read = Read(keys=set() if full else None)
    gate = not remapped
    try:
        pages = end.connector.pages(entity, since=since, resume=resume)
        complete = True
        async for page in _ahead(pages):
            complete = complete and page.complete
            news = await _news(store, end, stream, page, read, gate=gate)
            await _store_page(store, stream, page, news, since, fingerprint, whole=complete)
            count(read.records)
        read.complete = complete
        if not complete:
            # what it did show may be used; only what it did not show proves nothing
            read.incomplete = f"{entity} of {end.connection}: the listing was incomplete"
            await store.walk_incomplete(stream, fingerprint, read.incomplete)
    except SyncdError as error:
        read.error = error.message
        if isinstance(error, UnreadableAnswer):
            end.tap.walked(end.connection, entity, error.message)
        await store.stream_failed(stream.id, error.message)
    else:
        end.tap.walked(end.connection, entity, "")
    return read


async def _store_page(
    store: Store,
    stream: StreamRow,
    page: Page,
    news: Sequence[Observation],
    since: str | None,
    fingerprint: str,
    *,
    whole: bool,
) -> None:
    """What a page showed and the progress of the walk, together: no change lies behind it unstored."""
    if page.resume is None and whole:
        await store.page_seen(
            stream,
            news,
            resume=None,
            walk_since=None,
            finished=True,
            # a full listing does not tell of removals and merges: what is told of since the watermark, an
            # incremental walk has yet to hear
            watermark=page.watermark if since is not None or stream.watermark is None else None,
            fingerprint=fingerprint,
        )
    elif news:
        await store.page_seen(stream, news, resume=page.resume, walk_since=since)


async def _perhaps_old(
    store: Store, end: End, stream: StreamRow, observations: Sequence[Observation]
) -> frozenset[str]:
    """Records that a listing shows as they may have been before what is known of them: a listing may lag, and
    what it shows of a record that changed just now (by us, perhaps) is no news but the past."""
    changed = [o.key for o in observations if o.known and o.known.content_hash != o.content_hash]
    if not changed:
        return frozenset()
    settle_s = end.connector.capabilities.settle_s
    return await store.news_of(stream.id, changed, _LAG_S if settle_s is None else settle_s)


async def _as_they_are_now(end: End, entity: str, records: Sequence[Seen], old: frozenset[str]) -> list[Seen]:
    """The same records, those in doubt fetched by their keys: that is never the past. One that cannot be had
    is left as the listing says if it says that it is gone, else left out. Raises as ``fetch`` does."""
    now: list[Seen] = []
    for seen in records:
        if seen.key not in old:
            now.append(seen)
        elif (fetched := await end.connector.fetch(entity, seen.key)) is not None:
            now.append(fetched)
        elif seen.deleted:
            now.append(seen)
    return now


async def _news(
    store: Store, end: End, stream: StreamRow, page: Page, read: Read, *, gate: bool
) -> Sequence[Observation]:
    """What a page shows that is new to us."""
    read.records += len(page.records)
    if read.keys is not None:
        read.keys.update(seen.key for seen in page.records if not seen.deleted)
    if not page.records:
        return ()
    known = await store.known(stream.id, [seen.key for seen in page.records])
    spec = end.connector.capabilities.entities[stream.entity]
    observations = changed_records(spec, page.records, known, gate=gate)
    if gate and (old := await _perhaps_old(store, end, stream, observations)):
        now = await _as_they_are_now(end, stream.entity, page.records, old)
        observations = changed_records(spec, now, known, gate=gate)
    read.changed += sum(1 for o in observations if o.known is None or o.known.content_hash != o.content_hash)
    if observations:
        end.tap.records(end.connection, stream.entity, observations)
    return observations


def changed_records(
    spec: EntitySpec, records: Sequence[Seen], known: dict[str, Known] | object, *, gate: bool
) -> list[Observation]:
    """The records of a page whose bytes are new to us. Pure.

    ``gate`` off: every record is mapped, because the map itself has changed. A record that a page shows
    twice counts once, as it was shown last.
    """
    assert isinstance(known, dict)
    fresh: dict[str, Observation] = {}
    digest = shown_hash(spec)
    for seen in records:
        have = known.get(seen.key)
        # the same bytes, and as removed (or not) as before
        if (
            gate
            and have is not None
            and have.raw_hash == digest(seen.raw)
            and seen.deleted == (have.content_hash == GONE)
        ):
            continue
        observation = observe_record(spec, seen, have)
        if not gate and have is not None and _equal(observation, have):
            continue
        fresh[seen.key] = observation
    return list(fresh.values())


def _equal(o: Observation, have: Known) -> bool:
    return o.raw_hash == have.raw_hash and o.content_hash == have.content_hash


async def observe_keys(store: Store, end: End, entity: str, keys: Sequence[str]) -> Read:
    """Fetch single records (one record on command) into their stream. The watermark stays.

    Never raises for the platform's faults: what it will not show us is left to the walk.
    """
    return await _fetched(store, end, await store.stream(end.connection, entity), keys, {})


async def observe_announced(store: Store, end: End, stream: StreamRow, announced: Mapping[str, int]) -> Read:
    """The same for announced records, by key with what announced each: that is done with once the record is
    stored, or the platform has said that there is nothing to see."""
    return await _fetched(store, end, stream, list(announced), announced)


async def _fetched(
    store: Store, end: End, stream: StreamRow, keys: Sequence[str], announced: Mapping[str, int]
) -> Read:
    found: list[Seen] = []
    read = Read(complete=True)
    for at, key in enumerate(keys):
        try:
            seen = await end.connector.fetch(stream.entity, key)
        except RefuseRecord:
            continue
        except SyncdError as error:
            # one fault is enough: what troubles the platform troubles the rest of them too
            read.error, read.unread = error.message, list(keys[at:])
            break
        if seen is not None:
            found.append(seen)
    # only what was read: the others are for the next time
    answered = [announced[key] for key in keys if key in announced and key not in read.unread]
    await store_seen(store, end, stream, found, read, answered)
    if read.error:
        await store.stream_failed(stream.id, read.error)
    return read


async def store_seen(
    store: Store, end: End, stream: StreamRow, found: Sequence[Seen], read: Read, answered: Sequence[int] = ()
) -> None:
    """Put fetched records into their stream, leaving the progress of its walk alone. ``answered``: what
    announced them."""
    read.records += len(found)
    known = await store.known(stream.id, [seen.key for seen in found]) if found else {}
    spec = end.connector.capabilities.entities[stream.entity]
    observations = changed_records(spec, found, known, gate=True)
    read.changed += len(observations)
    if observations:
        end.tap.records(end.connection, stream.entity, observations)
    if observations or answered:
        await store.records_seen(stream, observations, answered)


async def _ahead(pages: AsyncIterator[Page]) -> AsyncIterator[Page]:
    """The same pages, the next one being fetched while this one is decided."""
    upcoming: asyncio.Task[Page | None] | None = None
    try:
        page = await _next(pages)
        while page is not None:
            if page.resume is not None:
                upcoming = asyncio.create_task(_next(pages))
                await asyncio.sleep(0)  # its request leaves before this page is mapped, in one go
            yield page
            if page.resume is None or upcoming is None:
                return
            page = await upcoming
        raise UnreadableAnswer("the listing ended before its last page")
    finally:
        if upcoming is not None:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
        closing = getattr(pages, "aclose", None)
        if closing is not None:
            await closing()


async def _next(pages: AsyncIterator[Page]) -> Page | None:
    return await anext(pages, None)
