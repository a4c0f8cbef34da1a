"""One open connection to a REST-like platform: does what its ``Dialect`` decides.

A platform's package declares its resources, its login and its lenses, overrides what it says differently
in a ``Dialect``, and hands all of it to ``RestConnector``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

import msgspec

from syncd.core.errors import FixInput, RefuseRecord, RetryLater, SyncdError, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import ErrorClass, Outcome, Rejected, Retry, Unknown
from syncd.http import Answer, HttpClient
from syncd.ports import Capabilities, Clock, Finding, Page, Seen, WriteRequest
from syncd.rest import walk as walks
from syncd.rest.dialect import Call, Current, Dialect, part_of
from syncd.rest.paging import Ask, Place
from syncd.rest.resource import Resource, VersionIn
from syncd.rest.rows import Listed, Row, at


class Check(NamedTuple):
    """One thing that ``probe`` looks at beside the records. ``run`` may raise ``SyncdError``."""

    subject: str
    run: Callable[[], Awaitable[Finding]]
    unchecked: str
    """What nobody knows then."""


_PAGES_MAX: Final = 100_000
"""Of one look-up: a list that never ends is no list."""


class RestConnector:
    """Implements ``ports.Connector``. It decides nothing: see ``Dialect``."""

    def __init__(
        self, *, dialect: Dialect, client: HttpClient, clock: Clock, capabilities: Capabilities
    ) -> None:
        self._dialect = dialect
        self._http = client
        self._clock = clock
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    # -- reading -----------------------------------------------------------------------------

    async def pages(
        self, entity: str, *, since: str | None, resume: str | None = None
    ) -> AsyncIterator[Page]:
        resource = self._resource(entity)
        begin = int(since) if since is not None and resource.incremental else None
        parts = [part_of(s.parameter, s.template) for s in resource.since] if begin is not None else []
        walk = walks.resumed(resume) if resume else walks.begin(parts, resource.limit)
        shown: dict[str, str] = {}
        while True:
            answer, listed = await self._page(entity, walk, begin, resource.paging.ask(walk.place))
            back: Listed | None = None
            border = resource.paging.look_back(walk.place)
            if border is not None:
                _, back = await self._page(entity, walk, begin, border)
            if not walk.started:
                walk = msgspec.structs.replace(walk, started=self._server_time(resource, answer))
            page, walk = walks.advance(walk, resource.paging, listed, back, shown, begin, parts)
            yield page
            if page.resume is None:
                return

    async def fetch(self, entity: str, key: str) -> Seen | None:
        current = await self._current(entity, key)
        if current is None or current.row.deleted or not self._dialect.in_scope(entity, current.row):
            return None
        return Seen(current.row.key, current.row.raw)

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        found: dict[str, Seen] = {}
        everything: Sequence[Row] | None = None
        for path, query in self._dialect.finding(entity, number):
            if query is not None:
                rows = await self._rows(entity, query)
            else:
                rows = everything = everything if everything is not None else await self._rows(entity, {})
            wanted = number.strip().casefold()
            found |= {row.key: Seen(row.key, row.raw) for row in rows if _called(row, path, wanted)}
        return list(found.values())

    # -- writing -----------------------------------------------------------------------------

    async def submit(self, request: WriteRequest) -> Outcome:
        current: Current | None = None
        if self._dialect.needs_current(request):
            try:
                current = await self._current(request.entity, request.key or "")
            except UnreadableAnswer as unreadable:
                # only a read was tried so far
                return Retry(ErrorClass.PARSE, unreadable.message)
            if current is None and request.operation is Operation.UPDATE:
                return Rejected(ErrorClass.NOT_FOUND, f"{request.entity} {request.key} is not there")
            if current is not None and self._moved(request, current):
                return Rejected(ErrorClass.CONFLICT, "the record was changed meanwhile")
        return await self._send(request, self._dialect.call(request, current))

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        if request.operation is Operation.CREATE:
            rows = await self._rows(request.entity, self._dialect.looked_up(request))
            return [Seen(row.key, row.raw) for row in rows if self._shows(request, row)]
        current = await self._current(request.entity, request.key or "")
        if request.operation is Operation.DELETE:
            gone = current is None or current.row.deleted
            return [Seen(request.key or "", b"", deleted=True)] if gone else []
        if current is None or not self._shows(request, current.row):
            return []
        return [Seen(current.row.key, current.row.raw)]

    async def revoke(self) -> bool:
        """See ``ports.RevokesLogin``."""
        return await self._http.revoke()

    async def probe(self) -> Sequence[Finding]:
        """Whether each kind of record can be read, and says what the map reads; then the platform's own
        ``checks``, and what its settings come to."""
        found: list[Finding] = []
        for entity in self._dialect.resources:
            found.append(await self._probed(entity))
            if found[-1].subject == "login":
                return found
        for check in self.checks():
            try:
                found.append(await check.run())
            except SyncdError as error:
                found.append(Finding("warning", check.subject, error.message, check.unchecked))
        ok = Finding("ok", "login", f"{self._dialect.platform} lets us in")
        return [ok, *found, *self.settings_say()]

    def checks(self) -> Sequence[Check]:
        """What else of this platform is worth a look; one that cannot be carried out is a warning."""
        return ()

    def settings_say(self) -> Sequence[Finding]:
        """What the connection's settings come to."""
        return ()

    async def close(self) -> None:
        await self._http.aclose()

    # -- for the connectors built on it --------------------------------------------------------

    async def _send(self, request: WriteRequest, call: Call) -> Outcome:
        answer = await self._http.write(call.method, call.path, json=call.json, headers=call.headers)
        return answer if isinstance(answer, Retry | Unknown) else self._dialect.outcome(request, answer)

    async def _rows(self, entity: str, query: Mapping[str, str | None]) -> Sequence[Row]:
        """Every record that ``query`` asks for, beside what every list of its kind asks for (None: not that).

        Raises ``RetryLater`` if the list moved while it was read: a record that was hidden from us would pass
        for one that was never made.
        """
        resource = self._resource(entity)
        rows: dict[str, Row] = {}
        shown: dict[str, str] = {}
        walk = walks.begin((), resource.limit)
        for _ in range(_PAGES_MAX):
            listed = await self._filtered(entity, query, resource.paging.ask(walk.place))
            border = resource.paging.look_back(walk.place)
            back = None if border is None else await self._filtered(entity, query, border)
            rows |= {row.key: row for row in listed.rows if not row.deleted}
            page, walk = walks.advance(walk, resource.paging, listed, back, shown, None)
            if page.resume is None and page.complete:
                return list(rows.values())
            if page.resume is None:
                raise RetryLater(f"{self._dialect.platform}: the list of {entity} moved while it was read")
        raise UnreadableAnswer(f"{self._dialect.platform}: the list of {entity} has no end")

    async def _filtered(self, entity: str, query: Mapping[str, str | None], place: Ask) -> Listed:
        ask = self._dialect.listing(entity, walks.EVERYTHING, None, place)
        asked = {name: text for name, text in {**ask.params, **query}.items() if text is not None}
        # an address that the platform gave holds the query already
        params = ask.params if place.path else self._both(ask.params, asked)
        return self._dialect.listed(entity, await self._read(entity, ask.path, params))

    def _both(self, always: Mapping[str, str], params: Mapping[str, str]) -> Mapping[str, str]:
        return {
            name: self._dialect.joined(name, always[name], text)
            if name in always and always[name] != text
            else text
            for name, text in params.items()
        }

    async def _current(self, entity: str, key: str) -> Current | None:
        """A record as it stands now; None only if the platform says that it does not exist."""
        resource = self._resource(entity)
        if resource.single is None:
            row = next((row for row in await self._rows(entity, {}) if row.key == key), None)
            return None if row is None else Current(row)
        path = self._dialect.record_path(entity, key)
        answer = await self._http.read(path, {**resource.single})
        if answer.status in (404, 410):
            return None
        row = self._dialect.single(entity, self._readable(entity, answer))
        return Current(row, answer.headers.get("ETag", ""))

    # -- inside ------------------------------------------------------------------------------

    async def _page(
        self, entity: str, walk: walks.Walk, begin: int | None, ask: Ask
    ) -> tuple[Answer, Listed]:
        resource = self._resource(entity)
        since = begin
        if begin is not None and resource.stamp is not None:
            since = begin - int(resource.overlap_s * resource.stamp.per_s)
        full = self._dialect.listing(entity, walk.part, since, ask)
        answer = await self._read(entity, full.path, full.params)
        return answer, self._dialect.listed(entity, answer)

    async def _read(self, entity: str, path: str, params: Mapping[str, str]) -> Answer:
        return self._readable(entity, await self._http.read(path, dict(params)))

    def _readable(self, entity: str, answer: Answer) -> Answer:
        if answer.ok:
            return answer
        raise UnreadableAnswer(
            f"{self._dialect.platform} refuses to list or show {entity}: {self._dialect.words(answer)}",
            remedy="look at the drift report of this connection",
        )

    def _resource(self, entity: str) -> Resource:
        try:
            return self._dialect.resources[entity]
        except KeyError:
            raise FixInput(
                f"{self._dialect.platform} has no {entity}",
                remedy=f"it has: {', '.join(self._dialect.resources)}",
            ) from None

    def _moved(self, request: WriteRequest, current: Current) -> bool:
        """Whether a record whose version stands in a header is no longer what the write was decided on."""
        version = self._resource(request.entity).version
        if version is None or version.where is not VersionIn.HEADER or request.expected is None:
            return False
        lens = self._capabilities.entities[request.entity].map
        try:
            before = lens.get(msgspec.json.decode(request.expected, type=dict[str, Any]))
            return before != lens.get(msgspec.json.decode(current.row.raw, type=dict[str, Any]))
        except (RefuseRecord, msgspec.MsgspecError):
            return True

    def _shows(self, request: WriteRequest, row: Row) -> bool:
        return self._dialect.shows(request, msgspec.json.decode(row.raw, type=dict[str, Any]))

    def _server_time(self, resource: Resource, answer: Answer) -> int:
        """When the walk began by the platform's own clock, else by ours."""
        if resource.stamp is None:
            return 0
        try:
            began = parsedate_to_datetime(answer.headers.get("Date", ""))
        except ValueError:
            began = self._clock.now()
        return resource.stamp.ticks(began)

    async def _probed(self, entity: str) -> Finding:
        resource = self._resource(entity)
        first = self._dialect.listing(
            entity, walks.EVERYTHING, None, resource.paging.ask(Place("", min(resource.limit, 25), 0))
        )
        try:
            rows = self._dialect.listed(entity, await self._read(entity, first.path, first.params)).rows
        except UnreadableAnswer as error:
            return Finding("error", entity, error.message, error.remedy)
        except SyncdError as error:
            return Finding("error", "login", error.message, error.remedy)
        lens = self._capabilities.entities[entity].map
        try:
            for row in rows:
                lens.get(msgspec.json.decode(row.raw, type=dict[str, Any]))
        except RefuseRecord as refused:
            return Finding("error", entity, refused.message, refused.remedy)
        return Finding("ok", entity, f"{resource.path} can be read ({len(rows)} looked at)")


def _called(row: Row, path: str, wanted: str) -> bool:
    value = at(msgspec.json.decode(row.raw, type=dict[str, Any]), path)
    return value is not None and str(value).strip().casefold() == wanted
