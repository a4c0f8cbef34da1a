"""What the demo came to, and whether it kept its promises. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict
from rich.table import Table

from syncd.demo.pair import Document, Pair

WITHIN_S = 10.0
"""Approval to confirmed: by webhook so long at most (p99), by poll one interval more."""


class Times(BaseModel):
    """Seconds from the approval to the confirmed posting."""

    model_config = ConfigDict(frozen=True)

    p50: float
    p99: float
    count: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        ordered = sorted(seconds) or [0.0]
        return cls(
            p50=round(ordered[(len(ordered) - 1) // 2], 3),
            p99=round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
            count=len(seconds),
        )


class Carried(BaseModel):
    """Documents of one kind that were approved, and what became of them."""

    model_config = ConfigDict(frozen=True)

    approved: int
    posted: int
    duplicates: int
    missing: int
    left_total: Decimal
    right_total: Decimal
    approval_to_confirmed_seconds: Times
    """By webhook."""
    historical_posted: int
    """Those of before the first sync that were posted: none, unless told."""
    acknowledged: int | None
    """Approved ones that the field service was told are posted; null where it cannot be told."""

    def broken_of(self, what: str) -> list[str]:
        """The promises about ``what`` (invoices) that did not hold, in words."""
        by_webhook = self.approval_to_confirmed_seconds
        promises = {
            f"{self.approved - self.posted} approved {what} were not posted": self.posted == self.approved,
            f"{self.missing} approved {what} are missing in the ledger": self.missing == 0,
            f"{self.duplicates} records stand twice in the ledger beside its {what}": self.duplicates == 0,
            f"the totals of paired {what} differ: {self.left_total} and {self.right_total}": self.left_total
            == self.right_total,
            f"{what} by webhook: p99 was {by_webhook.p99} s, more than {WITHIN_S:g} s": by_webhook.p99
            <= WITHIN_S,
            f"{self.historical_posted} historical {what} were posted": self.historical_posted == 0,
            f"not all approved {what} were acknowledged": self.acknowledged in (None, self.approved),
        }
        return [words for words, held in promises.items() if not held]


class DemoResult(Carried):
    """One object, as ``--json`` prints it. What was carried are invoices."""

    quiet_writes: int
    approval_to_confirmed_by_poll_seconds: Times
    poll_interval_seconds: float
    paired_invoices: int
    bills: Carried | None
    """Vendors' bills; null where the pair carries none."""
    edits_arrived: bool
    """One customer edited on each side in different fields: both sides show both."""
    outcomes: dict[str, int]
    first_sync_seconds: float

    def broken(self) -> list[str]:
        """The promises that did not hold, in words."""
        by_poll = self.approval_to_confirmed_by_poll_seconds
        poll_limit = self.poll_interval_seconds + WITHIN_S
        promises = {
            f"{self.quiet_writes} writes in a quiet cycle": self.quiet_writes == 0,
            f"by poll p99 was {by_poll.p99} s, more than {poll_limit:g} s": by_poll.p99 <= poll_limit,
            "an edited customer did not reach the other side": self.edits_arrived,
        }
        bills = [] if self.bills is None else self.bills.broken_of("bills")
        return [
            *self.broken_of("invoices"),
            *bills,
            *(words for words, held in promises.items() if not held),
        ]


def table(result: DemoResult, pair: Pair) -> Table:
    """For a person."""
    webhook, poll = result.approval_to_confirmed_seconds, result.approval_to_confirmed_by_poll_seconds
    rows: Mapping[str, Any] = {
        "first sync": f"{result.first_sync_seconds:.1f} s",
        f"approved in {pair.left_title}": result.approved,
        f"posted in {pair.right_title}'s AR, read back": result.posted,
        f"approval to confirmed, by webhook ({webhook.count})": f"p50 {webhook.p50} s, p99 {webhook.p99} s"
        if pair.webhooks
        else "it announces nothing",
        f"approval to confirmed, by poll ({poll.count})": f"p50 {poll.p50} s, p99 {poll.p99} s",
        f"{pair.left_title} told so": "it cannot be told"
        if result.acknowledged is None
        else result.acknowledged,
        "invoices in step, in all": result.paired_invoices,
        f"their total in {pair.left_title}": f"{result.left_total:,}",
        f"their total in {pair.right_title}": f"{result.right_total:,}",
        **({} if result.bills is None else _bills(result.bills, pair)),
        "duplicates": result.duplicates,
        "missing": result.missing,
        "historical invoices posted": result.historical_posted,
        "edits of one customer on both sides": "arrived" if result.edits_arrived else "LOST",
        "writes in a last quiet cycle": result.quiet_writes,
    }
    return summary(pair.title, rows, result.outcomes)


def _bills(bills: Carried, pair: Pair) -> Mapping[str, Any]:
    took = bills.approval_to_confirmed_seconds
    return {
        f"vendors' bills posted in {pair.right_title}'s AP": f"{bills.posted} of {bills.approved}",
        f"approval to confirmed, bills ({took.count})": f"p50 {took.p50} s, p99 {took.p99} s",
        f"{pair.left_title} told so of bills": bills.acknowledged,
        f"bills in step, total in {pair.left_title}": f"{bills.left_total:,}",
        f"bills in step, total in {pair.right_title}": f"{bills.right_total:,}",
        "bills twice, missing, historical": (
            f"{bills.duplicates}, {bills.missing}, {bills.historical_posted}"
        ),
    }


def summary(title: str | None, rows: Mapping[str, Any], outcomes: Mapping[str, int]) -> Table:
    """What a demo came to, one thing a row, and below it the records by what became of them."""
    shown = Table(title=title, title_justify="left", show_header=False)
    shown.add_column(justify="left")
    shown.add_column(justify="right")
    for name, value in rows.items():
        shown.add_row(name, str(value))
    shown.add_section()
    for name, count in sorted(outcomes.items()):
        shown.add_row(name, str(count))
    return shown


def doubled(documents: Sequence[Document]) -> int:
    """Living documents beyond the first with one reference of ours, or with one number."""
    by_mark = Counter(d.mark for d in documents if d.mark.startswith("sy-"))
    by_number = Counter(d.number for d in documents if d.number)
    return max(sum(n - 1 for n in by_mark.values()), sum(n - 1 for n in by_number.values()))


def duplicates(documents: Sequence[Mapping[str, Any]], reference: str, number: str) -> int:
    """Living documents beyond the first with one reference of ours, or with one number."""
    living = [d for d in documents if not d.get("void")]
    by_reference = Counter(d[reference] for d in living if str(d.get(reference) or "").startswith("sy-"))
    by_number = Counter(d[number] for d in living if d.get(number))
    return max(sum(n - 1 for n in by_reference.values()), sum(n - 1 for n in by_number.values()))
