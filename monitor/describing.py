"""What a platform publishes about itself, held against what it published before.

A published change is announced before it is in the traffic: it stops nothing, and says what will. It is
one level less grave than the same change in answers, and the first answer that shows it takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

from monitor import gating, impact, importing
from monitor.compare import compare
from monitor.contract import Contract
from monitor.differences import Kind
from monitor.findings import Finding
from monitor.learning import assumed
from monitor.severity import judge
from monitor.watch import Watch
from syncd.core.errors import FixInput
from syncd.ports import Clock, Description
from syncd.ports.drift import Fact

_HASH: Final = "description"
_OF: Final = "description_of_"


class Describing:
    """Over every connection of a site."""

    def __init__(self, watch: Watch, clock: Clock) -> None:
        self._watch = watch
        self._clock = clock

    async def look(self, connection: str, published: Description) -> None:
        """Compare a description with the one before it, and remember it. Raises ``FixInput`` for what cannot
        be read at all."""
        known, digest = self._watch.facts(connection), blake2b(published.document, digest_size=16).hexdigest()
        if known.get(_HASH) == digest:
            return
        at = next(one for one in self._watch.connections() if one.connection == connection)
        contracts = described(published, at.platform)
        for entity, contract in contracts.items():
            before = known.get(f"{_OF}{entity}")
            if before is not None:
                was = replace(contract, schema=before)
                for finding in self._findings(connection, was, contract):
                    await self._watch.found(at, entity, finding)
        facts: dict[str, Any] = {f"{_OF}{entity}": dict(c.schema) for entity, c in contracts.items()}
        now = self._clock.now()
        await self._watch.remember(
            [Fact(connection, name, value, now, now) for name, value in (facts | {_HASH: digest}).items()]
        )

    def _findings(self, connection: str, was: Contract, now: Contract) -> list[Finding]:
        operation = self._watch.operation(connection, now.operation)
        lens = operation.lens if operation is not None else None
        found = []
        for one in compare(was, assumed(now)):
            hit = impact.of(one.path, lens, self._watch.flows(connection, now.operation))
            severity = judge(one, hit.roles, has_default=hit.has_default, specified_only=True)
            if one.certain and one.kind is not Kind.FIELD_NEW:
                after = {**one.after, gating.PUBLISHED: True}
                found.append(Finding(replace(one, after=after), severity, hit, ()))
        return found


def described(published: Description, platform: str) -> Mapping[str, Contract]:
    """Entity -> its contract as the document has it, of those that it describes. Pure."""
    found = {}
    for entity, record in published.records.items():
        try:
            found[entity] = importing.read(
                published.form, published.document, record, platform=platform, operation=entity, entity=entity
            )
        except FixInput:
            continue  # another edition describes fewer kinds of record
    return found
