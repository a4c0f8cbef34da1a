"""The rules of reading: walks, single records, searches."""

from __future__ import annotations

import json

import pytest

from syncd.core.errors import (
    RefuseRecord,
    RenewCredentials,
)
from tests.conformance.harness import Harness, Moment, Trouble
from tests.conformance.steps import (
    Suite,
    bytes_by_key,
    first_page,
    incremental,
    walk,
)


class Reading(Suite):
    """The rules of reading: walks, single records, searches."""

    async def test_a_walk_shows_every_record_once(self, harness: Harness, entity: str) -> None:
        """Over several pages: no record missing, none twice, keys are text, only the end has a watermark."""
        keys = await harness.seed(entity, 9)
        pages = await walk(await harness.connect(), entity)
        seen = [record.key for page in pages for record in page.records]
        assert len(pages) > 1
        assert set(keys) <= set(seen)
        assert len(seen) == len(set(seen)) == await harness.count(entity)
        assert {type(key) for key in seen} == {str}
        assert all(page.complete and page.resume for page in pages[:-1])
        assert pages[-1].complete
        assert pages[-1].resume is None
        assert [page.watermark for page in pages[:-1]] == [None] * (len(pages) - 1)

    async def test_a_walk_over_nothing_is_complete(self, harness: Harness) -> None:
        """An empty answer is an answer: one page, complete, no records."""
        connector = await harness.connect()
        for entity in self.entities:
            if await harness.count(entity) == 0:
                pages = await walk(connector, entity)
                assert [(page.records, page.complete) for page in pages] in ([((), True)], [([], True)])

    async def test_raw_bytes_are_stable_and_readable(self, harness: Harness, entity: str) -> None:
        """Unchanged records come back in the same bytes (where declared), as JSON that the map reads."""
        await harness.seed(entity, 3)
        connector = await harness.connect()
        spec = connector.capabilities.entities[entity]
        first = bytes_by_key(await walk(connector, entity))
        again = bytes_by_key(await walk(await harness.connect(), entity))
        if spec.raw_stable:
            assert first == again
        for raw in first.values():
            spec.map.get(json.loads(raw))
        modified = [spec.map.modified_at(json.loads(raw)) for raw in first.values()]
        assert not spec.trusted_modified or all(modified)

    async def test_a_broken_walk_resumes(self, harness: Harness, entity: str) -> None:
        """A walk broken off after a page goes on in another process, and misses nothing."""
        keys = await harness.seed(entity, 9)
        first = await first_page(await harness.connect(), entity)
        rest = await walk(await harness.connect(), entity, resume=first.resume)
        assert set(keys) <= set(bytes_by_key([first, *rest]))
        assert rest[-1].complete
        connector = await harness.connect()
        assert rest[-1].watermark or not connector.capabilities.entities[entity].incremental

    async def test_incremental_boundary_is_inclusive(self, harness: Harness, entity: str) -> None:
        """An edit in the same second as the watermark is shown by the walk that starts there."""
        key = (await harness.seed(entity, 3))[0]
        connector = await harness.connect()
        spec = incremental(connector, entity)
        watermark = (await walk(connector, entity))[-1].watermark
        await harness.edit(entity, key, "Edited at once")
        records = bytes_by_key(await walk(connector, entity, since=watermark))
        assert spec.map.get(json.loads(records[key]))[harness.edits[entity]] == "Edited at once"

    async def test_incremental_leaves_out_what_is_old(self, harness: Harness, entity: str) -> None:
        """What did not change since long before the watermark is not read again."""
        old = await harness.seed(entity, 3, age_s=86_400.0)
        new = await harness.seed(entity, 1)
        connector = await harness.connect()
        incremental(connector, entity)
        watermark = (await walk(connector, entity))[-1].watermark
        records = bytes_by_key(await walk(connector, entity, since=watermark))
        assert set(new) <= set(records)
        assert not set(old) & set(records)

    async def test_a_quiet_walk_keeps_its_watermark(self, harness: Harness, entity: str) -> None:
        """Nothing changed: the next walk starts no earlier and no later than this one did."""
        # older than a second: the platform's clock may be told in seconds, its records' in less
        await harness.seed(entity, 2, age_s=5.0)
        connector = await harness.connect()
        incremental(connector, entity)
        watermark = (await walk(connector, entity))[-1].watermark
        assert (await walk(connector, entity, since=watermark))[-1].watermark == watermark

    async def test_an_edit_behind_the_walk_is_seen_by_the_next(self, harness: Harness) -> None:
        """A record edited after its page was read must not be overtaken by the watermark."""
        entity = self.main
        await harness.seed(entity, 9)
        connector = await harness.connect()
        incremental(connector, entity)
        under_way = connector.pages(entity, since=None)
        first = await anext(under_way)
        behind = first.records[0].key
        await harness.edit(entity, behind, "Edited behind the walk")
        rest = [page async for page in under_way]
        before = bytes_by_key([first, *rest])
        after = bytes_by_key(await walk(connector, entity, since=rest[-1].watermark))
        assert after[behind] != before.get(behind) or b"Edited behind the walk" in before[behind]

    async def test_a_shifting_listing_is_noticed(self, harness: Harness) -> None:
        """Every record was shown after all, or the walk says that it is not complete."""
        keys = await harness.seed(self.main, 9)
        connector = await harness.connect()
        await harness.order(Trouble.SHIFT, Moment.READ, after=1)
        pages = await walk(connector, self.main)
        assert set(keys) <= set(bytes_by_key(pages)) or not pages[-1].complete

    async def test_an_incomplete_listing_is_marked(self, harness: Harness) -> None:
        """A walk that was not shown everything is no evidence that a record is gone."""
        await harness.seed(self.main, 9)
        connector = await harness.connect()
        await harness.order(Trouble.INCOMPLETE, Moment.READ)
        assert not (await walk(connector, self.main))[-1].complete

    # -- single records ----------------------------------------------------------------------

    async def test_fetch_shows_what_the_walk_shows(self, harness: Harness, entity: str) -> None:
        key = (await harness.seed(entity, 1))[0]
        connector = await harness.connect()
        lens = connector.capabilities.entities[entity].map
        seen = await connector.fetch(entity, key)
        assert seen is not None
        assert seen.key == key
        walked = bytes_by_key(await walk(connector, entity))[key]
        assert lens.get(json.loads(seen.raw)) == lens.get(json.loads(walked))

    async def test_fetch_of_what_never_was_is_none(self, harness: Harness, entity: str) -> None:
        await harness.seed(entity, 1)
        assert await (await harness.connect()).fetch(entity, "99999999") is None

    async def test_fetch_of_what_we_may_not_see_is_refused(self, harness: Harness) -> None:
        """No right to see is not "gone": that would delete it on the other side."""
        key = (await harness.seed(self.main, 1))[0]
        connector = await harness.connect()
        await harness.forbid(self.main, key)
        with pytest.raises((RefuseRecord, RenewCredentials)):
            await connector.fetch(self.main, key)

    async def test_search_by_what_a_person_says(self, harness: Harness, entity: str) -> None:
        """A number or name finds its record; one that nobody uses finds none."""
        keys = await harness.seed(entity, 5)
        connector = await harness.connect()
        number = await harness.number(entity, keys[3])
        assert keys[3] in [seen.key for seen in await connector.search(entity, number)]
        assert list(await connector.search(entity, "no such number 000")) == []
