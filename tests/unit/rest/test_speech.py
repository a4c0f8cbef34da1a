"""The small pieces of the floor: stamps, paging, OData, rows, words, batches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from syncd.core.errors import FixInput, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Rejected, Retry, Unknown
from syncd.http import Answer
from syncd.ports import WriteRequest
from syncd.rest import (
    Call,
    Current,
    Dialect,
    Method,
    Reference,
    Resource,
    Row,
    Since,
    Version,
    VersionIn,
    odata,
)
from syncd.rest.batch import Batch, Part
from syncd.rest.paging import Ask, link_header
from syncd.rest.rows import below, head_reader
from syncd.rest.stamps import ISO_MICROS, ISO_MILLIS, ISO_SECONDS, UNIX_MILLIS, UNIX_SECONDS, Stamp

AT = datetime(2026, 3, 4, 17, 12, 44, 317_250, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stamp", "wire", "text"),
    [
        (UNIX_SECONDS, 1772644364, "1772644364"),
        (UNIX_MILLIS, 1772644364317, "1772644364317"),
        (ISO_SECONDS, "2026-03-04T17:12:44Z", "2026-03-04T17:12:44Z"),
        (ISO_MILLIS, "2026-03-04T09:12:44.317-08:00", "2026-03-04T17:12:44.317Z"),
        (ISO_MICROS, "2026-03-04T17:12:44.317250Z", "2026-03-04T17:12:44.317250Z"),
        (ISO_MICROS, "2026-03-04T17:12:44.317250999Z", "2026-03-04T17:12:44.317250Z"),
        (Stamp("iso", 1, "America/Chicago", ""), "2026-03-04T11:12:44", "2026-03-04T11:12:44"),
        (Stamp("iso", 1_000, offset="+00:00"), "2026-03-04T17:12:44.317Z", "2026-03-04T17:12:44.317+00:00"),
    ],
)
def test_stamps_are_read_and_written_as_the_platform_does(stamp: Stamp, wire: Any, text: str) -> None:
    ticks = stamp.read(wire)
    assert ticks == stamp.ticks(AT)
    assert stamp.write(ticks or 0) == text


@pytest.mark.parametrize("wire", [True, 1.5, {}, "yesterday"])
def test_what_is_no_time_is_refused(wire: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        ISO_SECONDS.read(wire)
    assert ISO_SECONDS.read(None) is ISO_SECONDS.read("") is None


def test_the_next_address_of_a_link_header() -> None:
    header = '<https://x.test/a?page=1>; rel="prev", <https://x.test/a?page=3>; rel="next"; title="n"'
    assert link_header(header) == "https://x.test/a?page=3"
    assert link_header('<https://x.test/a>; rel="first"') is None
    assert link_header("") is None


def test_odata_in_both_versions() -> None:
    assert odata.literal(AT, 3) == "datetimeoffset'2026-03-04T17:12:44.317+00:00'"
    assert odata.literal(AT) == "2026-03-04T17:12:44.317Z"
    assert odata.literal(date(2026, 3, 4), 3) == "datetime'2026-03-04'"
    assert odata.literal("O'Rourke") == "'O''Rourke'"
    assert odata.literal(Decimal("9.50")) == "9.50"
    assert odata.literal(True) == "true"
    assert odata.literal(None) == "null"
    assert odata.contains("Name", "x", 3) == "substringof('x',Name)"
    assert odata.contains("Name", "x") == "contains(Name,'x')"
    assert odata.all_of("", "a eq 1") == "a eq 1"
    assert odata.all_of("a eq 1", "b eq 2") == "(a eq 1) and (b eq 2)"
    tree: odata.Expansion = {"MainContact": {"Address": {}}, "Details": {}}
    assert odata.expand(tree, 3) == "MainContact,MainContact/Address,Details"
    assert odata.expand(tree) == "MainContact($expand=Address),Details"
    with pytest.raises(ValueError, match="without a zone"):
        odata.literal(datetime(2026, 3, 4))  # noqa: DTZ001
    with pytest.raises(ValueError, match="leave its place"):
        odata.key_path("/customers", "1)/companies(2")


def test_the_head_of_a_record_is_read_and_the_rest_left_alone() -> None:
    read = head_reader("id", "audit.lastUpdated", "@odata.etag", "")
    assert read(b'{"id": 7, "audit": {"lastUpdated": "x", "y": 1}, "@odata.etag": "e"}') == (
        7,
        "x",
        "e",
        None,
    )
    assert read(b'{"audit": null}') == (None, None, None, None)
    assert below(b'{"a": {"b": [1, 2]}}', "a.b") == b"[1, 2]"
    assert below(b'{"a": {}}', "a.b") is None


CUSTOMER = Resource(
    "/customers",
    rows="items",
    update=Method("PUT", whole=True),
    version=Version(VersionIn.BODY, "version"),
    reference=Reference("external.ref", "ref", max_length=8),
    since=(Since("since"), Since("$filter", "Created ge '{}'")),
    modified="at",
    stamp=ISO_SECONDS,
    query={"active": "all"},
)
DIALECT = Dialect("acme", {"customer": CUSTOMER})


def request(operation: Operation, **how: Any) -> WriteRequest:
    return WriteRequest("customer", operation, "sy-0123456789", **how)


def answer(status: int, body: Any = None) -> Answer:
    return Answer(status, {}, b"" if body is None else orjson.dumps(body))


def test_each_part_of_a_walk_asks_in_its_own_way() -> None:
    page = Ask("", {"page": "2"})
    assert DIALECT.listing("customer", "since", 0, page).params == {
        "active": "all",
        "page": "2",
        "since": "1970-01-01T00:00:00Z",
    }
    created = DIALECT.listing("customer", "$filter=Created ge '{}'", 60, page)
    assert created.params["$filter"] == "Created ge '1970-01-01T00:01:00Z'"
    assert DIALECT.listing("customer", "since", 0, Ask("https://x.test/next", {})).path.endswith("next")


def test_a_new_record_carries_our_reference() -> None:
    call = DIALECT.call(request(Operation.CREATE, body={"name": "A"}), None)
    assert (call.method, call.path) == ("POST", "/customers")
    assert call.json == {"name": "A", "external": {"ref": "23456789"}}
    assert DIALECT.looked_up(request(Operation.CREATE)) == {"ref": "23456789"}
    assert DIALECT.shows(request(Operation.CREATE), {"external": {"ref": "23456789"}})
    assert not DIALECT.shows(request(Operation.CREATE), {"external": None})


def test_a_whole_record_is_laid_under_its_change_with_its_version() -> None:
    update = request(Operation.UPDATE, key="a/b", body={"name": "B"})
    assert DIALECT.needs_current(update)
    current = Current(Row("a/b", b'{"name": "A", "note": "n", "version": 4}'))
    call = DIALECT.call(update, current)
    assert call == Call("PUT", "/customers/a%2Fb", {"name": "B", "note": "n", "version": 4})


@pytest.mark.parametrize("key", ["", ".", ".."])
def test_a_key_that_would_climb_is_refused(key: str) -> None:
    with pytest.raises(FixInput):
        DIALECT.record_path("customer", key)


def test_what_answers_say() -> None:
    create, update = request(Operation.CREATE), request(Operation.UPDATE, key="7")
    assert DIALECT.outcome(create, answer(201, {"id": 9})) == Confirmed("9")
    assert isinstance(DIALECT.outcome(create, answer(200, {"ok": True})), Unknown)
    assert DIALECT.outcome(update, answer(204)) == Confirmed("7")
    refused = DIALECT.outcome(update, answer(409, {"errors": [{"message": "stale"}, {"detail": "now"}]}))
    assert refused == Rejected(ErrorClass.CONFLICT, "stale; now")
    assert DIALECT.outcome(request(Operation.DELETE, key="7"), answer(404)) == Confirmed("7")
    silent = DIALECT.outcome(update, answer(422))
    assert isinstance(silent, Rejected)
    assert silent.words == "HTTP 422 without a word"


@pytest.mark.parametrize("body", [{}, {"items": {}}, {"items": [{"name": "no id"}]}, {"items": [7]}, []])
def test_a_list_that_is_none_is_unreadable(body: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        DIALECT.listed("customer", answer(200, body))


async def test_a_batch_gives_each_its_own_part() -> None:
    """It is carried out in part, and what the answer does not account for is not known."""
    sent: list[int] = []

    async def send(calls: Sequence[Call]) -> Sequence[Part]:
        sent.append(len(calls))
        parts: list[Part] = [Retry(ErrorClass.SERVER, "later") for _ in calls]
        parts[0] = Answer(201, {}, b"{}")
        return parts if calls[0].path == "/whole" else parts[:2]

    batch = Batch(send, size=3)
    whole = await asyncio.gather(*(batch.send(Call("POST", "/whole")) for _ in range(3)))
    assert [type(part) for part in whole] == [Answer, Retry, Retry]
    short = await asyncio.gather(*(batch.send(Call("POST", "/short")) for _ in range(3)))
    assert {type(part) for part in short} == {Unknown}
    alone = await batch.send(Call("POST", "/whole"))
    assert isinstance(alone, Answer)
    assert sent == [3, 3, 1]
    await batch.close()


async def test_a_batch_that_breaks_breaks_for_all_who_travel_in_it() -> None:
    async def send(calls: Sequence[Call]) -> Sequence[Part]:
        raise UnreadableAnswer("no")

    batch = Batch(send, size=2)
    broken = await asyncio.gather(*(batch.send(Call("POST", "/")) for _ in range(2)), return_exceptions=True)
    assert [type(error) for error in broken] == [UnreadableAnswer] * 2
