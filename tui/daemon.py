"""What the dashboard needs of the control API: any call, a run, and the stream of what changes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

from syncd.api.client import LiveEvent
from syncd.api.endpoint import A, Endpoint, T
from syncd.api.models import Progress, SyncReport


class Daemon(Protocol):
    """``syncd.api.client.ApiClient`` is the one that exists; tests put another one here.

    All raise ``syncd.core.errors``; ``DaemonUnreachable`` is the one that passes by itself.
    """

    async def call(self, endpoint: Endpoint[A, T], asked: A) -> T: ...

    def events(
        self, link: str | None = None, last_event_id: str | None = None
    ) -> AsyncGenerator[LiveEvent, None]: ...

    def sync(self, link: str | None = None) -> AsyncIterator[Progress | SyncReport]: ...
