"""The rules of writing: creates, changes, actions, and what proves them."""

from __future__ import annotations

import asyncio
import json

import pytest
from msgspec.structs import replace

from syncd.core.errors import (
    RetryLater,
)
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Rejected, Retry, Unknown
from syncd.ports import Proof, WriteRequest
from tests.conformance.harness import Harness, Moment, Trouble
from tests.conformance.steps import (
    Suite,
    action,
    actions,
    declares,
    found_by,
    no_secret,
    reference,
    settled,
)


class Writing(Suite):
    """The rules of writing: creates, changes, actions, and what proves them."""

    async def test_create_makes_one_record_with_our_reference(self, harness: Harness, entity: str) -> None:
        connector, request = await self.create(harness, entity)
        before = await harness.count(entity)
        outcome = await connector.submit(request)
        assert isinstance(outcome, Confirmed), outcome
        assert await harness.count(entity) == before + 1
        await found_by(connector, request, [outcome.key])
        lens = connector.capabilities.entities[entity].map
        shown = await connector.fetch(entity, outcome.key)
        assert shown is not None
        assert lens.put(await settled(connector, entity, outcome.key), json.loads(shown.raw)) == {}

    async def test_create_with_a_lost_answer_is_unknown_and_found(
        self, harness: Harness, entity: str
    ) -> None:
        connector, request = await self.create(harness, entity)
        before = await harness.count(entity)
        await harness.order(Trouble.LOST_AFTER, Moment.WRITE)
        outcome = await connector.submit(request)
        assert isinstance(outcome, Unknown), outcome
        assert await harness.count(entity) == before + 1
        assert len(await connector.evidence(request)) == 1

    async def test_evidence_is_not_lost_in_a_shifting_list(self, harness: Harness, entity: str) -> None:
        """A list that moves while it is looked through hides nothing: it is found, or it is asked again."""
        connector, request = await self.create(harness, entity)
        await harness.seed(entity, 9)
        outcome = await connector.submit(request)
        assert isinstance(outcome, Confirmed), outcome
        await harness.order(Trouble.SHIFT, Moment.READ, after=1)
        try:
            found = await connector.evidence(request)
        except RetryLater:
            found = await connector.evidence(request)
        assert [seen.key for seen in found] == [outcome.key]

    async def test_create_lost_on_the_way_leaves_no_evidence(self, harness: Harness, entity: str) -> None:
        connector, request = await self.create(harness, entity)
        before = await harness.count(entity)
        await harness.order(Trouble.LOST_BEFORE, Moment.WRITE)
        outcome = await connector.submit(request)
        assert isinstance(outcome, Unknown | Retry), outcome
        assert await harness.count(entity) == before
        assert list(await connector.evidence(request)) == []

    async def test_evidence_does_not_take_another_record_for_ours(
        self, harness: Harness, entity: str
    ) -> None:
        """Records that others made are no evidence of a request that was never sent."""
        connector, request = await self.create(harness, entity)
        await harness.seed(entity, 3)
        assert list(await connector.evidence(request)) == []

    async def test_a_create_sent_twice_with_its_key_is_done_once(self, harness: Harness, entity: str) -> None:
        """Where the platform honours our reference as an idempotency key, a repeat is no second record."""
        connector, request = await self.create(harness, entity)
        if connector.capabilities.entities[entity].operations["create"].proof is not Proof.NATIVE_KEY:
            pytest.skip("declares no idempotency key; what is in doubt is looked up")
        before = await harness.count(entity)
        first, again = await connector.submit(request), await connector.submit(request)
        assert isinstance(first, Confirmed), first
        assert isinstance(again, Confirmed), again
        assert first.key == again.key
        assert await harness.count(entity) == before + 1

    async def test_writes_sent_together_have_each_its_own_outcome(self, harness: Harness) -> None:
        """Also where they travel in one request: what is refused takes nothing else with it."""
        connector, good = await self.any_write(harness)
        bad = await harness.refused()
        done, refused = await asyncio.gather(connector.submit(good), connector.submit(bad))
        assert isinstance(done, Confirmed), done
        assert isinstance(refused, Rejected), refused
        assert len(await connector.evidence(good)) == 1

    # -- other writes ------------------------------------------------------------------------

    async def test_a_refusal_carries_the_platforms_words(self, harness: Harness) -> None:
        request = await harness.refused()
        connector = await harness.connect()
        before = await harness.count(request.entity)
        outcome = await connector.submit(request)
        assert isinstance(outcome, Rejected), outcome
        assert outcome.words.strip()
        assert await harness.count(request.entity) == before
        no_secret(harness, outcome.words)

    async def test_update_changes_its_footprint_only(self, harness: Harness, entity: str) -> None:
        connector, request = await self.update(harness, entity, "Changed by us")
        lens = connector.capabilities.entities[entity].map
        before = await settled(connector, entity, request.key)
        outcome = await connector.submit(request)
        assert isinstance(outcome, Confirmed), outcome
        after = await settled(connector, entity, request.key)
        field = harness.edits[entity]
        assert after == {**before, field: "Changed by us"[: lens.widths().get(field)]}
        again = replace(request, expected=None)
        assert isinstance(await connector.submit(again), Confirmed), "repeating it changes nothing"
        assert await settled(connector, entity, request.key) == after

    async def test_a_stale_update_is_refused_where_declared(self, harness: Harness, entity: str) -> None:
        """Where the platform checks a precondition, an edit in between is not overwritten."""
        connector, request = await self.update(harness, entity, "Changed by us")
        if not connector.capabilities.entities[entity].conditional_write:
            pytest.skip("declares no conditional write; the engine reads again and compares")
        assert request.key
        await harness.edit(entity, request.key, "Edited meanwhile")
        outcome = await connector.submit(request)
        assert isinstance(outcome, Rejected), outcome
        assert outcome.error_class is ErrorClass.CONFLICT
        assert (await settled(connector, entity, request.key))[harness.edits[entity]] == "Edited meanwhile"

    async def test_update_of_what_is_gone_is_refused(self, harness: Harness, entity: str) -> None:
        connector, request = await self.update(harness, entity, "Changed by us")
        gone = WriteRequest(entity, Operation.UPDATE, reference(), key="99999999", body=request.body)
        outcome = await connector.submit(gone)
        assert isinstance(outcome, Rejected), outcome
        assert outcome.error_class is ErrorClass.NOT_FOUND

    async def test_delete_is_proven(self, harness: Harness, entity: str) -> None:
        connector = await harness.connect()
        declares(connector, entity, "delete")
        key = (await harness.seed(entity, 1))[0]
        request = WriteRequest(entity, Operation.DELETE, reference(), key=key)
        assert list(await connector.evidence(request)) == []
        assert isinstance(await connector.submit(request), Confirmed)
        assert await connector.fetch(entity, key) is None
        assert [seen.deleted for seen in await connector.evidence(request)] == [True]

    async def test_every_action_works_and_is_proven(self, harness: Harness, entity: str) -> None:
        """Before it there is no evidence of it, after it there is, and evidence names the record."""
        connector = await harness.connect()
        for name in actions(connector, entity):
            request = await action(harness, entity, name)
            proven = connector.capabilities.entities[entity].operations[name].proof is Proof.LOOKUP
            assert not proven or list(await connector.evidence(request)) == [], name
            outcome = await connector.submit(request)
            assert isinstance(outcome, Confirmed), (name, outcome)
            if proven:
                await found_by(connector, request, [outcome.key])

    async def test_an_action_with_a_lost_answer_is_found(self, harness: Harness, entity: str) -> None:
        connector = await harness.connect()
        for name in actions(connector, entity):
            if connector.capabilities.entities[entity].operations[name].proof is not Proof.LOOKUP:
                continue
            request = await action(harness, entity, name)
            await harness.order(Trouble.LOST_AFTER, Moment.WRITE)
            outcome = await connector.submit(request)
            assert isinstance(outcome, Unknown), (name, outcome)
            assert len(await connector.evidence(request)) == 1, name
