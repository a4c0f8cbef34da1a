"""A connection whose lenses carry what was accepted about its platform's changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from syncd.core.outcome import Outcome
from syncd.mapping.correcting import Correction, corrected
from syncd.ports import Capabilities, Connector, Finding, Page, Seen, WriteRequest


class CorrectedConnector:
    """Implements ``ports.Connector`` over another one: the same records, read and written through
    corrected lenses."""

    def __init__(self, inner: Connector, corrections: Mapping[str, Sequence[Correction]]) -> None:
        """``corrections``: by entity."""
        self._inner = inner
        capabilities = inner.capabilities
        self._capabilities = replace(
            capabilities,
            entities={
                entity: replace(spec, map=corrected(spec.map, corrections.get(entity, ())))
                for entity, spec in capabilities.entities.items()
            },
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def pages(self, entity: str, *, since: str | None, resume: str | None = None) -> AsyncIterator[Page]:
        return self._inner.pages(entity, since=since, resume=resume)

    async def fetch(self, entity: str, key: str) -> Seen | None:
        return await self._inner.fetch(entity, key)

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        return await self._inner.search(entity, number)

    async def submit(self, request: WriteRequest) -> Outcome:
        return await self._inner.submit(request)

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        return await self._inner.evidence(request)

    async def probe(self) -> Sequence[Finding]:
        return await self._inner.probe()

    async def close(self) -> None:
        await self._inner.close()
