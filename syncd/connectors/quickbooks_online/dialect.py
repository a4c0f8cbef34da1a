"""How QuickBooks is spoken to, where it differs from an ordinary JSON API. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from syncd.connectors.quickbooks_online import wire
from syncd.connectors.quickbooks_online.entities import CDC, KINDS, QUERY, resources
from syncd.connectors.quickbooks_online.paging import FROM, MAX, START
from syncd.connectors.quickbooks_online.settings import Settings
from syncd.core.errors import FixInput, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import ErrorClass as Class
from syncd.core.outcome import Outcome, Rejected, Unknown
from syncd.http import Answer
from syncd.ports import WriteRequest
from syncd.rest import Call, Current, Dialect, Listed, Row
from syncd.rest.paging import Ask

_ORDER: Final = " orderby MetaData.LastUpdatedTime"
_REMEDY: Final = "look at the drift report of this connection"


_FEED_REACHES: Final = timedelta(days=29)
"""The change feed looks back thirty days, by Intuit's clock."""


class QuickBooksDialect(Dialect):
    """``now``: the time, which nothing here looks at by itself."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        super().__init__("quickbooks-online", resources(settings))
        self._settings = settings
        self._now = now
        self._asked = {"minorversion": str(settings.minor_version)}

    # -- reading -----------------------------------------------------------------------------

    def listing(self, entity: str, part: str, since: int | None, place: Ask) -> Ask:
        stamp = self.resources[entity].stamp
        assert stamp is not None
        name = KINDS[entity].name
        if part == CDC:
            # what is older, the query shows if it lives; a document that was deleted before, a full walk does
            begin = max(since or 0, stamp.ticks(self._now() - _FEED_REACHES))
            asked = {"entities": name, "changedSince": stamp.write(begin)}
            return Ask(f"{self._settings.path}/cdc", {**asked, **self._asked})
        begins = [max(since, 0)] if part == QUERY and since is not None else []
        begins += [int(place.params[FROM])] if place.params[FROM] else []
        demands = ["Active in (true, false)"] if KINDS[entity].listed else []
        demands += [f"MetaData.LastUpdatedTime >= '{stamp.write(max(begins))}'"] if begins else []
        where = f" where {' and '.join(demands)}" if demands else ""
        cut = f" startposition {place.params[START]} maxresults {place.params[MAX]}"
        statement = f"select * from {name}{where}{_ORDER}{cut}"  # noqa: S608 - their language, our words
        return Ask(f"{self._settings.path}/query", {QUERY: statement, **self._asked})

    def joined(self, parameter: str, always: str, also: str) -> str:
        """One more demand in a statement."""
        if parameter != QUERY:
            return also
        head, order, rest = always.partition(_ORDER)
        return f"{head} {'and' if ' where ' in head else 'where'} {also}{order}{rest}"

    def value(self, text: str) -> str:
        return text.replace("\\", "\\\\").replace("'", "\\'")

    def listed(self, entity: str, answer: Answer) -> Listed:
        """A page of a query, or of what changed. An empty list is a record without a list in it; a fault with
        status 200 is none."""
        name = KINDS[entity].name
        try:
            body = msgspec.json.decode(answer.body, type=_Lists)
            if body.CDCResponse is not None:
                return self._deleted(entity, [part for one in body.CDCResponse for part in one.QueryResponse])
            if body.QueryResponse is None:
                raise UnreadableAnswer(f"{self.platform} {name}: {self.words(answer)}", remedy=_REMEDY)
            found = body.QueryResponse.get(name)
            raws = [] if found is None else msgspec.json.decode(found, type=list[msgspec.Raw])
        except msgspec.MsgspecError:
            raise UnreadableAnswer(
                f"{self.platform} {name}: the list is not what the API promises", remedy=_REMEDY
            ) from None
        rows = [self.row(entity, bytes(raw)) for raw in raws]
        last = next((row.modified for row in reversed(rows) if row.modified is not None), None)
        # a sub-customer is a job or a project, and no party of its own
        kept = [row for row in rows if entity != "customer" or not _is_job(row)]
        return Listed(kept, places=len(rows), following=None if last is None else str(last))

    def _deleted(self, entity: str, parts: Sequence[Mapping[str, msgspec.Raw]]) -> Listed:
        """Only what is gone: what lives, the query shows."""
        name = KINDS[entity].name
        raws = [raw for part in parts if name in part for raw in _raws(part[name])]
        rows = [self.row(entity, bytes(raw)) for raw in raws]
        gone = [row._replace(deleted=True) for row in rows if _status(row) == "Deleted"]
        return Listed(gone, places=len(rows), more=False)

    def row(self, entity: str, raw: bytes) -> Row:
        try:
            record = msgspec.json.decode(raw, type=dict[str, Any])
            seen = wire.shown(entity, record, self._settings.chart.tax_item)
        except (msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError):
            raise UnreadableAnswer(
                f"{self.platform} {entity}: a record is not what the API promises", remedy=_REMEDY
            ) from None
        return super().row(entity, msgspec.json.encode(seen))

    def in_scope(self, entity: str, row: Row) -> bool:
        return entity != "customer" or not _is_job(row)

    # -- writing -----------------------------------------------------------------------------

    def call(self, request: WriteRequest, current: Current | None) -> Call:
        """Everything is a POST to the kind; ``requestid`` makes a repeat harmless."""
        chart = self._settings.chart
        body: Mapping[str, Any]
        if request.operation is Operation.CREATE:
            body = wire.created(request.entity, self.new(request), chart.tax_item, chart.exempt_code)
        elif request.operation is Operation.UPDATE:
            before = self.decided_on(request, current)
            version = {"Id": request.key, "SyncToken": before.get("SyncToken"), "sparse": True}
            body = {**wire.changed(before, request.body), **version}
        else:
            raise FixInput(f"{self.platform} has no {request.name!r} of {request.entity} here")
        asked = urlencode({**self._asked, "requestid": request.reference})
        return Call("POST", f"{self.resources[request.entity].path}?{asked}", body)

    def new(self, request: WriteRequest) -> Any:
        body = super().new(request)
        if request.entity != "purchase_order":
            return body
        account = self._settings.chart.payables_account
        if account is None:
            raise FixInput(
                "quickbooks-online: a new purchase order needs a payables account",
                remedy="set `chart.payables_account` of the connection to that account's id",
            )
        return {**body, "APAccountRef": {"value": account}}

    def outcome(self, request: WriteRequest, answer: Answer) -> Outcome:
        found = _fault(answer)
        if found is None:
            return super().outcome(request, answer)
        if found.severe:
            return Unknown(Class.SERVER, found.words)
        return Rejected(found.error_class, found.words, found.field)

    def words(self, answer: Answer) -> str:
        found = _fault(answer)
        return found.words if found is not None else super().words(answer)

    def is_gone(self, answer: Answer) -> bool:
        """Whether an answer says "not found, or made inactive"."""
        found = _fault(answer)
        return found is not None and found.error_class is Class.NOT_FOUND

    # -- evidence ----------------------------------------------------------------------------

    def looked_up(self, request: WriteRequest) -> Mapping[str, str]:
        """Private notes cannot be asked for: a document of ours is looked for among those of its day."""
        kind = KINDS[request.entity]
        path = "TxnDate" if kind.reference else kind.unique[0]
        wanted = request.body.get(path)
        return {} if wanted is None else {QUERY: f"{path} = '{self.value(str(wanted))}'"}


class _Changes(msgspec.Struct):
    QueryResponse: list[dict[str, msgspec.Raw]] = []


class _Lists(msgspec.Struct):
    QueryResponse: dict[str, msgspec.Raw] | None = None
    CDCResponse: list[_Changes] | None = None


def _raws(found: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(found, type=list[msgspec.Raw])
    except msgspec.MsgspecError:
        return []


def _fault(answer: Answer) -> wire.Fault | None:
    try:
        return wire.fault(answer.json()) if answer.body else None
    except UnreadableAnswer:
        return None


def _is_job(row: Row) -> bool:
    found = msgspec.json.decode(row.raw, type=dict[str, Any])
    return bool(found.get("Job") or found.get("IsProject"))


def _status(row: Row) -> Any:
    return msgspec.json.decode(row.raw, type=dict[str, Any]).get("status")
