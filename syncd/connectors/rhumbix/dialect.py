"""How Rhumbix is spoken to, where it differs from an ordinary JSON API. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from syncd.connectors.rhumbix.entities import CLASSES, DELETED_FEED, PART, resources
from syncd.connectors.rhumbix.settings import Settings
from syncd.core.errors import FixInput, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected, Unknown
from syncd.http import Answer
from syncd.mapping.entity_map import apply
from syncd.ports import WriteRequest
from syncd.rest import Ask, Call, Current, Dialect, Listed, Row
from syncd.rest.rows import at, listed_records, value_at
from syncd.rest.walk import EVERYTHING

HISTORY: Final = "/timekeeping_entries/history/"
IMPORTED: Final[Mapping[str, str]] = {"employee": "employee", "job": "project"}
"""What is written -> the older API's word for it."""
_FEED: Final = "/deleted_timekeeping_entries/"
_SENT: Final[Mapping[str, tuple[str, ...]]] = {
    "employee": (
        "company_supplied_id", "first_name", "last_name", "email", "phone", "trade", "classification",
        "user_role", "is_active",
    ),
    "job": ("job_number", "name", "description", "address", "status"),
}  # fmt: skip
"""The fields that an import takes. Of the others it keeps what is there."""
_ROWS: Final = "results"
_BEYOND: Final = "page"
_OF_VERSION: Final = frozenset({"history_date", "history_type", "modified_by"})
"""What a version says beside the entry it is of."""

Version = dict[str, Any]
"""An entry as it stood once."""


class RhumbixDialect(Dialect):
    def __init__(self, settings: Settings) -> None:
        super().__init__("rhumbix", resources(settings))
        self._imports = settings.imports

    # -- reading -----------------------------------------------------------------------------

    def listing(self, entity: str, part: str, since: int | None, place: Ask) -> Ask:
        asked = super().listing(entity, part, since, place)
        if part == DELETED_FEED:
            # of a deletion the feed tells no day of work
            feed = {name: value for name, value in asked.params.items() if name != "start_date"}
            return Ask(_FEED, feed)
        if entity == "time_entry" and part != EVERYTHING:
            return Ask(asked.path, {**asked.params, "include_deleted": "true"})
        return asked

    def listed(self, entity: str, answer: Answer) -> Listed:
        """A page: the envelope of most addresses, or the bare list of some."""
        body, bare = answer.body, _bare(answer.body)
        raws = listed_records(body, "" if bare else _ROWS)
        if entity == "time_entry":
            rows = [row for raw in raws for row in self.parts(raw)]
        else:
            rows = [self.row(entity, raw) for raw in raws]
        # an entry is up to three records: what its list counts is not what is shown
        total = None if bare or entity == "time_entry" else value_at(body, "count")
        return Listed(
            rows, places=len(raws), more=_follows(body), total=total if isinstance(total, int) else None
        )

    def parts(self, raw: bytes) -> Sequence[Row]:
        """One entry as its classes of pay, those without minutes as gone. Raises ``UnreadableAnswer``."""
        entry = self.row("time_entry", raw)
        wire: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
        rows = []
        for name, field in CLASSES.items():
            key = f"{entry.key}-{name}"
            own = {other: wire.get(other) if other == field else None for other in CLASSES.values()}
            shown = msgspec.json.encode({**wire, **own, PART: key})
            gone = entry.deleted or wire.get(field) == 0 or field not in wire
            rows.append(Row(key, shown, entry.modified, gone))
        return rows

    def beyond(self, answer: Answer) -> bool:
        """Whether a page was asked for that is no more, because the list has become shorter meanwhile."""
        return answer.status == 404 and _BEYOND in self.words(answer).casefold()

    def history(self, answer: Answer) -> tuple[Sequence[Version], bool]:
        """One page of an entry's versions, and whether more follow. Raises ``UnreadableAnswer``."""
        body, bare = answer.body, _bare(answer.body)
        try:
            found = [
                msgspec.json.decode(raw, type=dict[str, Any])
                for raw in listed_records(body, "" if bare else _ROWS)
            ]
        except msgspec.MsgspecError:
            raise UnreadableAnswer("rhumbix: a version of an entry is no record") from None
        return found, _follows(body)

    def newest(self, versions: Sequence[Version]) -> bytes | None:
        """The state that stands; None where the entry was deleted, or never was."""
        if not versions:
            return None
        last = max(versions, key=lambda version: str(version.get("history_date") or ""))
        if last.get("history_type") == "DELETED":
            return None
        return msgspec.json.encode({name: value for name, value in last.items() if name not in _OF_VERSION})

    def unknown_statuses(self, answer: Answer, known: Mapping[Any, str]) -> Sequence[str]:
        """Statuses that entries here may have and that we have no word for. Raises ``UnreadableAnswer``."""
        names = [at(one, "name") for one in self.history(answer)[0]]
        return sorted(str(name) for name in names if name not in known)

    def looked_up(self, request: WriteRequest) -> Mapping[str, str]:
        key = self.resources[request.entity].key
        return {key: str(request.body[key])} if request.body.get(key) else {}

    # -- writing -----------------------------------------------------------------------------

    def needs_current(self, request: WriteRequest) -> bool:
        """An import makes what is not there: before a change it is looked whether there is anything."""
        return request.operation is Operation.UPDATE

    def call(self, request: WriteRequest, current: Current | None) -> Call:
        if request.entity not in IMPORTED or request.operation not in (Operation.CREATE, Operation.UPDATE):
            raise FixInput(f"rhumbix takes no {request.name} of {request.entity}")
        if self._imports is None:
            raise FixInput("rhumbix: this connection reads alone", remedy="set `imports` in its settings")
        # the record as it stands, not as it was when this was decided: what somebody changed meanwhile in
        # other fields must not be taken back
        standing = {} if current is None else msgspec.json.decode(current.row.raw, type=dict[str, Any])
        record = apply(standing, request.body)
        if request.entity == "employee" and current is None:
            record = {"user_role": self._imports.user_role, "is_active": True, **record}
        taken = {name: record[name] for name in _SENT[request.entity] if record.get(name) is not None}
        return Call("POST", IMPORTED[request.entity], taken)

    def done(self, request: WriteRequest, answer: Answer) -> Outcome:
        """What the import says of this one record."""
        try:
            row = answer.json()
            status, key = row["status"], at(request.body, self.resources[request.entity].key)
        except (UnreadableAnswer, KeyError, TypeError):
            return Unknown(ErrorClass.PARSE, "rhumbix: an import's answer is not what the API promises")
        if status in ("CREATED", "UPDATED"):
            return Confirmed(request.key or str(key))
        if status == "ERROR":
            return Rejected(ErrorClass.VALIDATION, str(row.get("detail") or "refused without a word"))
        return Unknown(ErrorClass.SERVER, f"rhumbix: an import left a record as {status}")


def _bare(body: bytes) -> bool:
    """Whether an answer is a list without an envelope."""
    return body.lstrip()[:1] == b"["


def _follows(body: bytes) -> bool:
    return not _bare(body) and bool(value_at(body, "next"))
