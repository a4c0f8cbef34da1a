"""The served document against the served API: requests made up from the one, sent to the other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from syncd.api.endpoint import Form
from syncd.api.endpoints import ENDPOINTS
from syncd.service.document import document
from tests.integration.service.daemon import ADMIN, Daemon, daemon
from tests.integration.service.office import Office

DOCUMENTS = [call for call in ENDPOINTS if call.form is Form.DOCUMENT]
_PATIENCE_S = 60.0
"""A busy machine is no fault of the document's: the tool's own patience is ten seconds."""
schema = schemathesis.openapi.from_dict(document(DOCUMENTS))


class _Elsewhere:
    """A daemon in a thread of its own: schemathesis does not know asyncio."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._open = AsyncExitStack()

    def start(self) -> str:
        self._thread.start()
        return asyncio.run_coroutine_threadsafe(self._started(), self._loop).result(20).url

    async def _started(self) -> Daemon:
        office = Office()
        await office.open()
        return await self._open.enter_async_context(
            daemon(operator=office.answering, note=office.note, refusals=1e6)
        )

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._open.aclose(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    there = _Elsewhere()
    try:
        yield there.start()
    finally:
        there.stop()


@schema.parametrize()
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_what_is_served_is_what_the_document_says(case: Case[Any], url: str) -> None:
    # whether a name is taken, or a scope names anything, only the site can tell: a 400 to a valid document
    case.call_and_validate(
        base_url=url,
        headers={"Authorization": f"Bearer {ADMIN}"},
        timeout=_PATIENCE_S,
        excluded_checks=[positive_data_acceptance],
    )
