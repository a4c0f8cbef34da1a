"""What people see of conflicts and say about them. Saying writes nothing to a platform: it is put down,
and carried out by the next cycle like any other decision, with its brakes, intent and audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from pydantic import TypeAdapter, ValidationError

from syncd.api.conflicts import (
    Choice,
    ConflictField,
    ConflictPage,
    ConflictView,
    Refusal,
    Resolved,
    Sided,
    Taken,
)
from syncd.core import canonical
from syncd.core.decision import Resolution, Take
from syncd.core.errors import FixInput, NeedsConfirmation, NothingMatched, RefuseRecord
from syncd.core.merge import ledgers, unit_name, units
from syncd.core.model import Record, Side, Value
from syncd.core.policy import FieldPolicy, Kind
from syncd.core.reconcile import complete, owner
from syncd.engine import decide as deciding
from syncd.engine.cycle import LinkEngine
from syncd.engine.setup import FlowSetup
from syncd.engine.views import text
from syncd.ports import ConflictFilter, ConflictRow, Records, Said

_PAGE = 500
"""Conflicts that a decision by filter reads at a time."""
_REFUSED_SHOWN = 100


class ConflictDesk:
    """Over the links of this process."""

    def __init__(self, links: Mapping[str, LinkEngine], store: Records, wake: Callable[[], None]) -> None:
        self._links = links
        self._store = store
        self._wake = wake

    async def conflicts(
        self,
        link: str | None = None,
        flow: str | None = None,
        field: str | None = None,
        why: str | None = None,
        limit: int = 100,
        after: int = 0,
    ) -> ConflictPage:
        """``field``: a field, or a group of fields."""
        which = ConflictFilter(link, flow, field, why)
        rows = await self._store.conflicts(which, after, limit + 1)
        shown = [one for row in rows[:limit] if (one := self._seen(row)) is not None]
        return ConflictPage(
            items=[one.view() for one in shown],
            total=await self._store.conflict_count(which),
            next=rows[limit - 1].id if len(rows) > limit else None,
        )

    async def conflict(self, ident: int) -> ConflictView:
        """Raises ``NothingMatched``."""
        rows = await self._store.conflicts_by_id([ident])
        found = self._seen(rows[0]) if rows else None
        if found is None:
            raise NothingMatched(f"no conflict {ident} is open", remedy="`syncd conflicts list`")
        return found.view()

    async def conflicts_resolve(self, choices: Sequence[Choice], actor: str = "") -> Resolved:
        """Put down what a person said of these conflicts. Raises ``FixInput`` for values that are none."""
        rows = await self._store.conflicts_by_id([choice.id for choice in choices])
        open_now = {row.id: one for row in rows if (one := self._seen(row)) is not None}
        said: list[Said] = []
        refused: list[Refusal] = []
        for choice in choices:
            one = open_now.get(choice.id)
            if one is None:
                refused.append(Refusal(id=choice.id, reason="it is not open any more"))
            elif (reason := one.bars(choice)) is not None:
                refused.append(Refusal(id=choice.id, reason=reason, now=one.view()))
            else:
                said.append(Said(choice.id, one.resolution(choice, actor)))
        done = await self._store.decide_conflicts(said)
        if done:
            self._wake()
        return _told(done, refused)

    async def conflicts_resolve_all(
        self,
        link: str | None = None,
        flow: str | None = None,
        field: str | None = None,
        why: str | None = None,
        take: Sided = "left",
        expect: int | None = None,
        dry_run: bool = False,
        actor: str = "",
    ) -> Resolved:
        """The same for all that a filter shows. Raises ``NeedsConfirmation`` where their number is another
        than the person saw."""
        which = ConflictFilter(link, flow, field, why)
        count = await self._store.conflict_count(which)
        if not dry_run and expect != count:
            raise NeedsConfirmation(
                f"the filter shows {count} conflicts", remedy=f"say that {count} are meant (`expect`)"
            )
        done, refused, after = 0, list[Refusal](), 0
        while rows := await self._store.conflicts(which, after, _PAGE):
            after = rows[-1].id
            said = []
            for one in (one for row in rows if (one := self._seen(row)) is not None):
                choice = Choice(id=one.row.id, version=one.version, take=take)
                if (reason := one.bars(choice)) is not None:
                    refused.append(Refusal(id=one.row.id, reason=reason))
                else:
                    said.append(Said(one.row.id, one.resolution(choice, actor)))
            done += len(said) if dry_run else await self._store.decide_conflicts(said)
        if done and not dry_run:
            self._wake()
        told = _told(done, refused[:_REFUSED_SHOWN])
        return told.model_copy(update={"message": f"{done} would be decided"}) if dry_run else told

    def _seen(self, row: ConflictRow) -> SeenConflict | None:
        """None for a link or flow that is configured no more."""
        engine = self._links.get(row.link)
        flow = engine.setup.flow(row.entity) if engine is not None else None
        return None if flow is None else SeenConflict(flow, row)


def _told(done: int, refused: Sequence[Refusal]) -> Resolved:
    message = f"{done} decided; carried out in the next cycle"
    if refused:
        message += f"; {len(refused)} not: look at them again"
    return Resolved(count=done, refused=list(refused), message=message)


def _taken(take: Take) -> Taken:
    taken: dict[Take, Taken] = {
        Take.LEFT: "left",
        Take.RIGHT: "right",
        Take.BASE: "base",
        Take.VALUE: "value",
    }
    return taken[take]


class SeenConflict:
    """One conflict beside what its flow says of the fields in it. Decides nothing by itself."""

    def __init__(self, flow: FlowSetup, row: ConflictRow) -> None:
        self.flow = flow
        self.row = row
        self._sides = deciding.parse(flow, row.pair)
        self._unit: tuple[FieldPolicy, ...] = next(
            (unit for unit in units(flow.policy) if unit_name(unit) == row.unit), ()
        )
        self.shown: dict[Side, Record] = {side: self._fields_of(side) for side in Side}

    def _fields_of(self, side: Side) -> Record:
        """The unit's fields as the side shows them now."""
        record = self._sides.records.get(side, {})
        whole = complete(record, self.row.pair.bases.get(side), self.flow.policy)
        return {f.name: whole[f.name] for f in self._unit}

    @property
    def version(self) -> str:
        """Of the values on both sides."""
        both = b"\0".join(canonical.encode(self.shown[side]) for side in Side)
        return blake2b(both, digest_size=8).hexdigest()

    def takes(self) -> list[Taken]:
        """What may be said about it: not what would edit a posted document."""
        if not self._unit or self._sides.refused is not None:
            return []
        bases = [self.row.pair.bases.get(side, {}) for side in Side]
        agreed = all(f.name in base for f in self._unit for base in bases)
        barred = self._ledgers()
        possible: list[Taken] = [
            _taken(take) for take in (Take.LEFT, Take.RIGHT) if Side(take.value).other not in barred
        ]
        if agreed and not barred:
            possible.append("base")
        if not barred and not any(f.kind is Kind.LINES for f in self._unit):
            possible.append("value")
        return possible

    def _ledgers(self) -> set[Side]:
        return ledgers(self.flow.policy, owner(self._sides.records, self.flow.policy))

    def bars(self, choice: Choice) -> str | None:
        """Why this cannot be said; None: it can. Raises ``FixInput`` for values that are none."""
        if choice.version != self.version:
            return "the values have changed since it was shown"
        if choice.take not in self.takes():
            return (
                f"{choice.take} cannot be taken: a posted document is corrected by a void or reversal in the "
                "ledger"
                if self._ledgers()
                else f"{choice.take} cannot be taken here"
            )
        self._values(choice)
        return None

    def resolution(self, choice: Choice, actor: str) -> Resolution:
        return Resolution(self.row.unit, Take(choice.take), self.shown, self._values(choice), actor)

    def _values(self, choice: Choice) -> dict[str, Value]:
        """What the person typed, as canonical values."""
        if choice.take != "value":
            return {}
        names = {f.name for f in self._unit}
        if choice.values.keys() != names:
            raise FixInput(
                f"conflict {choice.id}: one value is needed for each of {', '.join(sorted(names))}",
                remedy="they stand and fall together; an empty text empties a field",
            )
        return {name: self._typed(name, choice.values[name]) for name in choice.values}

    def _typed(self, name: str, typed: str) -> Value:
        if typed == "":
            return None
        if name not in self.flow.kind.model_fields:
            return typed  # a customer's own field: text
        annotation: Any = self.flow.kind.model_fields[name].annotation
        kind: TypeAdapter[Any] = TypeAdapter(annotation)
        try:
            value: Value = kind.validate_strings(typed, strict=False)
            self.flow.kind.guard({name: value})
        except (ValidationError, RefuseRecord):
            raise FixInput(
                f"{self.flow.entity}.{name}: that is no value of this field",
                remedy="dates as 2026-11-21, amounts as 1234.50, yes and no as true and false",
            ) from None
        return value

    def view(self) -> ConflictView:
        pair, said = self.row.pair, self.row.resolution
        at = {side: self._changed_at(side) for side in Side}
        by = {side: self._changed_by(side) for side in Side}
        return ConflictView(
            id=self.row.id,
            link=self.row.link,
            flow=self.row.entity,
            pair=pair.id,
            label=deciding.label(self.flow, self._sides),
            left_key=pair.keys.get(Side.LEFT),
            right_key=pair.keys.get(Side.RIGHT),
            unit=self.row.unit,
            why=self.row.why,
            since=self.row.since,
            fields=[self._field(name) for name in [f.name for f in self._unit] or self.row.fields],
            left_at=at[Side.LEFT],
            right_at=at[Side.RIGHT],
            left_by=by[Side.LEFT],
            right_by=by[Side.RIGHT],
            version=self.version,
            takes=self.takes(),
            resolved=f"{said.take.value} by {said.actor}" if said else "",
        )

    def _field(self, name: str) -> ConflictField:
        bases = self.row.pair.bases
        return ConflictField(
            name=name,
            base_left=text(bases.get(Side.LEFT, {}).get(name)),
            base_right=text(bases.get(Side.RIGHT, {}).get(name)),
            left=text(self.shown[Side.LEFT].get(name)),
            right=text(self.shown[Side.RIGHT].get(name)),
        )

    def _changed_at(self, side: Side) -> Any:
        wire = self._sides.wire.get(side)
        said = self.flow.specs[side].map.modified_at(wire) if wire is not None else None
        return said or self.row.seen_at.get(side)

    def _changed_by(self, side: Side) -> str:
        wire = self._sides.wire.get(side)
        return self.flow.specs[side].map.changed_by(wire) if wire is not None else ""
