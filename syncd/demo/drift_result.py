"""What the drift demo came to, and whether it kept its promises. Pure."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict
from rich.table import Table

HELD_KINDS = ("renamed field", "cents for dollars", "new value")
ALERTED = "shorter token life"


class DriftOutcome(BaseModel):
    """One change of the platform, from its first bad answer to the last record that waited."""

    model_config = ConfigDict(frozen=True)

    kind: str
    drift: int
    """The event's number."""
    command: str
    """What the report said to run."""
    seconds_to_notice: float
    """From the change to its event."""
    seconds_to_hold: float | None
    """From the first bad answer to the hold of the flow; None: it holds nothing."""
    bad_records_posted: int
    """Invoices that stood in the ledger with another total than they have."""
    held: int
    """Records that waited behind it."""
    drained: int
    """Of them, those that stand in the ledger after the repair, with their own total."""


class DriftDemoResult(BaseModel):
    """One object, as ``--json`` prints it."""

    model_config = ConfigDict(frozen=True)

    drifts: list[DriftOutcome]
    approved: int
    posted: int
    left_total: Decimal
    right_total: Decimal

    def broken(self) -> list[str]:
        """The promises that did not hold, in words."""
        bad = [one for one in self.drifts if one.bad_records_posted]
        found = [f"{one.bad_records_posted} bad records posted ({one.kind})" for one in bad]
        for one in self.drifts:
            if one.kind in HELD_KINDS and one.seconds_to_hold is None:
                found.append(f"{one.kind}: nothing was held")
            if one.kind in HELD_KINDS and (not one.held or one.drained < one.held):
                found.append(f"{one.kind}: {one.held} waited, {one.drained} were posted after the repair")
            if one.kind == ALERTED and one.seconds_to_hold is not None:
                found.append(f"{one.kind}: writes were held without need")
        missing = {*HELD_KINDS, ALERTED} - {one.kind for one in self.drifts}
        found += [f"{kind}: not noticed" for kind in sorted(missing)]
        if self.posted != self.approved:
            found.append(f"{self.approved - self.posted} approved invoices were not posted")
        if self.left_total != self.right_total:
            found.append(f"the totals differ: {self.left_total} and {self.right_total}")
        return found


def table(result: DriftDemoResult) -> Table:
    """For a person."""
    shown = Table(title="ServiceTrade changed four times", title_justify="left")
    for name in ("change", "noticed", "held after", "bad records posted", "waited", "drained"):
        shown.add_column(name, justify="left" if name == "change" else "right")
    for one in result.drifts:
        held = "alert only" if one.seconds_to_hold is None else f"{one.seconds_to_hold:.1f} s"
        shown.add_row(
            one.kind,
            f"{one.seconds_to_notice:.1f} s",
            held,
            str(one.bad_records_posted),
            str(one.held),
            str(one.drained),
        )
    shown.add_section()
    shown.add_row("approved / posted", "", "", "", str(result.approved), str(result.posted))
    shown.add_row("total in ServiceTrade", "", "", "", "", f"{result.left_total:,}")
    shown.add_row("total in Sage", "", "", "", "", f"{result.right_total:,}")
    return shown
