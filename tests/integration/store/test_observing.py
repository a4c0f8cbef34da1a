"""Reading: a page and its progress together; what changed wakes its pair, and nothing else does."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from syncd.core.model import PairState
from syncd.store import streams
from syncd.store.tables import remote, remote_body
from tests.integration.store.rows import LEFT, RIGHT, Bench, observation, settlement


async def test_a_page_and_the_progress_of_its_walk_are_stored_together(bench: Bench) -> None:
    stream = bench.streams[LEFT]
    await bench.store.page_seen(stream, [observation("F1")], resume="page 2", walk_since=None)
    now = await bench.store.stream("field", "customer")
    assert (now.resume, now.watermark) == ("page 2", None)
    assert set(await bench.store.known(stream.id, ["F1", "F2"])) == {"F1"}


async def test_killed_between_the_two_neither_is_there(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(Exception):
        pass

    def killed(c: Connection, *rest: object) -> list[int]:
        stored(c, *rest)  # type: ignore[arg-type]
        raise Killed

    stored = streams.store_observations
    monkeypatch.setattr(streams, "store_observations", killed)
    with pytest.raises(Killed):
        await bench.store.page_seen(bench.streams[LEFT], [observation("F1")], resume="2", walk_since=None)
    assert (await bench.store.stream("field", "customer")).resume is None
    assert await bench.store.known(bench.streams[LEFT].id, ["F1"]) == {}


async def test_the_watermark_moves_only_when_the_walk_is_finished(bench: Bench) -> None:
    stream = bench.streams[LEFT]
    await bench.store.page_seen(stream, [], resume="2", walk_since="w0", watermark="w1", fingerprint="f")
    broken = await bench.store.stream("field", "customer")
    assert (broken.watermark, broken.walk_since, broken.fingerprint) == (None, "w0", "")
    await bench.store.page_seen(
        stream, [], resume=None, walk_since=None, finished=True, watermark="w1", fingerprint="f"
    )
    done = await bench.store.stream("field", "customer")
    assert (done.watermark, done.resume, done.walk_since, done.fingerprint) == ("w1", None, None, "f")
    await bench.store.page_seen(stream, [], resume=None, walk_since=None, finished=True)
    assert (await bench.store.stream("field", "customer")).watermark == "w1", "a walk that saw nothing new"


async def test_a_walks_failure_is_said_until_one_goes_well(bench: Bench) -> None:
    await bench.store.stream_failed(bench.streams[LEFT].id, "HTML instead of JSON")
    assert (await bench.store.stream_errors())["field", "customer"] == "HTML instead of JSON"
    await bench.store.page_seen(bench.streams[LEFT], [], resume=None, walk_since=None)
    assert (await bench.store.stream_errors())["field", "customer"] == ""


async def test_known_by_raw_and_by_content(bench: Bench) -> None:
    await bench.see(LEFT, "F1", "a")
    known = (await bench.store.known(bench.streams[LEFT].id, ["F1"]))["F1"]
    assert known.content_hash == b"a"
    assert known.raw_hash == observation("F1", "a").raw_hash


async def test_other_bytes_of_the_same_content_are_kept_and_wake_nobody(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    await bench.rest(row)
    stream = bench.streams[LEFT]
    known = await bench.store.known(stream.id, ["F1"])
    again = replace(observation("F1"), raw=b"{}", raw_hash=b"other", known=known["F1"])
    await bench.store.page_seen(stream, [again], resume=None, walk_since=None)
    assert await bench.consume() == 0
    assert (await bench.store.known(stream.id, ["F1"]))["F1"].raw_hash == b"other"
    assert (await bench.life(row.id)).row.raw[LEFT] == b"{}"


async def test_new_records_are_due_once(bench: Bench) -> None:
    await bench.see(LEFT, "F1")
    await bench.see(RIGHT, "17")
    assert await bench.consume() == 2
    assert await bench.consume() == 0
    assert [row.keys for row in await bench.due()] == [{LEFT: "F1"}, {RIGHT: "17"}]
    assert await bench.count(remote) == await bench.count(remote_body) == 2


async def test_what_was_there_before_the_first_sync_is_marked(bench: Bench) -> None:
    await bench.see(LEFT, "F1")
    await bench.consume(historical=True)
    await bench.see(LEFT, "F2")
    await bench.consume()
    assert [row.historical for row in await bench.due()] == [True, False]


async def test_a_change_wakes_a_pair_that_rested(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    await bench.rest(row)
    assert await bench.due() == []
    await bench.see(LEFT, "F1", "b")
    assert await bench.consume() == 1
    (woken,) = await bench.due()
    assert woken.id == row.id
    assert woken.hashes == {LEFT: b"b"}


async def test_a_change_and_its_undoing_before_anybody_looked_is_no_change(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1", "a")
    await bench.rest(row)
    await bench.see(LEFT, "F1", "b")
    await bench.see(LEFT, "F1", "a")
    await bench.consume()
    assert await bench.due() == []


async def test_the_echo_of_our_own_write_wakes_nobody(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    await bench.posted(row, "17")
    await bench.see(RIGHT, "17", "A")
    await bench.consume()
    assert await bench.due() == []
    counts = await bench.store.counts(bench.flow)
    assert (counts.bound, counts.states) == (1, {PairState.IN_STEP: 1})


async def test_a_change_while_a_write_is_under_way_waits_for_it_and_is_not_lost(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    await bench.see(LEFT, "F1", "b")
    await bench.consume()
    assert await bench.due() == [], "never two writes of one pair under way"
    await bench.store.settle(settlement(made))
    (again,) = await bench.due()
    assert again.id == row.id
    assert again.hashes[LEFT] == b"b"


async def test_each_flow_consumes_a_stream_at_its_own_offset(bench: Bench) -> None:
    await bench.see(LEFT, "F1")
    await bench.consume()
    other = await bench.store.flow("other", "customer")
    assert (
        await bench.store.consume(
            other, {LEFT: await bench.store.stream("field", "customer")}, historical=True
        )
        == 1
    )
    assert len(await bench.store.due_pairs(other, 10)) == 1


async def test_due_pairs_come_in_slices(bench: Bench) -> None:
    for n in range(5):
        await bench.see(LEFT, f"F{n}")
    await bench.consume()
    first = await bench.store.due_pairs(bench.flow, 2)
    rest = await bench.store.due_pairs(bench.flow, 10, after=first[-1].id)
    assert [row.keys[LEFT] for row in (*first, *rest)] == ["F0", "F1", "F2", "F3", "F4"]
    only = await bench.store.due_pairs(bench.flow, 10, only=[rest[1].id])
    assert [row.id for row in only] == [rest[1].id]
