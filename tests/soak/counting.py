"""What the two sandboxes' own ledgers show in the end, held against each other. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Ledgers:
    """Everything both sides hold at one time, as their control ports show it."""

    companies: Rows
    invoices: Rows
    field_jobs: Rows
    clients: Rows
    jobs: Rows
    documents: Rows


def is_ours(row: Mapping[str, Any]) -> bool:
    """Whether a record of the books carries a reference of ours."""
    return str(row.get("usrdf1") or "").startswith("sy-")


def twice(rows: Rows, name: str) -> list[str]:
    """Values that more than one row has in that column; empty ones do not count."""
    found = Counter(str(row[name]) for row in rows if row.get(name))
    return [value for value, count in found.items() if count > 1]


def added(before: Rows, after: Rows, key: str) -> list[Mapping[str, Any]]:
    """Rows that were not there before."""
    known = {row[key] for row in before}
    return [row for row in after if row[key] not in known]


@dataclass(frozen=True)
class Verdict:
    """What became of the approved invoices."""

    approved: int
    posted: int
    missing: list[str]
    doubled: list[str]
    uncalled: list[str]
    """Documents of ours that nobody approved."""
    unequal: list[str]
    """Posted for another amount than was approved."""
    unacknowledged: list[str]
    commented: list[str]
    left_total: Decimal
    right_total: Decimal


def verdict(approved: set[int], before: Ledgers, after: Ledgers) -> Verdict:
    """Count. ``approved``: ids in the field service."""
    sent = {str(i["invoiceNumber"]): i for i in after.invoices if i["id"] in approved}
    new = added(before.documents, after.documents, "recnum")
    ours = {str(d["invnum"]): d for d in new if is_ours(d)}
    both = sent.keys() & ours.keys()
    return Verdict(
        approved=len(sent),
        posted=len(both),
        missing=sorted(sent.keys() - ours.keys()),
        doubled=twice(after.documents, "invnum") + twice(list(filter(is_ours, after.documents)), "usrdf1"),
        uncalled=sorted({str(d["invnum"]) for d in new} - sent.keys()),
        unequal=[n for n in sorted(both) if Decimal(sent[n]["totalPrice"]) != Decimal(ours[n]["invttl"])],
        unacknowledged=[n for n in sorted(both) if not _acknowledged(sent[n], ours[n])],
        commented=[n for n, invoice in sorted(sent.items()) if invoice["comments"]],
        left_total=sum((Decimal(sent[n]["totalPrice"]) for n in both), Decimal(0)),
        right_total=sum((Decimal(ours[n]["invttl"]) for n in both), Decimal(0)),
    )


def _acknowledged(invoice: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Processed, and with the key of exactly this document."""
    return invoice["status"] == "processed" and list(invoice["externalIds"].values()) == [
        str(document["recnum"])
    ]


def hold(counted: Verdict) -> None:
    """Once, and nothing lost."""
    assert counted.doubled == []
    assert counted.missing == []
    assert counted.uncalled == []
    assert counted.unequal == []
    assert counted.left_total == counted.right_total
    assert counted.unacknowledged == []
    assert counted.commented == []
    assert counted.approved == counted.posted
