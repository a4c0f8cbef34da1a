"""What the conformance suite's rules are made of: the suite's own settings, and steps that rules share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, ClassVar

import pytest

from syncd.connectors.quality import quality_of
from syncd.core.errors import (
    SyncdError,
)
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, Outcome
from syncd.ports import Connector, EntitySpec, Page, Seen, WriteRequest
from tests.conformance.harness import Harness, Moment, Trouble

PLAIN_OPERATIONS = {"create", "update", "delete"}
_references = count(1)


class Suite:
    """What every theme stands on."""

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

    async def read_in_trouble(
        self, harness: Harness, trouble: Trouble, expected: type[SyncdError] | tuple[type[SyncdError], ...]
    ) -> None:
        """A walk meets trouble: a clear error or, if the connector may ask again by itself, all records;
        afterwards the same connection works."""
        keys = await harness.seed(self.main, 3)
        connector = await harness.connect()
        await harness.order(trouble, Moment.READ)
        try:
            with silent(harness):
                pages = await walk(connector, self.main)
        except expected:
            pages = await walk(connector, self.main)
        assert set(keys) <= set(bytes_by_key(pages))
        assert pages[-1].complete

    async def write_in_trouble(self, harness: Harness, trouble: Trouble) -> tuple[Outcome, bool]:
        """A provable write meets trouble. Its outcome, and whether the platform carried it out."""
        connector, request = await self.any_write(harness)
        await harness.order(trouble, Moment.WRITE)
        outcome = await connector.submit(request)
        if not isinstance(outcome, Confirmed):
            no_secret(harness, outcome.words)
        return outcome, bool(await connector.evidence(request))

    async def any_write(self, harness: Harness) -> tuple[Connector, WriteRequest]:
        """A write this connection declares and can prove: a create if there is one, else an action."""
        connector = await harness.connect()
        for entity in self.entities:
            if "create" in connector.capabilities.entities[entity].operations:
                return await self.create(harness, entity)
        for entity in self.entities:
            for name in set(connector.capabilities.entities[entity].operations) - PLAIN_OPERATIONS:
                return connector, await action(harness, entity, name)
        pytest.skip("declares no write that leaves evidence")

    async def create(self, harness: Harness, entity: str) -> tuple[Connector, WriteRequest]:
        connector = await harness.connect()
        declares(connector, entity, "create")
        body = connector.capabilities.entities[entity].map.put(await harness.draft(entity), None)
        return connector, WriteRequest(entity, Operation.CREATE, reference(), body=body, source_key="S-1")

    async def update(self, harness: Harness, entity: str, value: str) -> tuple[Connector, WriteRequest]:
        connector = await harness.connect()
        declares(connector, entity, "update")
        key = (await harness.seed(entity, 1))[0]
        seen = await connector.fetch(entity, key)
        assert seen is not None
        lens = connector.capabilities.entities[entity].map
        body = lens.put({harness.edits[entity]: value}, json.loads(seen.raw))
        return connector, WriteRequest(
            entity, Operation.UPDATE, reference(), key=key, body=body, expected=seen.raw
        )


def reference() -> str:
    return f"syncd-conformance-{next(_references)}"


async def walk(
    connector: Connector, entity: str, *, since: str | None = None, resume: str | None = None
) -> list[Page]:
    return [page async for page in connector.pages(entity, since=since, resume=resume)]


async def first_page(connector: Connector, entity: str) -> Page:
    async for page in connector.pages(entity, since=None):
        assert page.resume, "one page is no walk"
        return page
    raise AssertionError("a walk without a page")


def bytes_by_key(pages: Sequence[Page]) -> Mapping[str, bytes]:
    return {seen.key: seen.raw for page in pages for seen in page.records}


def declares(connector: Connector, entity: str, operation: str) -> None:
    if operation not in connector.capabilities.entities[entity].operations:
        pytest.skip(f"declares no {operation} of {entity}")


def actions(connector: Connector, entity: str) -> Sequence[str]:
    actions = sorted(set(connector.capabilities.entities[entity].operations) - PLAIN_OPERATIONS)
    if not actions:
        pytest.skip(f"declares no action on {entity}")
    return actions


def incremental(connector: Connector, entity: str) -> EntitySpec:
    spec = connector.capabilities.entities[entity]
    if not spec.incremental:
        pytest.skip(f"declares no incremental walk of {entity}")
    return spec


async def action(harness: Harness, entity: str, name: str) -> WriteRequest:
    key, argument = await harness.action(entity, name)
    return WriteRequest(entity, Operation.ACTION, reference(), key=key, action=name, argument=argument)


async def settled(connector: Connector, entity: str, key: str | None) -> dict[str, Any]:
    """The canonical record as the platform shows it now."""
    seen = await connector.fetch(entity, key or "")
    assert seen is not None
    return dict(connector.capabilities.entities[entity].map.get(json.loads(seen.raw)))


async def found_by(connector: Connector, request: WriteRequest, keys: Sequence[str]) -> None:
    evidence: Sequence[Seen] = await connector.evidence(request)
    assert [seen.key for seen in evidence] == list(keys)


def no_secret(harness: Harness, text: str) -> None:
    assert not [number for number, secret in enumerate(harness.secrets) if secret in text]


@contextmanager
def silent(harness: Harness) -> Iterator[None]:
    """No error that leaves this block shows a secret, in its own text or its causes'."""
    try:
        yield
    except SyncdError as error:
        chain: BaseException | None = error
        while chain is not None:
            no_secret(harness, f"{chain!r} {chain}")
            chain = chain.__cause__ or chain.__context__
        raise
