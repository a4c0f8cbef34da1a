"""How a platform is spoken to: what to ask, what an answer says. Pure, so that all of it can be tested
without a socket. ``Dialect`` is an ordinary JSON API; a platform overrides what it says differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import msgspec

from syncd.core.errors import FixInput, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected, Unknown
from syncd.http import Answer
from syncd.http.outcomes import error_class
from syncd.mapping.entity_map import apply
from syncd.ports import WriteRequest
from syncd.rest.paging import Ask, link_header
from syncd.rest.resource import CREATE, DELETE, UPDATE, Method, Resource, VersionIn
from syncd.rest.rows import Listed, Row, at, below, head_reader, listed_records, value_at
from syncd.rest.walk import EVERYTHING

_WORDS: Final = ("message", "error", "detail", "title", "error_description", "errors", "description")
_REMEDY: Final = "look at the drift report of this connection"


@dataclass(frozen=True, slots=True)
class Call:
    """One write as it is sent."""

    method: str
    path: str
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Current:
    """A record as it stands, and its version where that stands in a header."""

    row: Row
    etag: str = ""


class Dialect:
    """An ordinary JSON API. ``platform`` is its name in messages. Methods decide and never do."""

    def __init__(self, platform: str, resources: Mapping[str, Resource]) -> None:
        self.platform = platform
        self.resources = resources

    # -- reading -----------------------------------------------------------------------------

    def listing(self, entity: str, part: str, since: int | None, place: Ask) -> Ask:
        """A page of a walk: what every list asks for, the filter of this part, the page's own place."""
        resource = self.resources[entity]
        if place.path:
            return place
        params = {**resource.query, **place.params}
        way = next((way for way in resource.since if part_of(way.parameter, way.template) == part), None)
        if part != EVERYTHING and way is not None and since is not None and resource.stamp is not None:
            text = way.template.format((way.stamp or resource.stamp).write(max(since, 0)))
            params[way.parameter] = self.joined(way.parameter, params.get(way.parameter, ""), text)
        return Ask(resource.path, params)

    def joined(self, parameter: str, always: str, also: str) -> str:  # noqa: ARG002
        """Two demands on one parameter as one text, where a platform has such a thing (OData's filters)."""
        return also

    def record_path(self, entity: str, key: str) -> str:
        """The address of one record. Raises ``FixInput`` for a key that could not be one."""
        return f"{self.resources[entity].path}/{quoted(key)}"

    def listed(self, entity: str, answer: Answer) -> Listed:
        """One page of a list. Raises ``UnreadableAnswer``."""
        resource = self.resources[entity]
        rows = [self.row(entity, raw) for raw in listed_records(answer.body, resource.rows)]
        following: Any = None
        if resource.next_at == "Link":
            following = link_header(answer.headers.get("Link", ""))
        elif resource.next_at:
            following = _at(answer.body, resource.next_at)
        return Listed(
            rows,
            following=str(following) if following else None,
            pages=_count(answer.body, resource.pages_at),
            total=_count(answer.body, resource.total_at),
            more=_flag(answer.body, resource.more_at),
        )

    def row(self, entity: str, raw: bytes) -> Row:
        """One record. Raises ``UnreadableAnswer`` where it has no key or its time is none."""
        resource = self.resources[entity]
        try:
            key, modified, gone = head_reader(resource.key, resource.modified, resource.deleted)(raw)
            ticks = resource.stamp.read(modified) if resource.stamp else None
        except (msgspec.MsgspecError, ValueError):
            key, ticks, gone = None, None, None
        if isinstance(key, bool) or not isinstance(key, int | str) or key == "":
            raise UnreadableAnswer(
                f"{self.platform} {resource.path}: a record is not what the API promises", remedy=_REMEDY
            )
        return Row(str(key), raw, ticks, bool(gone))

    def single(self, entity: str, answer: Answer) -> Row:
        """One record. Raises ``UnreadableAnswer``."""
        resource = self.resources[entity]
        try:
            raw = below(answer.body, resource.record)
        except msgspec.MsgspecError:
            raw = None
        if raw is None:
            raise UnreadableAnswer(
                f"{self.platform} {resource.path}: the answer holds no record", remedy=_REMEDY
            )
        return self.row(entity, raw)

    def in_scope(self, entity: str, row: Row) -> bool:  # noqa: ARG002
        """Whether a record that was asked for by its key is one that lists show."""
        return True

    def finding(self, entity: str, number: str) -> Sequence[tuple[str, Mapping[str, str] | None]]:
        """(path in the record, query that lists by it) of everything a person may mean by ``number``;
        None: the whole list is read and compared."""
        resource = self.resources[entity]
        asked: list[tuple[str, Mapping[str, str] | None]] = []
        for path in resource.numbers:
            way = resource.finds.get(path)
            query = None if way is None else {way.parameter: way.template.format(self.value(number))}
            asked.append((path, query))
        return asked

    def value(self, text: str) -> str:
        """A person's text as a filter of this platform may hold it (quotes doubled ...)."""
        return text

    # -- writing -----------------------------------------------------------------------------

    def needs_current(self, request: WriteRequest) -> bool:
        """Whether the record must be read before this can be sent."""
        resource = self.resources[request.entity]
        if request.operation not in (Operation.UPDATE, Operation.DELETE):
            return False
        if resource.version is not None and resource.version.where is VersionIn.HEADER:
            return True
        method = self.method(request)
        return request.expected is None and (resource.version is not None or method.whole)

    def method(self, request: WriteRequest) -> Method:
        """How this operation is sent. Raises ``FixInput`` for one that the platform does not have."""
        resource = self.resources[request.entity]
        methods = {
            Operation.CREATE: resource.create or CREATE,
            Operation.UPDATE: resource.update or UPDATE,
            Operation.DELETE: resource.delete or DELETE,
        }
        if request.operation not in methods:
            raise FixInput(f"{self.platform} has no action {request.action!r} on {request.entity}")
        return methods[request.operation]

    def call(self, request: WriteRequest, current: Current | None) -> Call:
        """What to send; ``current``: the record as it stands, where it was read. Raises ``FixInput``."""
        resource, method = self.resources[request.entity], self.method(request)
        path = method.path.format(path=resource.path, key=quoted(request.key or "-"))
        headers = dict(method.headers)
        if method.idempotency_header:
            headers[method.idempotency_header] = request.reference
        if request.operation is Operation.CREATE:
            return Call(method.verb, path, self.new(request), headers)
        wire = self.decided_on(request, current)
        body: dict[str, Any] | None = None
        if request.operation is Operation.UPDATE:
            body = apply(wire, request.body) if method.whole else dict(request.body)
        version = resource.version
        if version is not None and version.where is VersionIn.HEADER and current is not None:
            headers["If-Match"] = current.etag
        elif version is not None and version.where is VersionIn.RECORD:
            headers["If-Match"] = str(at(wire, version.path) or "")
        elif version is not None and body is not None:
            body = apply(body, nested(version.path, at(wire, version.path)))
        return Call(method.verb, path, body, {name: value for name, value in headers.items() if value})

    def decided_on(self, request: WriteRequest, current: Current | None) -> Mapping[str, Any]:
        """The record that the write was decided on, decoded; the one that stands there where nobody says."""
        raw = request.expected if request.expected is not None else current.row.raw if current else b"{}"
        found: Mapping[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
        return found

    def new(self, request: WriteRequest) -> Any:
        """The body of a create: what it was decided to hold, what every new record carries, our reference."""
        resource = self.resources[request.entity]
        body = {**resource.fixed, **request.body}
        if resource.reference is not None:
            mark = resource.reference.of(request.reference)
            body = apply(body, nested(resource.reference.path, mark))
        return body

    def outcome(self, request: WriteRequest, answer: Answer) -> Outcome:
        """What an answer says became of it. Status 200 is not believed without a record in it where the
        platform is to give one."""
        if answer.ok:
            return self.done(request, answer)
        if answer.status in (404, 410) and request.operation is Operation.DELETE:
            return Confirmed(request.key or "")
        return Rejected(self.refusal(answer), self.words(answer))

    def done(self, request: WriteRequest, answer: Answer) -> Outcome:
        if request.operation is Operation.DELETE or (request.key and not answer.body):
            return Confirmed(request.key or "")
        try:
            row = self.single(request.entity, answer)
        except UnreadableAnswer as unreadable:
            if request.key:
                # it is an update, which is proven by reading back; only a body that is no JSON is doubt
                return self._believed(request, answer)
            return Unknown(ErrorClass.PARSE, unreadable.message)
        return Confirmed(request.key or row.key)

    def _believed(self, request: WriteRequest, answer: Answer) -> Outcome:
        try:
            answer.json()
        except UnreadableAnswer as unreadable:
            return Unknown(ErrorClass.PARSE, unreadable.message)
        return Confirmed(request.key or "")

    def refusal(self, answer: Answer) -> ErrorClass:
        """The class of a refusal."""
        return ErrorClass.NOT_FOUND if answer.status == 410 else error_class(answer.status)

    def words(self, answer: Answer) -> str:
        """What the platform says of a refusal, in its own words."""
        try:
            body = answer.json() if answer.body else None
        except UnreadableAnswer:
            body = None
        found = [text.strip() for text in _texts(body) if text.strip()]
        return "; ".join(dict.fromkeys(found)) or f"HTTP {answer.status} without a word"

    # -- evidence ----------------------------------------------------------------------------

    def looked_up(self, request: WriteRequest) -> Mapping[str, str | None]:
        """The query that lists what a create may have left behind; None takes away what every list of its
        kind asks for."""
        reference = self.resources[request.entity].reference
        if reference is None or not reference.parameter:
            return {}
        value = self.value(reference.of(request.reference))
        return {reference.parameter: reference.template.format(value)}

    def shows(self, request: WriteRequest, wire: Mapping[str, Any]) -> bool:
        """Whether a record that exists looks as it does after ``request``."""
        resource = self.resources[request.entity]
        if request.operation is Operation.UPDATE:
            return holds(wire, request.body)
        if request.operation is not Operation.CREATE:
            return False
        if resource.reference is not None:
            mark = resource.reference.of(request.reference)
            return bool(at(wire, resource.reference.path) == mark)
        wanted = [at(request.body, path) for path in resource.unique]
        if not wanted or None in wanted:
            return False
        return all(at(wire, path) == value for path, value in zip(resource.unique, wanted, strict=True))


def part_of(parameter: str, template: str) -> str:
    """The name of an incremental walk's part."""
    return parameter if template == "{}" else f"{parameter}={template}"


def holds(wire: Any, wanted: Any) -> bool:
    """Whether everything that was wanted stands in the record."""
    if isinstance(wanted, Mapping):
        return isinstance(wire, Mapping) and all(holds(wire.get(n), v) for n, v in wanted.items())
    return bool(wire == wanted)


def nested(path: str, value: Any) -> dict[str, Any]:
    """``a.b`` -> ``{"a": {"b": value}}``."""
    for step in reversed([path] if path.startswith("@") else path.split(".")):
        value = {step: value}
    found: dict[str, Any] = value
    return found


def quoted(key: str) -> str:
    """A key as one step of an address. Raises ``FixInput`` for one that would climb out of it."""
    if key in ("", ".", ".."):
        raise FixInput(f"{key!r} is no key of a record")
    return quote(key, safe="")


def _at(body: bytes, path: str) -> Any:
    try:
        return value_at(body, path) if path else None
    except msgspec.MsgspecError:
        return None


def _count(body: bytes, path: str) -> int | None:
    found = _at(body, path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _flag(body: bytes, path: str) -> bool | None:
    found = _at(body, path)
    return found if isinstance(found, bool) else None


def _texts(body: Any, *, named: bool = False) -> list[str]:
    """Texts under the names that refusals use, in order."""
    if isinstance(body, str):
        return [body] if named else []
    if isinstance(body, list):
        return [text for entry in body for text in _texts(entry, named=named)]
    if isinstance(body, Mapping):
        known = [text for name in _WORDS if name in body for text in _texts(body[name], named=True)]
        return known or [text for entry in body.values() for text in _texts(entry, named=named)]
    return []
