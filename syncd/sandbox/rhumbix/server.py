"""One made-up company in Rhumbix: lists with their filters, histories, the feed of deletions, imports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from syncd.sandbox.company import Company
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.options import SandboxOptions
from syncd.sandbox.rhumbix.company import (
    CODES,
    DELETED,
    EMPLOYEES,
    ENTRIES,
    PROJECTS,
    VERSIONS,
    micros,
    opened,
    remember,
    stamp,
)
from syncd.sandbox.rhumbix.imports import KEYS, Imports
from syncd.sandbox.sandbox import Action, Order, View, by_fields
from syncd.sandbox.surface import Refusal, Surface, answer, json_body, shifted
from syncd.sandbox.tables import Record

_BASE: Final = "/public_api/v2"
_OLDER: Final = "/V1_0_1"
_SIZE_MAX: Final = 1000
_WINDOW: Final = ("history_start_date", "history_end_date")

STATUSES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "PENDING": ("Not Approved", ("FOREMAN", "OFFICE_STAFF", "PM", "PAYROLL_ADMIN", "ADMIN")),
    "SUPERVISOR_APPROVED": ("Supervisor Approved", ("PM", "PAYROLL_ADMIN", "ADMIN")),
    "APPROVED": ("Payroll Verified", ("PAYROLL_ADMIN", "ADMIN")),
    "EXPORTED": ("Exported", ("PAYROLL_ADMIN", "ADMIN")),
    "SYNCED": ("Synced", ()),
}
"""Name -> label, and the roles that may set it."""

_EXACT: Final[Mapping[str, tuple[str, ...]]] = {
    EMPLOYEES: ("company_supplied_id", "is_active"),
    PROJECTS: ("job_number", "name"),
    CODES: ("job_number", "code"),
    ENTRIES: ("job_number", "is_approved", "status", "employee", "foreman"),
}
"""List -> filters that a field must equal."""
_OTHER: Final[Mapping[str, tuple[str, ...]]] = {
    EMPLOYEES: ("last_updated", "include_deleted"),
    PROJECTS: ("last_updated", "include_deleted", "is_active"),
    CODES: (),
    ENTRIES: ("last_updated", "include_deleted", "start_date", "end_date"),
    VERSIONS: (*_WINDOW, "ids", "history_type"),
    DELETED: _WINDOW,
}


class Options(SandboxOptions):
    """The made-up company's keys, and how it goes about its work."""

    api_key: str = "demo-key-of-rhumbix"
    company_key: str = "northwind"
    queued: int = 1
    """So many questions for a batch find it not there yet."""
    under_way: int = 1
    """So many more find it being processed."""
    deletion_touches: bool = False
    """Whether a deletion moves an entry's ``last_updated``: not public."""


class RhumbixSandbox:
    """Implements ``syncd.sandbox.sandbox.Sandbox``."""

    def __init__(self, order: Order) -> None:
        self.faults = FaultPlan(order.seed)
        self.options = Options.read(order.options)
        self._company = Company.of_size(order.seed, order.size)
        self.books = opened(self._company)
        self.imports = self._importing()
        lists = {
            f"{EMPLOYEES}/": self._list(EMPLOYEES, self._row),
            f"{PROJECTS}/": self._list(PROJECTS, self._row),
            f"{CODES}/": self._list(CODES, self._row),
            f"{ENTRIES}/": self._list(ENTRIES, self.entry),
            f"{ENTRIES}/history/": self._list(VERSIONS, self._version),
            f"{DELETED}/": self._list(DELETED, self._row),
        }
        batch = f"{_OLDER}/{{company}}/batch/{{kind}}/import"
        self.surface = Surface(
            self.faults,
            [
                *(("GET", f"{_BASE}/{path}", handler) for path, handler in lists.items()),
                ("GET", f"{_BASE}/timekeeping_statuses/", self._statuses),
                ("POST", batch, self._import),
                ("GET", f"{batch}/{{key}}/status", self._import_status),
            ],
            admit=self._admit,
            expire=lambda: None,
            unknown=lambda _: {"detail": "Not found."},
        )
        self.app = self.surface.app

    def _importing(self) -> Imports:
        return Imports(self.books, self._company.seed, self.options.queued, self.options.under_way)

    async def start(self, url: str) -> Mapping[str, str]:
        return {
            "base_url": f"{url}{_BASE}",
            "imports_url": f"{url}{_OLDER}",
            "company_key": self.options.company_key,
            "secret": self.options.api_key,
        }

    async def close(self) -> None:
        return None

    def reset(self) -> None:
        self.books.become(opened(self._company))
        self.imports = self._importing()
        self.surface.requests.clear()

    def state(self) -> Mapping[str, int]:
        return {**self.books.counts(), "requests": self.surface.requests.total()}

    @property
    def views(self) -> Mapping[str, View]:
        """Rows as the API shows them: ``/ledger/timekeeping_entries``."""

        def view(kind: str, shown: Callable[[Record], dict[str, Any]]) -> View:
            return by_fields(lambda: map(shown, self.books.table(kind)))

        return {
            EMPLOYEES: view(EMPLOYEES, self._row),
            PROJECTS: view(PROJECTS, self._row),
            ENTRIES: view(ENTRIES, self.entry),
        }

    @property
    def actions(self) -> Mapping[str, Action]:
        """``edit``: a person changes a record in the product: ``{kind, id, fields}``; ``delete_entry``: a
        person deletes an entry: ``{id}``."""
        return {"edit": self._edit, "delete_entry": self._delete_entry}

    def _edit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        kind, row = body["kind"], self.books.get(body["kind"], str(body["id"]))
        assert row is not None, "no such record"
        assert body["fields"].get("status") in (None, "ACTIVE", "INACTIVE", *STATUSES), "no such status"
        row.fields.update(body["fields"])
        self.books.table(kind).touch(row, self.books.now())
        if kind == ENTRIES:
            remember(self.books, row, "UPDATED", row.updated)
        return {}

    def _delete_entry(self, body: Mapping[str, Any]) -> dict[str, Any]:
        row = self.books.get(ENTRIES, str(body["id"]))
        assert row is not None, "no such entry"
        now = self.books.now()
        row.fields["deleted_on"] = stamp(now)
        if self.options.deletion_touches:
            self.books.table(ENTRIES).touch(row, now)
        remember(self.books, row, "DELETED", now)
        self.books.seed(DELETED, row.id, {"id": int(row.id), "deleted_on": stamp(now)}, now)
        return {}

    # -- who asks ----------------------------------------------------------------------------

    def _admit(self, request: web.Request) -> None:
        good = request.headers.get("x-api-key") == self.options.api_key
        if request.path.startswith(_OLDER):
            if not good or not request.path.startswith(f"{_OLDER}/{self.options.company_key}/"):
                raise Refusal(403, {"message": "Forbidden"})
        elif not good:
            raise Refusal(401, {"detail": "Authentication credentials were not provided."})

    # -- the current API ---------------------------------------------------------------------

    def _list(self, kind: str, shown: Callable[[Record], dict[str, Any]]) -> Callable[[web.Request], Any]:
        async def handler(request: web.Request) -> web.Response:
            asked = request.query
            known = {"page", "page_size", *_EXACT.get(kind, ()), *_OTHER[kind]}
            unknown = sorted(set(asked) - known)
            if unknown:
                raise Refusal(
                    400, {name: ["This is not an acceptable filter parameter."] for name in unknown}
                )
            rows = [shown(row) for row in self._kept(kind, request)]
            for name in _EXACT.get(kind, ()):
                wanted = asked.getall(name, [])
                rows = [row for row in rows if not wanted or _said(row.get(name)) in wanted]
            return self._page(request, rows)

        return handler

    def _kept(self, kind: str, request: web.Request) -> Sequence[Record]:
        asked, table = request.query, self.books.table(kind)
        since = _instant(asked, "last_updated")
        if since is None:
            since = _instant(asked, "history_start_date")
        rows: Sequence[Record] = list(table.between("updated", since, _instant(asked, "history_end_date")))
        if kind == ENTRIES:
            first, last = asked.get("start_date", ""), asked.get("end_date", "9")
            rows = [row for row in rows if first <= row.fields["shift_date"] <= last]
            if asked.get("include_deleted", "false").casefold() != "true":
                rows = [row for row in rows if row.fields["deleted_on"] is None]
        if kind == VERSIONS and "ids" in asked:
            wanted = asked.getall("ids")
            rows = [row for row in rows if row.fields["of"] in wanted]
        if kind == PROJECTS and "is_active" in asked:
            rows = [r for r in rows if (r.fields["status"] == "ACTIVE") is (asked["is_active"] == "true")]
        # in no order that means anything: none is documented
        return sorted(rows, key=lambda row: row.id)

    def _page(self, request: web.Request, rows: Sequence[Mapping[str, Any]]) -> web.Response:
        size, page = _number(request, "page_size", 100), _number(request, "page", 1)
        start = (page - 1) * min(size, _SIZE_MAX)
        held = shifted(rows, start, min(size, _SIZE_MAX), self.surface.shift(request, start))
        if not held and page > 1:
            raise Refusal(404, {"detail": "Invalid page."})

        def address(at: int) -> str:
            return str(request.url.update_query(page=at))

        return answer(
            {
                "count": len(rows),
                "next": address(page + 1) if start + len(held) < len(rows) else None,
                "previous": address(page - 1) if page > 1 else None,
                "results": list(held),
            }
        )

    async def _statuses(self, _request: web.Request) -> web.Response:
        """A bare list, as some addresses answer."""
        return answer(
            [
                {"name": name, "label": label, "can_change_to_status": list(roles)}
                for name, (label, roles) in STATUSES.items()
            ]
        )

    # -- the older API -----------------------------------------------------------------------

    async def _import(self, request: web.Request) -> web.Response:
        kind = self._imported(request)
        records = await json_body(request, lambda words: Refusal(400, {"message": words}))
        if not isinstance(records, list):
            raise Refusal(400, {"message": "Invalid request body"})
        return answer({"batch_key": self.imports.take(kind, records)})

    async def _import_status(self, request: web.Request) -> web.Response:
        status, body = self.imports.status(self._imported(request), request.match_info["key"])
        return answer(body, status)

    def _imported(self, request: web.Request) -> str:
        kind = request.match_info["kind"]
        if kind not in KEYS:
            raise Refusal(403, {"message": "Missing Authentication Token"})
        return kind

    # -- rows --------------------------------------------------------------------------------

    def _row(self, row: Record) -> dict[str, Any]:
        return dict(row.fields)

    def entry(self, row: Record) -> dict[str, Any]:
        """A time entry as it is listed."""
        return {**row.fields, "id": int(row.id), "last_updated": stamp(row.updated)}

    def _version(self, row: Record) -> dict[str, Any]:
        told = {name: value for name, value in row.fields.items() if name != "of"}
        at = stamp(row.updated)
        return {**told, "id": int(row.fields["of"]), "last_updated": at, "history_date": at}


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _instant(asked: Mapping[str, str], name: str) -> int | None:
    try:
        return micros(asked[name]) if asked.get(name) else None
    except ValueError:
        raise Refusal(400, {name: ["Enter a valid date/time."]}) from None


def _number(request: web.Request, name: str, usual: int) -> int:
    text = request.query.get(name, str(usual))
    if not text.isdecimal() or int(text) < 1:
        raise Refusal(404, {"detail": "Invalid page."})
    return int(text)
