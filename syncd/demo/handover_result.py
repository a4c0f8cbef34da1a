"""What the demo of a ledger that takes files came to, and whether it kept its promises. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict
from rich.table import Table

from syncd.demo.pair import FilePair
from syncd.demo.result import summary


class BatchMade(BaseModel):
    """One batch, from its file to the person's word."""

    model_config = ConfigDict(frozen=True)

    batch: int
    kind: str
    """What it is of, as an entity."""
    records: int
    total: Decimal
    imported_total: Decimal
    """As the ledger's own import window read it from the file."""
    reversal_total: Decimal
    """The same, of the reversal file."""
    told_early: int
    """Of its records, those that the field service was told are posted before anybody had said so."""
    posted: int
    rejected: Mapping[str, str]
    """Number -> the ledger's reason."""
    again: int
    """Taken back unimported, for the next batch: one error cancelled the whole file."""
    files: list[str]

    def broken(self) -> list[str]:
        """The promises of this batch that did not hold."""
        promises = {
            f"the import read {self.imported_total} from batch {self.batch}, made of {self.total}": (
                self.imported_total == self.total
            ),
            f"the reversal of batch {self.batch} takes {self.reversal_total} back, not {self.total}": (
                self.reversal_total == -self.total
            ),
            f"{self.told_early} records of batch {self.batch} were called posted before anybody said so": (
                not self.told_early
            ),
            f"batch {self.batch}: {self.records} records in, {self.answered} answered": (
                self.answered == self.records
            ),
        }
        return [words for words, held in promises.items() if not held]

    @property
    def answered(self) -> int:
        return self.posted + len(self.rejected) + self.again


class Carried(BaseModel):
    """What became of one kind of record: one *connection*, in the vendor's word."""

    model_config = ConfigDict(frozen=True)

    kind: str
    title: str
    records: int
    """What the field service has made of it since the first sync."""
    in_one_batch: int
    """Of them, those that were posted in exactly one batch."""
    standing_once: int
    """Of them, those that stand in the ledger exactly once."""
    documents: int
    """Everything of the kind that stands in the ledger."""
    left_total: Decimal
    """Money, or hours."""
    right_total: Decimal

    def broken(self) -> list[str]:
        """The promises of this kind that did not hold."""
        n, title = self.records, self.title
        promises = {
            f"{title}: {n - self.in_one_batch} were not posted in exactly one batch": self.in_one_batch == n,
            f"{title}: {n - self.standing_once} do not stand once in the ledger": self.standing_once == n,
            f"{title}: {self.documents - n} stand in the ledger beyond them": self.documents == n,
            f"{title}: the totals differ: {self.left_total} and {self.right_total}": (
                self.left_total == self.right_total
            ),
        }
        return [words for words, held in promises.items() if not held]


class HandoverResult(BaseModel):
    """One object, as ``--json`` prints it."""

    model_config = ConfigDict(frozen=True)

    batches: list[BatchMade]
    carried: list[Carried]
    not_carried: list[str]
    """Kinds that the ledger would take and the field service does not have."""
    approved: int
    waited: int
    """Of the approved: those that first waited for a customer or job the ledger did not have."""
    rejected: int
    """Records that the ledger rejected once; each was mended."""
    refused_told: int
    """Of the rejected: those whose source was told so, with the reason."""
    acknowledged: int
    """Approved invoices that the field service was told are posted."""
    made_when_quiet: int
    """Batches that one more run made of nothing."""
    quiet_writes: int

    def broken(self) -> list[str]:
        """The promises that did not hold, in words."""
        n = self.approved
        promises = {
            "nothing was rejected: the tale of a mended record was not told": self.rejected > 0,
            f"{self.rejected - self.refused_told} rejected invoices' source was not told why": (
                self.refused_told == self.rejected
            ),
            f"{n - self.acknowledged} approved invoices were not acknowledged": self.acknowledged == n,
            "nothing was carried of some kind": all(one.records for one in self.carried),
            f"{self.made_when_quiet} batches were made of nothing": self.made_when_quiet == 0,
            f"{self.quiet_writes} writes in a quiet cycle": self.quiet_writes == 0,
        }
        parts: Sequence[BatchMade | Carried] = (*self.batches, *self.carried)
        found = [words for one in parts for words in one.broken()]
        return found + [words for words, held in promises.items() if not held]


def tables(result: HandoverResult, pair: FilePair) -> list[Table]:
    """For a person: the batches, what became of each kind, and the rest of the tale."""
    batches = Table(title=pair.title, title_justify="left")
    titles = {one.kind: one.title for one in result.carried}
    batches.add_column("batch", no_wrap=True)
    for name in ("records", "total", "reversal", "posted", "again"):
        batches.add_column(name, justify="right", no_wrap=True)
    for one in result.batches:
        amounts = (f"{one.total:,}", f"{one.reversal_total:,}")
        again = len(one.rejected) + one.again
        batches.add_row(
            f"{one.batch} {titles[one.kind]}", str(one.records), *amounts, str(one.posted), str(again)
        )
    kinds = Table()
    kinds.add_column("connection", no_wrap=True)
    for name in ("records", "in one batch", "there once"):
        kinds.add_column(name, justify="right", max_width=7)
    for name in (pair.left_title, pair.right_title):
        kinds.add_column(name, justify="right", no_wrap=True)
    for each in result.carried:
        counts = (each.records, each.in_one_batch, each.standing_once)
        totals = (f"{each.left_total:,}", f"{each.right_total:,}")
        kinds.add_row(each.title, *map(str, counts), *totals)
    for title in result.not_carried:
        kinds.add_row(title, "–", "–", "–", "has none", "–")
    rows: Mapping[str, Any] = {
        f"invoices approved in {pair.left_title}": result.approved,
        "of them first waited for a customer or job of the ledger": result.waited,
        "of them rejected by the import, mended and offered again": result.rejected,
        "of them called posted before a person said so": sum(one.told_early for one in result.batches),
        f"{pair.left_title} told that they are posted": result.acknowledged,
        "batches that one more run made": result.made_when_quiet,
        "writes in a last quiet cycle": result.quiet_writes,
    }
    return [batches, kinds, summary(None, rows, {})]
