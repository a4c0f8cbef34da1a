"""What the demo of hours came to, and whether it kept its promises. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict
from rich.table import Table

from syncd.demo.pair import LabourPair, Line, Worked
from syncd.demo.result import WITHIN_S, Times, summary

Hours = Mapping[str, Decimal]
"""Class of pay -> hours."""


class LabourResult(BaseModel):
    """One object, as ``--json`` prints it."""

    model_config = ConfigDict(frozen=True)

    verified: int
    """Entries that payroll verified in the field product."""
    records: int
    """What they are: one for each class of pay."""
    posted: int
    """Of them, those that stand in the ledger's payroll."""
    refused: int
    """Of them, those that payroll refused at first, with its reason, until a person had mended it."""
    conflicts: int
    """Records that the field corrected when payroll already had them: shown, not edited."""
    held: int
    """Records that the field deleted when payroll already had them: shown, not removed."""
    duplicates: int
    missing: int
    left_hours: Hours
    """Of all hours that are in step, by the field product's own count."""
    right_hours: Hours
    quiet_writes: int
    verified_to_confirmed_seconds: Times
    poll_interval_seconds: float
    adopted: int
    """Lines of before the first sync that were typed in by hand, and belong to an entry."""
    historical_posted: int
    people_imported: int
    jobs_imported: int
    outcomes: dict[str, int]
    first_sync_seconds: float

    def broken(self) -> list[str]:
        """The promises that did not hold, in words."""
        times, limit = self.verified_to_confirmed_seconds, self.poll_interval_seconds + WITHIN_S
        promises = {
            f"{self.missing} verified records are missing in payroll": self.missing == 0,
            f"{self.posted} of {self.records} verified records were posted": self.posted == self.records,
            f"{self.duplicates} lines stand twice in payroll": self.duplicates == 0,
            f"the paired hours differ: {_said(self.left_hours)} and {_said(self.right_hours)}": (
                self.left_hours == self.right_hours
            ),
            f"{self.quiet_writes} writes in a quiet cycle": self.quiet_writes == 0,
            f"p99 was {times.p99} s, more than {limit:g} s": times.p99 <= limit,
            f"{self.historical_posted} hours of before were posted": self.historical_posted == 0,
            "nothing was refused, corrected and deleted": min(self.refused, self.conflicts, self.held) > 0,
            "nobody and nothing was imported": self.people_imported > 0 and self.jobs_imported > 0,
        }
        return [words for words, held in promises.items() if not held]


def table(result: LabourResult, pair: LabourPair) -> Table:
    """For a person."""
    times = result.verified_to_confirmed_seconds
    rows: Mapping[str, Any] = {
        "first sync": f"{result.first_sync_seconds:.1f} s",
        f"people and jobs imported into {pair.left_title}": (
            f"{result.people_imported} and {result.jobs_imported}"
        ),
        "hours typed in by hand before, recognised": result.adopted,
        f"entries verified in {pair.left_title}": result.verified,
        "as records, one a class of pay": result.records,
        f"posted in {pair.right_title}'s daily payroll, read back": result.posted,
        "refused until its job was open again": result.refused,
        "corrected or deleted after that, shown to a person": result.conflicts + result.held,
        "verified to confirmed, by poll": f"p50 {times.p50} s, p99 {times.p99} s",
        f"hours in step, {pair.left_title}": _said(result.left_hours),
        f"hours in step, {pair.right_title}": _said(result.right_hours),
        "duplicates": result.duplicates,
        "missing": result.missing,
        "hours of before posted": result.historical_posted,
        "writes in a last quiet cycle": result.quiet_writes,
    }
    return summary(pair.title, rows, result.outcomes)


def added(worked: Iterable[Worked]) -> Hours:
    """Hours by class of pay."""
    found: dict[str, Decimal] = {}
    for one in worked:
        found[one.pay_class] = found.get(one.pay_class, Decimal(0)) + one.hours
    return dict(sorted(found.items()))


def doubled(lines: Sequence[Line]) -> int:
    """Lines beyond the first with one reference of ours."""
    return sum(count - 1 for count in Counter(line.mark for line in lines if line.mark).values())


def _said(hours: Hours) -> str:
    return ", ".join(f"{value:,} {name}" for name, value in hours.items())
