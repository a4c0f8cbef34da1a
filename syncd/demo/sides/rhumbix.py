"""Rhumbix as those see it who verify hours there. Nothing public shows how a status is set, so the sandbox's
people do it in the product itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from syncd.demo.pair import Card, TimeSide, Worked
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.serve import Ready

_CLASSES: Final = {
    "standard": ("regular", "standard_time_minutes"),
    "overtime": ("overtime", "over_time_minutes"),
    "double": ("double", "double_time_minutes"),
}
_HUNDREDTH: Final = Decimal("0.01")


def connection(field: Ready) -> str:
    """The connection ``field`` to this sandbox, as it stands in a site's file."""
    return f"""\
field:
  platform: rhumbix
  settings:
    base_url: {field.details["base_url"]}
    api_key: file:keys/rhumbix
    imports:
      base_url: {field.details["imports_url"]}
      company_key: {field.details["company_key"]}
      poll_s: 0.3
    requests_per_s: 200
  settle: {{seconds: 5, provenance: measured}}
"""


@asynccontextmanager
async def office(ready: Ready, control: SandboxControl) -> AsyncIterator[TimeSide]:  # noqa: ARG001
    yield _Office(control)


class _Office:
    def __init__(self, control: SandboxControl) -> None:
        self._control = control

    async def summary(self) -> str:
        state = await self._control.state()
        return (
            f"{state['employees']} employees, {state['projects']} projects, "
            f"{state['timekeeping_entries']} time entries"
        )

    async def waiting(self) -> Sequence[Card]:
        entries = await self._control.view("timekeeping_entries", status="SUPERVISOR_APPROVED")
        return [Card(str(entry["id"]), entry["job_number"], _records(entry)) for entry in entries]

    async def verify(self, card: Card) -> None:
        await self._edit(card, {"status": "APPROVED"})

    async def correct(self, card: Card) -> None:
        (entry,) = await self._control.view("timekeeping_entries", id=card.key)
        await self._edit(card, {"standard_time_minutes": entry["standard_time_minutes"] + 60})

    async def delete(self, card: Card) -> None:
        await self._control.act("delete_entry", id=card.key)

    async def hours(self) -> Mapping[str, Worked]:
        entries = await self._control.view("timekeeping_entries")
        return {key: worked for entry in entries for key, worked in _records(entry).items()}

    async def writes(self) -> int:
        return int((await self._control.state())["writes"])

    async def _edit(self, card: Card, fields: Mapping[str, Any]) -> None:
        await self._control.act("edit", kind="timekeeping_entries", id=card.key, fields=dict(fields))


def _records(entry: Mapping[str, Any]) -> Mapping[str, Worked]:
    """An entry's records with their hours, by key."""
    return {
        f"{entry['id']}-{part}": Worked(name, _hours(entry[field]))
        for part, (name, field) in _CLASSES.items()
        if entry[field] and entry["deleted_on"] is None
    }


def _hours(minutes: int) -> Decimal:
    return (Decimal(minutes) / 60).quantize(_HUNDREDTH, ROUND_HALF_UP)
