"""The conformance suite: what every connector must do, whatever its platform.

A connector's test file subclasses ``ConnectorSuite``, names its package and builds a ``Harness``. A rule
that does not apply is exempt in the package's ``quality.toml`` with its reason, which the test output
shows; an operation that a connection does not declare is not tested. Nothing here knows a platform.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar

import pytest

from syncd.connectors.quality import quality_of
from syncd.core.errors import (
    ForbiddenDestination,
    RefuseRecord,
    RenewCredentials,
    RetryLater,
    SyncdError,
    UnreadableAnswer,
)
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected, Retry, Unknown
from syncd.entities import ENTITIES
from syncd.ports import Connector, EntitySpec, Page, Proof, Seen, WriteRequest
from tests.conformance.harness import Harness, Moment, Trouble

_PLAIN_OPERATIONS = {"create", "update", "delete"}
_references = count(1)


class ConnectorSuite:
    """Subclass it, set ``package`` and ``entities``, and provide the ``harness`` fixture."""

    package: ClassVar[str]
    """The connector's package, which holds its ``quality.toml``."""
    entities: ClassVar[tuple[str, ...]]
    """The entities it declares, for parametrisation; ``test_declarations_agree`` compares."""
    main: ClassVar[str] = "customer"
    """The entity that the transport's troubles are tried on."""

    @pytest.fixture
    def harness(self) -> Harness:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _only_rules_that_apply(self, request: pytest.FixtureRequest) -> None:
        rule = quality_of(self.package).rules.get(request.node.originalname.removeprefix("test_"))
        if rule is not None and rule.status == "exempt":
            pytest.skip(rule.reason)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "entity" in metafunc.fixturenames:
            metafunc.parametrize("entity", self.entities)

    # -- declarations ------------------------------------------------------------------------

    async def test_declarations_agree(self, harness: Harness) -> None:
        """What a connection declares is consistent: data that the engine trusts without knowing names."""
        declared = (await harness.connect()).capabilities
        assert set(declared.entities) == set(self.entities)
        assert declared.concurrency >= 1
        assert (declared.settle_s is None) == (declared.settle_provenance == "unknown")
        for name, spec in declared.entities.items():
            assert spec.entity == spec.map.entity == name
            assert name in ENTITIES
            fields = ENTITIES[name].model_fields
            assert {f.name for f in spec.map.fields if not f.name.startswith("custom.")} <= set(fields)
            for operation, how in spec.operations.items():
                assert (how.proof is Proof.NATIVE_KEY) == (how.native_key_life_s > 0), operation
                assert operation != "create" or how.proof is not Proof.CONTENT, "a create is not idempotent"

    async def test_no_more_is_declared_than_is_told(self, harness: Harness) -> None:
        """What ``syncd platforms`` and the README tell of a platform covers what its connections declare."""
        told = quality_of(self.package).parity
        for entity, spec in (await harness.connect()).capabilities.entities.items():
            covered = told.entities.get(entity)
            assert covered is None or {"read", *spec.operations} <= {*covered}, (entity, *spec.operations)
        assert told.verified_by

    def test_rules_are_all_answered(self) -> None:
        """``quality.toml`` answers every rule of this suite, and no other."""
        rules = {name.removeprefix("test_") for name in dir(ConnectorSuite) if name.startswith("test_")}
        assert set(quality_of(self.package).rules) == rules

    # -- walks -------------------------------------------------------------------------------

    async def test_a_walk_shows_every_record_once(self, harness: Harness, entity: str) -> None:
        """Over several pages: no record missing, none twice, keys are text, only the end has a watermark."""
        keys = await harness.seed(entity, 9)
        pages = await _walk(await harness.connect(), entity)
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
                pages = await _walk(connector, entity)
                assert [(page.records, page.complete) for page in pages] in ([((), True)], [([], True)])

    async def test_raw_bytes_are_stable_and_readable(self, harness: Harness, entity: str) -> None:
        """Unchanged records come back in the same bytes (where declared), as JSON that the map reads."""
        await harness.seed(entity, 3)
        connector = await harness.connect()
        spec = connector.capabilities.entities[entity]
        first = _records(await _walk(connector, entity))
        again = _records(await _walk(await harness.connect(), entity))
        if spec.raw_stable:
            assert first == again
        for raw in first.values():
            spec.map.get(json.loads(raw))
        modified = [spec.map.modified_at(json.loads(raw)) for raw in first.values()]
        assert not spec.trusted_modified or all(modified)

    async def test_a_broken_walk_resumes(self, harness: Harness, entity: str) -> None:
        """A walk broken off after a page goes on in another process, and misses nothing."""
        keys = await harness.seed(entity, 9)
        first = await _first_page(await harness.connect(), entity)
        rest = await _walk(await harness.connect(), entity, resume=first.resume)
        assert set(keys) <= set(_records([first, *rest]))
        assert rest[-1].complete
        connector = await harness.connect()
        assert rest[-1].watermark or not connector.capabilities.entities[entity].incremental

    async def test_incremental_boundary_is_inclusive(self, harness: Harness, entity: str) -> None:
        """An edit in the same second as the watermark is shown by the walk that starts there."""
        key = (await harness.seed(entity, 3))[0]
        connector = await harness.connect()
        spec = _incremental(connector, entity)
        watermark = (await _walk(connector, entity))[-1].watermark
        await harness.edit(entity, key, "Edited at once")
        records = _records(await _walk(connector, entity, since=watermark))
        assert spec.map.get(json.loads(records[key]))[harness.edits[entity]] == "Edited at once"

    async def test_incremental_leaves_out_what_is_old(self, harness: Harness, entity: str) -> None:
        """What did not change since long before the watermark is not read again."""
        old = await harness.seed(entity, 3, age_s=86_400.0)
        new = await harness.seed(entity, 1)
        connector = await harness.connect()
        _incremental(connector, entity)
        watermark = (await _walk(connector, entity))[-1].watermark
        records = _records(await _walk(connector, entity, since=watermark))
        assert set(new) <= set(records)
        assert not set(old) & set(records)

    async def test_a_quiet_walk_keeps_its_watermark(self, harness: Harness, entity: str) -> None:
        """Nothing changed: the next walk starts no earlier and no later than this one did."""
        # older than a second: the platform's clock may be told in seconds, its records' in less
        await harness.seed(entity, 2, age_s=5.0)
        connector = await harness.connect()
        _incremental(connector, entity)
        watermark = (await _walk(connector, entity))[-1].watermark
        assert (await _walk(connector, entity, since=watermark))[-1].watermark == watermark

    async def test_an_edit_behind_the_walk_is_seen_by_the_next(self, harness: Harness) -> None:
        """A record edited after its page was read must not be overtaken by the watermark."""
        entity = self.main
        await harness.seed(entity, 9)
        connector = await harness.connect()
        _incremental(connector, entity)
        walk = connector.pages(entity, since=None)
        first = await anext(walk)
        behind = first.records[0].key
        await harness.edit(entity, behind, "Edited behind the walk")
        rest = [page async for page in walk]
        before = _records([first, *rest])
        after = _records(await _walk(connector, entity, since=rest[-1].watermark))
        assert after[behind] != before.get(behind) or b"Edited behind the walk" in before[behind]

    async def test_a_shifting_listing_is_noticed(self, harness: Harness) -> None:
        """Every record was shown after all, or the walk says that it is not complete."""
        keys = await harness.seed(self.main, 9)
        connector = await harness.connect()
        await harness.order(Trouble.SHIFT, Moment.READ, after=1)
        pages = await _walk(connector, self.main)
        assert set(keys) <= set(_records(pages)) or not pages[-1].complete

    async def test_an_incomplete_listing_is_marked(self, harness: Harness) -> None:
        """A walk that was not shown everything is no evidence that a record is gone."""
        await harness.seed(self.main, 9)
        connector = await harness.connect()
        await harness.order(Trouble.INCOMPLETE, Moment.READ)
        assert not (await _walk(connector, self.main))[-1].complete

    # -- single records ----------------------------------------------------------------------

    async def test_fetch_shows_what_the_walk_shows(self, harness: Harness, entity: str) -> None:
        key = (await harness.seed(entity, 1))[0]
        connector = await harness.connect()
        lens = connector.capabilities.entities[entity].map
        seen = await connector.fetch(entity, key)
        assert seen is not None
        assert seen.key == key
        walked = _records(await _walk(connector, entity))[key]
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

    # -- troubles of the transport -----------------------------------------------------------

    async def test_reads_wait_when_the_platform_is_busy(self, harness: Harness) -> None:
        await self._read_in_trouble(harness, Trouble.BUSY, RetryLater)

    async def test_reads_wait_when_the_platform_breaks(self, harness: Harness) -> None:
        await self._read_in_trouble(harness, Trouble.SERVER_ERROR, RetryLater)

    async def test_reads_wait_when_the_connection_breaks(self, harness: Harness) -> None:
        await self._read_in_trouble(harness, Trouble.LOST_BEFORE, RetryLater)

    async def test_a_web_page_is_no_record(self, harness: Harness) -> None:
        await self._read_in_trouble(harness, Trouble.HTML, UnreadableAnswer)

    async def test_a_truncated_page_is_no_page(self, harness: Harness) -> None:
        await self._read_in_trouble(harness, Trouble.TRUNCATED, (UnreadableAnswer, RetryLater))

    async def test_a_huge_answer_is_refused(self, harness: Harness) -> None:
        await self._read_in_trouble(harness, Trouble.HUGE, UnreadableAnswer)

    async def test_a_redirect_is_not_followed(self, harness: Harness) -> None:
        await self._read_in_trouble(harness, Trouble.REDIRECT, ForbiddenDestination)

    async def test_an_expired_login_is_renewed_mid_walk(self, harness: Harness) -> None:
        keys = await harness.seed(self.main, 9)
        connector = await harness.connect()
        await harness.order(Trouble.LOGIN_EXPIRED, Moment.READ, after=1)
        pages = await _walk(connector, self.main)
        assert set(keys) <= set(_records(pages))
        assert pages[-1].complete

    async def test_readers_share_one_renewal(self, harness: Harness) -> None:
        """However many find out at once that the login has ended, it is renewed once: where refresh tokens
        rotate, a second refresher would end the first one's."""
        keys = await harness.seed(self.main, 6)
        connector = await harness.connect()
        await _walk(connector, self.main)
        before = await harness.logins()
        if before is None:
            pytest.skip("its login is never renewed: it goes with every request")
        await harness.order(Trouble.LOGIN_EXPIRED, Moment.READ)
        found = await asyncio.gather(*(connector.fetch(self.main, key) for key in keys))
        assert [seen and seen.key for seen in found] == list(keys)
        assert await harness.logins() == before + 1

    async def test_a_renewed_login_outlives_the_process(self, harness: Harness) -> None:
        """Another process goes on with what the last one left: a rotated token is kept before it is used."""
        keys = await harness.seed(self.main, 3)
        for _ in range(3):
            connector = await harness.connect()
            await _walk(connector, self.main)
            await harness.order(Trouble.LOGIN_EXPIRED, Moment.READ)
            assert set(keys) <= set(_records(await _walk(connector, self.main)))
            await connector.close()

    async def test_wrong_credentials_stop_the_connection(self, harness: Harness) -> None:
        """An error for whom it may concern, a finding for ``check``, and no secret in either."""
        connector = await harness.connect(good_credentials=False)
        with _silent(harness), pytest.raises(RenewCredentials):
            await _walk(connector, self.main)
        findings = await connector.probe()
        assert "error" in {finding.level for finding in findings}
        _no_secret(harness, repr(findings))

    async def test_probe_of_a_good_connection_finds_nothing_wrong(self, harness: Harness) -> None:
        findings = await (await harness.connect()).probe()
        assert findings
        assert [finding for finding in findings if finding.level == "error"] == []

    # -- creates -----------------------------------------------------------------------------

    async def test_create_makes_one_record_with_our_reference(self, harness: Harness, entity: str) -> None:
        connector, request = await self._create(harness, entity)
        before = await harness.count(entity)
        outcome = await connector.submit(request)
        assert isinstance(outcome, Confirmed), outcome
        assert await harness.count(entity) == before + 1
        await _found(connector, request, [outcome.key])
        lens = connector.capabilities.entities[entity].map
        shown = await connector.fetch(entity, outcome.key)
        assert shown is not None
        assert lens.put(await _settled(connector, entity, outcome.key), json.loads(shown.raw)) == {}

    async def test_create_with_a_lost_answer_is_unknown_and_found(
        self, harness: Harness, entity: str
    ) -> None:
        connector, request = await self._create(harness, entity)
        before = await harness.count(entity)
        await harness.order(Trouble.LOST_AFTER, Moment.WRITE)
        outcome = await connector.submit(request)
        assert isinstance(outcome, Unknown), outcome
        assert await harness.count(entity) == before + 1
        assert len(await connector.evidence(request)) == 1

    async def test_evidence_is_not_lost_in_a_shifting_list(self, harness: Harness, entity: str) -> None:
        """A list that moves while it is looked through hides nothing: it is found, or it is asked again."""
        connector, request = await self._create(harness, entity)
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
        connector, request = await self._create(harness, entity)
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
        connector, request = await self._create(harness, entity)
        await harness.seed(entity, 3)
        assert list(await connector.evidence(request)) == []

    async def test_a_create_sent_twice_with_its_key_is_done_once(self, harness: Harness, entity: str) -> None:
        """Where the platform honours our reference as an idempotency key, a repeat is no second record."""
        connector, request = await self._create(harness, entity)
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
        connector, good = await self._any_write(harness)
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
        _no_secret(harness, outcome.words)

    async def test_update_changes_its_footprint_only(self, harness: Harness, entity: str) -> None:
        connector, request = await self._update(harness, entity, "Changed by us")
        lens = connector.capabilities.entities[entity].map
        before = await _settled(connector, entity, request.key)
        outcome = await connector.submit(request)
        assert isinstance(outcome, Confirmed), outcome
        after = await _settled(connector, entity, request.key)
        field = harness.edits[entity]
        assert after == {**before, field: "Changed by us"[: lens.widths().get(field)]}
        again = replace(request, expected=None)
        assert isinstance(await connector.submit(again), Confirmed), "repeating it changes nothing"
        assert await _settled(connector, entity, request.key) == after

    async def test_a_stale_update_is_refused_where_declared(self, harness: Harness, entity: str) -> None:
        """Where the platform checks a precondition, an edit in between is not overwritten."""
        connector, request = await self._update(harness, entity, "Changed by us")
        if not connector.capabilities.entities[entity].conditional_write:
            pytest.skip("declares no conditional write; the engine reads again and compares")
        assert request.key
        await harness.edit(entity, request.key, "Edited meanwhile")
        outcome = await connector.submit(request)
        assert isinstance(outcome, Rejected), outcome
        assert outcome.error_class is ErrorClass.CONFLICT
        assert (await _settled(connector, entity, request.key))[harness.edits[entity]] == "Edited meanwhile"

    async def test_update_of_what_is_gone_is_refused(self, harness: Harness, entity: str) -> None:
        connector, request = await self._update(harness, entity, "Changed by us")
        gone = WriteRequest(entity, Operation.UPDATE, _reference(), key="99999999", body=request.body)
        outcome = await connector.submit(gone)
        assert isinstance(outcome, Rejected), outcome
        assert outcome.error_class is ErrorClass.NOT_FOUND

    async def test_delete_is_proven(self, harness: Harness, entity: str) -> None:
        connector = await harness.connect()
        _declares(connector, entity, "delete")
        key = (await harness.seed(entity, 1))[0]
        request = WriteRequest(entity, Operation.DELETE, _reference(), key=key)
        assert list(await connector.evidence(request)) == []
        assert isinstance(await connector.submit(request), Confirmed)
        assert await connector.fetch(entity, key) is None
        assert [seen.deleted for seen in await connector.evidence(request)] == [True]

    async def test_every_action_works_and_is_proven(self, harness: Harness, entity: str) -> None:
        """Before it there is no evidence of it, after it there is, and evidence names the record."""
        connector = await harness.connect()
        for name in _actions(connector, entity):
            request = await _action(harness, entity, name)
            proven = connector.capabilities.entities[entity].operations[name].proof is Proof.LOOKUP
            assert not proven or list(await connector.evidence(request)) == [], name
            outcome = await connector.submit(request)
            assert isinstance(outcome, Confirmed), (name, outcome)
            if proven:
                await _found(connector, request, [outcome.key])

    async def test_an_action_with_a_lost_answer_is_found(self, harness: Harness, entity: str) -> None:
        connector = await harness.connect()
        for name in _actions(connector, entity):
            if connector.capabilities.entities[entity].operations[name].proof is not Proof.LOOKUP:
                continue
            request = await _action(harness, entity, name)
            await harness.order(Trouble.LOST_AFTER, Moment.WRITE)
            outcome = await connector.submit(request)
            assert isinstance(outcome, Unknown), (name, outcome)
            assert len(await connector.evidence(request)) == 1, name

    # -- writes in trouble -------------------------------------------------------------------

    async def test_a_write_to_a_busy_platform_was_not_executed(self, harness: Harness) -> None:
        outcome, done = await self._write_in_trouble(harness, Trouble.BUSY)
        assert isinstance(outcome, Retry), outcome
        assert not done

    async def test_a_write_to_a_broken_platform_is_unknown(self, harness: Harness) -> None:
        assert isinstance((await self._write_in_trouble(harness, Trouble.SERVER_ERROR))[0], Unknown)

    async def test_a_write_answered_by_a_web_page_is_unknown(self, harness: Harness) -> None:
        assert isinstance((await self._write_in_trouble(harness, Trouble.HTML))[0], Unknown)

    async def test_a_write_with_a_truncated_answer_is_unknown(self, harness: Harness) -> None:
        assert isinstance((await self._write_in_trouble(harness, Trouble.TRUNCATED))[0], Unknown)

    async def test_a_write_with_an_expired_login_is_done_once(self, harness: Harness) -> None:
        """Refused before it was looked at, so it may go again after a new login: once."""
        outcome, done = await self._write_in_trouble(harness, Trouble.LOGIN_EXPIRED)
        assert isinstance(outcome, Confirmed | Retry), outcome
        assert done == isinstance(outcome, Confirmed)

    # -- announcements -----------------------------------------------------------------------

    async def test_announcements_are_hints(self, harness: Harness) -> None:
        """A delivery names records; what is not one is refused without a traceback."""
        connector: Any = await harness.connect()
        assert connector.capabilities.webhooks
        headers, body, hints = await harness.delivery()
        assert list(connector.hints(headers, body)) == list(hints)
        for junk in (b"", b"<html>", b"[]", b'{"data": 7}', b'{"data": [7]}', body[:-9]):
            with pytest.raises(UnreadableAnswer):
                connector.hints(headers, junk)

    async def test_forged_announcements_are_refused(self, harness: Harness) -> None:
        """A delivery that does not prove where it comes from names nothing."""
        connector: Any = await harness.connect()
        for headers, body in await harness.forgeries():
            with pytest.raises(UnreadableAnswer):
                connector.hints(headers, body)

    async def test_without_announcements_none_are_declared(self, harness: Harness) -> None:
        connector = await harness.connect()
        assert connector.capabilities.webhooks == hasattr(connector, "hints")

    async def test_closing_twice_is_harmless(self, harness: Harness) -> None:
        connector = await harness.connect()
        await connector.probe()
        await connector.close()
        await connector.close()

    # -- the suite's own steps ---------------------------------------------------------------

    async def _read_in_trouble(
        self, harness: Harness, trouble: Trouble, expected: type[SyncdError] | tuple[type[SyncdError], ...]
    ) -> None:
        """A walk meets trouble: a clear error or, if the connector may ask again by itself, all records;
        afterwards the same connection works."""
        keys = await harness.seed(self.main, 3)
        connector = await harness.connect()
        await harness.order(trouble, Moment.READ)
        try:
            with _silent(harness):
                pages = await _walk(connector, self.main)
        except expected:
            pages = await _walk(connector, self.main)
        assert set(keys) <= set(_records(pages))
        assert pages[-1].complete

    async def _write_in_trouble(self, harness: Harness, trouble: Trouble) -> tuple[Outcome, bool]:
        """A provable write meets trouble. Its outcome, and whether the platform carried it out."""
        connector, request = await self._any_write(harness)
        await harness.order(trouble, Moment.WRITE)
        outcome = await connector.submit(request)
        if not isinstance(outcome, Confirmed):
            _no_secret(harness, outcome.words)
        return outcome, bool(await connector.evidence(request))

    async def _any_write(self, harness: Harness) -> tuple[Connector, WriteRequest]:
        """A write this connection declares and can prove: a create if there is one, else an action."""
        connector = await harness.connect()
        for entity in self.entities:
            if "create" in connector.capabilities.entities[entity].operations:
                return await self._create(harness, entity)
        for entity in self.entities:
            for name in set(connector.capabilities.entities[entity].operations) - _PLAIN_OPERATIONS:
                return connector, await _action(harness, entity, name)
        pytest.skip("declares no write that leaves evidence")

    async def _create(self, harness: Harness, entity: str) -> tuple[Connector, WriteRequest]:
        connector = await harness.connect()
        _declares(connector, entity, "create")
        body = connector.capabilities.entities[entity].map.put(await harness.draft(entity), None)
        return connector, WriteRequest(entity, Operation.CREATE, _reference(), body=body, source_key="S-1")

    async def _update(self, harness: Harness, entity: str, value: str) -> tuple[Connector, WriteRequest]:
        connector = await harness.connect()
        _declares(connector, entity, "update")
        key = (await harness.seed(entity, 1))[0]
        seen = await connector.fetch(entity, key)
        assert seen is not None
        lens = connector.capabilities.entities[entity].map
        body = lens.put({harness.edits[entity]: value}, json.loads(seen.raw))
        return connector, WriteRequest(
            entity, Operation.UPDATE, _reference(), key=key, body=body, expected=seen.raw
        )


def _reference() -> str:
    return f"syncd-conformance-{next(_references)}"


async def _walk(
    connector: Connector, entity: str, *, since: str | None = None, resume: str | None = None
) -> list[Page]:
    return [page async for page in connector.pages(entity, since=since, resume=resume)]


async def _first_page(connector: Connector, entity: str) -> Page:
    async for page in connector.pages(entity, since=None):
        assert page.resume, "one page is no walk"
        return page
    raise AssertionError("a walk without a page")


def _records(pages: Sequence[Page]) -> Mapping[str, bytes]:
    return {seen.key: seen.raw for page in pages for seen in page.records}


def _declares(connector: Connector, entity: str, operation: str) -> None:
    if operation not in connector.capabilities.entities[entity].operations:
        pytest.skip(f"declares no {operation} of {entity}")


def _actions(connector: Connector, entity: str) -> Sequence[str]:
    actions = sorted(set(connector.capabilities.entities[entity].operations) - _PLAIN_OPERATIONS)
    if not actions:
        pytest.skip(f"declares no action on {entity}")
    return actions


def _incremental(connector: Connector, entity: str) -> EntitySpec:
    spec = connector.capabilities.entities[entity]
    if not spec.incremental:
        pytest.skip(f"declares no incremental walk of {entity}")
    return spec


async def _action(harness: Harness, entity: str, name: str) -> WriteRequest:
    key, argument = await harness.action(entity, name)
    return WriteRequest(entity, Operation.ACTION, _reference(), key=key, action=name, argument=argument)


async def _settled(connector: Connector, entity: str, key: str | None) -> dict[str, Any]:
    """The canonical record as the platform shows it now."""
    seen = await connector.fetch(entity, key or "")
    assert seen is not None
    return dict(connector.capabilities.entities[entity].map.get(json.loads(seen.raw)))


async def _found(connector: Connector, request: WriteRequest, keys: Sequence[str]) -> None:
    evidence: Sequence[Seen] = await connector.evidence(request)
    assert [seen.key for seen in evidence] == list(keys)


def _no_secret(harness: Harness, text: str) -> None:
    assert not [number for number, secret in enumerate(harness.secrets) if secret in text]


@contextmanager
def _silent(harness: Harness) -> Iterator[None]:
    """No error that leaves this block shows a secret, in its own text or its causes'."""
    try:
        yield
    except SyncdError as error:
        chain: BaseException | None = error
        while chain is not None:
            _no_secret(harness, f"{chain!r} {chain}")
            chain = chain.__cause__ or chain.__context__
        raise
