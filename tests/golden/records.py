"""Records as stories speak of them: by name, in the words of the canonical record, on either side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from syncd.api.conflicts import Choice
from syncd.core.model import Record, Side, Value
from syncd.entities import ENTITIES
from syncd.mapping.entity_map import EntityMap
from syncd.ports import PairLife
from tests.golden.parser import BadStory, pairs
from tests.golden.shapes import FIELD, LEDGER
from tests.golden.world import LINK, StoryWorld

_MONEY = {"total", "tax", "retainage", "amount", "discount", "balance"}
_HOURS = {"regular_hours", "overtime_hours", "double_hours"}
_DAYS = {"date", "due_date"}
_FLAGS = {"taxable"}
_REFERENCES = {"customer", "location", "job", "invoice", "employee"}
_DEFAULTS: Mapping[str, str] = {
    "invoice": "date 2026-10-01",
    "payment": "date 2026-10-20",
    "time_entry": "date 2026-10-01",
}
_CALLED = {"customer": "name", "location": "name"}
"""Others are called by their number."""


def lens(side: Side, kind: str) -> EntityMap:
    return (FIELD if side is Side.LEFT else LEDGER).maps[kind]


def nested(path: str, value: Any) -> dict[str, Any]:
    for step in reversed(path.split(".")):
        value = {step: value}
    whole: dict[str, Any] = value
    return whole


def key_of(world: StoryWorld, side: Side, kind: str, name: str) -> str:
    """The record of that name, living or removed. Raises ``AssertionError`` if it is not there, or twice."""
    platform = world.platforms[side]
    if name in platform.records(kind):
        return name
    living = {key: dict(lens(side, kind).get(wire)) for key, wire in _readable(world, side, kind)}
    found = [key for key, record in living.items() if name in (record.get("name"), record.get("number"))]
    if len(found) == 1:
        return found[0]
    removed = [
        key
        for (entity, key), wire in platform._removed.items()
        if entity == kind and name in (lens(side, kind).get(wire).get(n) for n in ("name", "number"))
    ]
    assert not found, f"{len(found)} are called {name!r} there"
    assert removed, f"there is no {kind} called {name!r} there"
    return removed[-1]


def _readable(world: StoryWorld, side: Side, kind: str) -> list[tuple[str, Mapping[str, Any]]]:
    readable = []
    for key, wire in world.platforms[side].records(kind).items():
        try:
            lens(side, kind).get(wire)
        except Exception:
            continue
        readable.append((key, wire))
    return readable


def typed(world: StoryWorld, side: Side, name: str, text: str, place: str) -> Value:
    """A value as the canonical record holds it."""
    if text in ("nothing", "empty"):
        return None
    if name == "lines":
        return tuple(_line(line.split(), place) for line in text.split(" + "))
    if name in _MONEY | _HOURS:
        return Decimal(text)
    if name in _DAYS:
        return date.fromisoformat(text)
    if name in _FLAGS:
        return text == "yes"
    if name in _REFERENCES:
        return key_of(world, side, name, text)
    return text


def _line(words: list[str], place: str) -> Record:
    """``Inspection 400.00 item FIL``: description, amount, and codes."""
    codes: dict[str, Value] = {}
    while len(words) > 3 and words[-2] in ("item", "cost_code", "account"):
        codes[words[-2]] = words[-1]
        words = words[:-2]
    if len(words) < 2:
        raise BadStory(f"{place}: a line is its description and its amount: {' '.join(words)!r}")
    amount = Decimal(words[-1])
    plain: dict[str, Value] = {
        "description": " ".join(words[:-1]),
        "quantity": Decimal(1),
        "unit_price": amount,
        "amount": amount,
    }
    return {**plain, **codes}


def _record(world: StoryWorld, side: Side, kind: str, values: str, place: str) -> dict[str, Value]:
    known = {field.name for field in lens(side, kind).fields}
    record = {}
    for name, text in pairs(values, place) if values else ():
        if name not in known:
            raise BadStory(
                f"{place}: a {kind} has no {name!r} on that side; it has: {', '.join(sorted(known))}"
            )
        record[name] = typed(world, side, name, text, place)
    return record


def add(world: StoryWorld, side: Side, kind: str, name: str, values: str, place: str) -> None:
    """A person enters a record."""
    defaults = _record(world, side, kind, _DEFAULTS.get(kind, ""), place)
    record = defaults | {_CALLED.get(kind, "number"): name} | _record(world, side, kind, values, place)
    world.platforms[side].add(kind, lens(side, kind).put(record, None))


def change(world: StoryWorld, side: Side, kind: str, name: str, values: str, place: str) -> None:
    """A person edits a record."""
    key = key_of(world, side, kind, name)
    wire = world.platforms[side].records(kind)[key]
    world.platforms[side].edit(
        kind, key, lens(side, kind).put(_record(world, side, kind, values, place), wire)
    )


def differences(world: StoryWorld, side: Side, kind: str, name: str, values: str, place: str) -> list[str]:
    """What a record shows otherwise than a story says."""
    key = key_of(world, side, kind, name)
    shown = lens(side, kind).get(world.platforms[side].records(kind)[key])
    wrong = []
    for field, expected in _record(world, side, kind, values, place).items():
        found = shown.get(field)
        if field == "lines":
            wrong += _line_differences(expected, found)
        elif (found or None) != (expected or None):
            wrong.append(f"{field} is {found}")
    return wrong


def _line_differences(expected: Any, found: Any) -> list[str]:
    if len(expected) != len(found or ()):
        return [f"there are {len(found or ())} lines"]
    return [
        f"line {n}: {name} is {line.get(name)}"
        for n, (wanted, line) in enumerate(zip(expected, found, strict=True), 1)
        for name in wanted
        if name not in ("quantity", "unit_price") and line.get(name) != wanted[name]
    ]


def disagreements(world: StoryWorld, kind: str, name: str) -> list[str]:
    """Shared fields in which the two sides differ, as people would read them."""
    shown = {}
    for side in Side:
        shown[side] = lens(side, kind).get(
            world.platforms[side].records(kind)[key_of(world, side, kind, name)]
        )
    local = {"status", "type", "balance", "lines"} | _REFERENCES
    wrong = []
    for policy in ENTITIES[kind].policies():
        left, right = (shown[side].get(policy.name) for side in Side)
        if (
            policy.name in local
            or policy.name not in shown[Side.LEFT]
            or policy.name not in shown[Side.RIGHT]
        ):
            continue
        if str(left or "").casefold().strip() != str(right or "").casefold().strip():
            wrong.append(f"{policy.name}: {left!r} and {right!r}")
    return wrong


async def life_of(world: StoryWorld, kind: str, name: str) -> PairLife:
    """The pair of a record that people call so."""
    found = await world.store.lives(kind, name, LINK)
    if not found:
        keys = [key for side in Side for key in [_key_or_none(world, side, kind, name)] if key]
        found = [life for key in keys for life in await world.store.lives(kind, key, LINK)]
    assert found, f"no {kind} {name!r} has been seen"
    ids = {life.row.id for life in found}
    assert len(ids) == 1, f"{len(ids)} pairs are called {name!r}"
    return found[0]


def _key_or_none(world: StoryWorld, side: Side, kind: str, name: str) -> str | None:
    try:
        return key_of(world, side, kind, name)
    except AssertionError:
        return None


async def contested(world: StoryWorld, kind: str, name: str) -> list[str]:
    """The units in which it is in conflict."""
    keys = set((await life_of(world, kind, name)).row.keys.values())
    page = await world.desk.conflicts(flow=kind)
    return sorted(one.unit for one in page.items if {one.left_key, one.right_key} & keys)


async def resolve(world: StoryWorld, kind: str, name: str, take: Any) -> None:
    """A person decides every open conflict of a record."""
    keys = set((await life_of(world, kind, name)).row.keys.values())
    page = await world.desk.conflicts(flow=kind)
    choices = [
        Choice(id=one.id, version=one.version, take=take)
        for one in page.items
        if {one.left_key, one.right_key} & keys
    ]
    assert choices, "it is in no conflict"
    await world.desk.conflicts_resolve(choices, "bookkeeper")
