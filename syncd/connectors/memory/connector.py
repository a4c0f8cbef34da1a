"""The reference ``Connector``: one open connection to a ``MemoryPlatform``.

Every request is ``clock.sleep(0)``, the platform's indivisible step, ``clock.sleep(0)``: a simulator can
interleave or kill before the request arrives and after it was carried out. Decisions are in plain
methods; what awaits only carries.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec

from syncd.connectors.memory.answers import (
    Answer,
    Done,
    Garbled,
    Listed,
    LoginExpired,
    Refused,
    Silence,
    Throttled,
)
from syncd.connectors.memory.platform import ACTIONS, VERSION, Command, MemoryPlatform
from syncd.core.errors import RefuseRecord, RenewCredentials, RetryLater, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected, Retry, Unknown
from syncd.mapping.entity_map import apply
from syncd.ports import (
    Archive,
    Capabilities,
    EntitySpec,
    Finding,
    OperationSpec,
    Page,
    Proof,
    Seen,
    WriteRequest,
)

INVOICE_ACTIONS: Final = ("set_status", "set_external_id", "comment")
_PUT_AWAY: Final = {
    "customer": Archive(fields={"status": "inactive"}),
    "location": Archive(fields={"status": "inactive"}),
}
_WORDS: Final = {
    Silence: "the connection broke before an answer came",
    Garbled: "the answer is not what the API promises",
}


@dataclass(frozen=True, slots=True)
class Manner:
    """How this connection uses its platform."""

    concurrency: int = 4
    overlap_s: float = 300.0
    """How far an incremental walk goes back behind its watermark."""
    timeout_s: float = 0.0
    """How long we wait, on the injected clock, for an answer that does not come."""
    settle_s: float | None = 60.0
    settle_provenance: str = "measured"
    proofs: Mapping[tuple[str, str], Proof] = field(default_factory=dict)
    """(entity, operation) -> proof, where it is not the usual one."""
    password: str = "open-sesame"  # noqa: S105 (of a platform that lives in this process)


class _Walk(msgspec.Struct, frozen=True):
    """Where a walk stands; its JSON is the resume token."""

    offset: int
    last: str
    """Key of the last record seen: the next page starts with it, or the listing has shifted."""
    started: datetime
    """The platform's clock when the walk began: nothing later is promised to have been seen."""
    newest: datetime | None
    complete: bool


class MemoryConnector:
    """Implements ``ports.Connector``."""

    def __init__(self, platform: MemoryPlatform, manner: Manner | None = None) -> None:
        self._platform = platform
        self._clock = platform.clock
        self._manner = manner or Manner()
        self._session: str | None = None
        self._capabilities = _capabilities(platform, self._manner)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def pages(
        self, entity: str, *, since: str | None, resume: str | None = None
    ) -> AsyncIterator[Page]:
        begin = self._begin(since)
        walk = msgspec.json.decode(resume, type=_Walk) if resume else None
        size = self._platform.behaviour.page_size
        while True:
            # each page starts one record back, with the last one seen, else the listing has shifted
            back = 1 if walk else 0
            offset = walk.offset - back if walk else 0
            listed = await self._read(
                partial(self._platform.page, entity=entity, since=begin, offset=offset, limit=size + back)
            )
            page, walk = self._page(entity, listed, walk, since)
            yield page
            if page.resume is None:
                return

    async def fetch(self, entity: str, key: str) -> Seen | None:
        listed = await self._read(lambda session: self._platform.record(session, entity, key))
        living = [seen for seen in listed.records if not seen.deleted]
        return living[0] if living else None

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        listed = await self._read(lambda session: self._platform.find(session, entity, number=number))
        return listed.records

    async def submit(self, request: WriteRequest) -> Outcome:
        command = self._command(request)
        answer = await self._ask(lambda session: self._platform.write(session, command))
        return _outcome(answer)

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        if request.operation is Operation.CREATE:
            listed = await self._read(
                lambda session: self._platform.find(session, request.entity, reference=request.reference)
            )
            return listed.records
        key = request.key or ""
        listed = await self._read(lambda session: self._platform.record(session, request.entity, key))
        return [seen for seen in listed.records if self._shows(request, seen)]

    async def probe(self) -> Sequence[Finding]:
        try:
            await self._login()
        except RenewCredentials as refused:
            return [Finding("error", "login", refused.message, refused.remedy)]
        return [Finding("ok", "login", "the memory platform lets us in")]

    async def close(self) -> None:
        self._session = None

    # -- carrying ----------------------------------------------------------------------------

    async def _login(self) -> str:
        await self._clock.sleep(0)
        self._session = self._platform.login(self._manner.password)
        if self._session is None:
            raise RenewCredentials(
                "the memory platform refuses our login", remedy="set the connection's password"
            )
        return self._session

    async def _ask(self, serve: Callable[[str], Answer]) -> Answer:
        """One request; an expired login is renewed once (the platform had not looked at the request)."""
        answer = await self._exchange(serve, self._session or await self._login())
        if isinstance(answer, LoginExpired):
            answer = await self._exchange(serve, await self._login())
        if isinstance(answer, LoginExpired):
            raise RenewCredentials("the memory platform ends every session at once", remedy="log in by hand")
        return answer

    async def _exchange(self, serve: Callable[[str], Answer], session: str) -> Answer:
        await self._clock.sleep(0)
        answer = serve(session)
        await self._clock.sleep(self._manner.timeout_s if isinstance(answer, Silence) else 0)
        return answer

    async def _read(self, serve: Callable[[str], Answer]) -> Listed:
        return _listed(await self._ask(serve))

    # -- deciding ----------------------------------------------------------------------------

    def _begin(self, since: str | None) -> datetime | None:
        if since is None:
            return None
        return datetime.fromisoformat(since) - timedelta(seconds=self._manner.overlap_s)

    def _page(self, entity: str, listed: Listed, walk: _Walk | None, since: str | None) -> tuple[Page, _Walk]:
        records = list(listed.records)
        complete = listed.whole
        if walk:
            stands = bool(records) and records[0].key == walk.last
            complete = complete and walk.complete and stands
            records = records[1:] if stands else records
        now = _Walk(
            offset=(walk.offset if walk else 0) + self._platform.behaviour.page_size,
            last=records[-1].key if records else "",
            started=walk.started if walk else listed.as_of,
            newest=self._newest(entity, records, walk.newest if walk else None),
            complete=complete,
        )
        if listed.more:
            return Page(records, resume=msgspec.json.encode(now).decode(), complete=complete), now
        return Page(records, watermark=_watermark(now, since), complete=complete), now

    def _newest(self, entity: str, records: Sequence[Seen], newest: datetime | None) -> datetime | None:
        lens = self._capabilities.entities[entity].map
        for seen in records:
            at = lens.modified_at(msgspec.json.decode(seen.raw))
            if at is not None and (newest is None or at > newest):
                newest = at
        return newest

    def _command(self, request: WriteRequest) -> Command:
        spec = self._capabilities.entities[request.entity]
        version = None
        if spec.conditional_write and request.expected is not None:
            version = msgspec.json.decode(request.expected).get(VERSION)
        return Command(
            entity=request.entity,
            operation=request.operation,
            reference=request.reference,
            key=request.key,
            body=request.body,
            version=version,
            action=request.action,
            argument=request.argument,
        )

    def _shows(self, request: WriteRequest, seen: Seen) -> bool:
        """Whether the record looks as it does after ``request``."""
        if request.operation is Operation.DELETE or seen.deleted:
            return seen.deleted and request.operation is Operation.DELETE
        wire: dict[str, Any] = msgspec.json.decode(seen.raw)
        if request.operation is Operation.UPDATE:
            return apply(wire, request.body) == wire
        return any(done["reference"] == request.reference for done in wire.get(ACTIONS, ()))


def _capabilities(platform: MemoryPlatform, manner: Manner) -> Capabilities:
    behaviour = platform.behaviour
    usual = {
        "create": Proof.NATIVE_KEY if behaviour.native_key_life_s else Proof.LOOKUP,
        "update": Proof.CONTENT,
        "delete": Proof.LOOKUP,
    }

    def spec(entity: str) -> EntitySpec:
        actions = dict.fromkeys(INVOICE_ACTIONS, Proof.LOOKUP) if entity == "invoice" else {}
        proofs = {name: manner.proofs.get((entity, name), proof) for name, proof in (usual | actions).items()}
        return EntitySpec(
            entity=entity,
            map=platform.shape.maps[entity],
            operations={
                name: OperationSpec(proof, behaviour.native_key_life_s if proof is Proof.NATIVE_KEY else 0.0)
                for name, proof in proofs.items()
            },
            archive=_PUT_AWAY.get(entity),
            conditional_write=behaviour.conditional_write,
            trusted_modified=behaviour.skew_s == 0,
            read_back=not behaviour.returns_record,
        )

    return Capabilities(
        platform="memory",
        entities={entity: spec(entity) for entity in platform.shape.maps},
        concurrency=manner.concurrency,
        settle_s=manner.settle_s,
        settle_provenance=manner.settle_provenance,
    )


def _watermark(walk: _Walk, since: str | None) -> str | None:
    """The newest change seen, but never past the walk's own start: a record that changed behind the
    walk's back must not be overtaken by one that changed later and lay ahead. Where nothing stood yet it is
    that start: what is made and removed before the next walk is told by no listing of all there is."""
    if walk.newest is None and since is not None:
        return since
    mark = min(walk.newest or walk.started, walk.started).isoformat()
    return max(mark, since) if since else mark


def _listed(answer: Answer) -> Listed:
    match answer:
        case Listed():
            return answer
        case Throttled(after_s):
            raise RetryLater("the memory platform is busy", after_s=after_s)
        case Silence():
            raise RetryLater(f"memory platform: {_WORDS[Silence]}")
        case Refused(error_class, words, _):
            raise RefuseRecord(words, code=error_class.value)
        case _:
            raise UnreadableAnswer(f"memory platform: {_WORDS[Garbled]}")


def _outcome(answer: Answer) -> Outcome:
    match answer:
        case Done(key, raw, posted):
            return Confirmed(key, raw, posted)
        case Refused(error_class, words, about):
            return Rejected(error_class, words, about)
        case Throttled(after_s):
            return Retry(ErrorClass.RATE_LIMIT, "the memory platform is busy", after_s)
        case Silence():
            return Unknown(ErrorClass.CONNECTION, _WORDS[Silence])
        case _:
            return Unknown(ErrorClass.PARSE, _WORDS[Garbled])
