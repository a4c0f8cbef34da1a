"""The older API's asynchronous imports: a batch is handed in, asked for until it is complete, and says of
each of its records what became of it. All of it is pure but for ``Importing``, which asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from syncd.connectors.rhumbix.settings import Imports
from syncd.core.errors import SyncdError, UnreadableAnswer
from syncd.core.outcome import ErrorClass, Retry, Unknown
from syncd.http import Answer, HttpClient
from syncd.ports import Clock
from syncd.rest import Call
from syncd.rest.batch import Part

NOT_YET: Final = frozenset({403})
"""What a batch's address answers until the batch is in the queue: no refusal, though it looks like one."""
_UNDER_WAY: Final = frozenset({"ACCEPTED", "PENDING", "PROCESSING", "NOT_FOUND"})
"""Documents and their examples name them differently; all say: ask again."""
_COMPLETE: Final = "COMPLETE"


class Importing:
    """Sends calls of one kind as one import. ``word``: what the older API calls the kind."""

    def __init__(self, http: HttpClient, settings: Imports, clock: Clock, word: str, key: str) -> None:
        """``key``: the field by which a record is known in the answer."""
        self._http = http
        self._path = f"/{settings.company_key}/batch/{word}/import"
        self._list = f"{word}s"
        self._key = key
        self._clock = clock
        self._every_s = settings.poll_s
        self._polls = max(1, round(settings.patience_s / settings.poll_s))

    async def send(self, calls: Sequence[Call]) -> Sequence[Part]:
        """Hands in a batch, once, and waits for it. Each call's own part of what it says, or one for all."""
        taken = await self._http.write("POST", self._path, json=[call.json for call in calls])
        if isinstance(taken, Retry | Unknown) or not taken.ok:
            return [taken]
        batch = batch_key(taken)
        if batch is None:
            return [Unknown(ErrorClass.PARSE, "rhumbix: an import was taken in without a batch key")]
        try:
            complete = await self._complete(f"{self._path}/{batch}/status")
        except SyncdError as lost:
            # it was handed in: whatever is wrong with asking, it may be carried out
            return [Unknown(ErrorClass.CONNECTION, f"rhumbix: an import was not followed: {lost.message}")]
        if complete is None:
            return [Unknown(ErrorClass.CONNECTION, "rhumbix: an import was taken in and is not complete yet")]
        return parts_of(complete, calls, self._list, self._key)

    async def _complete(self, path: str) -> Answer | None:
        """The status of a batch that is no longer under way; None where it still is."""
        for _ in range(self._polls):
            await self._clock.sleep(self._every_s)
            answer = await self._http.read(path, also=NOT_YET)
            if not under_way(answer):
                return answer
        return None


def batch_key(answer: Answer) -> str | None:
    try:
        found = answer.json()["batch_key"]
    except (UnreadableAnswer, KeyError, TypeError):
        return None
    return found if isinstance(found, str) and found else None


def under_way(answer: Answer) -> bool:
    """Whether a batch is to be asked for again. Raises ``UnreadableAnswer`` for what is no status."""
    if answer.status in NOT_YET or answer.status == 202:
        return True
    status = _told(answer).get("status")
    return isinstance(status, str) and status.upper() in _UNDER_WAY


def parts_of(answer: Answer, calls: Sequence[Call], listed: str, key: str) -> Sequence[Part]:
    """Each call's own part of a finished batch: the row of its record. Partial success is ordinary."""
    try:
        told = _told(answer)
    except UnreadableAnswer as unreadable:
        return [Unknown(ErrorClass.PARSE, unreadable.message)]
    if str(told.get("status")).upper() != _COMPLETE:
        return [Unknown(ErrorClass.SERVER, f"rhumbix: an import ended as {str(told.get('status'))[:20]}")]
    rows = told.get(listed)
    by_key = {row.get(key): row for row in rows or () if isinstance(row, Mapping)}
    errors = told.get("errors")
    if isinstance(errors, Mapping):
        # as the documented examples have it, beside the rows that the documented types have
        by_key |= {name: {"status": "ERROR", "detail": _words(wrong)} for name, wrong in errors.items()}
    missing = Unknown(ErrorClass.PARSE, "rhumbix: an import's answer leaves this record out")
    found = [by_key.get(call.json[key]) for call in calls]
    return [
        missing if row is None else Answer(200, answer.headers, msgspec.json.encode(row)) for row in found
    ]


def _told(answer: Answer) -> Mapping[str, Any]:
    told = answer.json()
    if not answer.ok or not isinstance(told, Mapping):
        raise UnreadableAnswer(f"rhumbix: a batch's status is no status (HTTP {answer.status})")
    return told


def _words(wrong: Any, at: str = "") -> str:
    """``{"phone": ["This field must be unique."]}`` as a sentence."""
    if isinstance(wrong, Mapping):
        return "; ".join(_words(below, str(name)) for name, below in wrong.items())
    if isinstance(wrong, list):
        return " ".join(_words(one, at) for one in wrong)
    return f"{at}: {wrong}" if at else str(wrong)
