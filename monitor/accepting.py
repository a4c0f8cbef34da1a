"""What people have accepted: let through for a time, until it stands where it belongs.

An accepted change lets records through while its grant lasts, and corrects the lens until an engineer has
mended the map. Once the contract's file says it and the map needs no correction it is settled for good. A
grant that ends before that is no licence: what it let through is open again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from monitor import editing, gating
from monitor.contract import Contract
from monitor.differences import Kind
from monitor.findings import Waiver
from syncd.core.errors import FixInput
from syncd.mapping.correcting import Correction, declared
from syncd.mapping.entity_map import EntityMap
from syncd.ports import Clock
from syncd.ports.drift import DriftRow, DriftState, ProposalRow
from syncd.store.drifts import DriftStore

ENDS_DAYS: Final = (7, 1)
"""Days before a grant's end at which somebody is told."""

Text = Callable[[str, str], str | None]
"""(platform, operation) -> a contract as its file says it; None: there is no file."""
Lenses = Mapping[tuple[str, str], EntityMap]
"""(connection, entity) -> the map as its platform declares it, without corrections."""

_SAID_BY_FILES: Final = frozenset(Kind) - {
    Kind.SHARE,
    Kind.SIGN,
    Kind.KEY_LOST,
    Kind.ENVELOPE,
    Kind.WRITE_NARROWED,
    Kind.ENUM_GONE,
}


class Acceptances:
    """Of one site."""

    def __init__(self, drifts: DriftStore, clock: Clock) -> None:
        self._drifts = drifts
        self._clock = clock

    async def corrections(self, connection: str) -> Mapping[str, Sequence[Correction]]:
        """Entity -> what was accepted about it and is not in the map itself yet. However long ago: a lens
        that went back by itself would take cents for dollars."""
        found: dict[str, list[Correction]] = {}
        for one in await self._drifts.proposals():
            if one.connection == connection and one.correction is not None:
                found.setdefault(one.operation, []).extend(_corrections(one))
        return found

    async def waivers(self) -> Mapping[tuple[str, str], Sequence[Waiver]]:
        """(connection, operation) -> the breaks that stop nothing there."""
        granted = {grant.drift for grant in await self._drifts.grants()}
        pending = {one.drift for one in await self._drifts.proposals()}
        found: dict[tuple[str, str], list[Waiver]] = {}
        for event in await self._drifts.events((DriftState.ACCEPTED, DriftState.IGNORED)):
            counts = event.state is DriftState.IGNORED or event.id in granted or event.id not in pending
            waiver = gating.waiver(event) if counts else None
            if waiver is not None:
                found.setdefault((event.seen.connection, event.seen.operation), []).append(waiver)
        return found

    async def settle(self, text: Text, lenses: Lenses) -> Sequence[ProposalRow]:
        """Close the proposals that stand in a file and whose maps are mended. Returns them."""
        done = [
            one
            for one in await self._drifts.proposals()
            if mended(one, lenses.get((one.connection, one.operation)))
            and stands(one, text(one.platform, one.operation))
        ]
        if done:
            await self._drifts.close_proposals([one.id for one in done])
        return done

    async def ended(self) -> Sequence[DriftRow]:
        """Accepted drifts whose grant is over while the lens still needs its correction."""
        granted = {grant.drift for grant in await self._drifts.grants()}
        late = {p.drift for p in await self._drifts.proposals() if p.correction and p.drift not in granted}
        return [e for e in await self._drifts.events((DriftState.ACCEPTED,)) if e.id in late]

    async def ending(self) -> Mapping[int, tuple[int, DriftRow]]:
        """Drift -> (days, the event), of grants that end before what they let through is settled."""
        pending = {one.drift for one in await self._drifts.proposals()}
        now = self._clock.now()
        found: dict[int, tuple[int, DriftRow]] = {}
        for grant in await self._drifts.grants():
            days = step(grant.expires_at, now)
            event = await self._drifts.event(grant.drift) if days and grant.drift in pending else None
            if event is not None and event.state is DriftState.ACCEPTED and days:
                found[grant.drift] = (days, event)
        return found


def step(ends: datetime, now: datetime) -> int:
    """The last of ``ENDS_DAYS`` that has come; 0: none. Pure."""
    return min((days for days in ENDS_DAYS if ends - now <= timedelta(days=days)), default=0)


def mended(one: ProposalRow, lens: EntityMap | None) -> bool:
    """Whether the map itself declares something else by now at every place that was corrected. Pure."""
    return one.correction is None or (
        lens is not None
        and all(declared(lens, change.path) != change.declared for change in _corrections(one))
    )


def stands(one: ProposalRow, text: str | None) -> bool:
    """Whether the file says what was accepted. Pure."""
    change = one.change
    if text is None or change["kind"] not in _SAID_BY_FILES:
        return False
    contract, moved = Contract.parse(text), change.get("renamed_to", "")
    if change["kind"] in (Kind.FIELD_GONE, Kind.FIELD_RENAMED):
        return change["path"] not in contract.fields and (not moved or moved in contract.fields)
    meant = editing.meant(change["kind"], change["path"], change["before"], change["after"])
    try:
        edited = editing.accept(text, meant, values=change["after"].get("values", ()))
    except FixInput:
        return False
    return Contract.parse(edited).schema == contract.schema


def _corrections(one: ProposalRow) -> Iterator[Correction]:
    changes = one.correction["corrections"] if one.correction is not None else ()
    return (Correction.of(change) for change in changes)
