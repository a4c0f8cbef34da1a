"""What to do about a drift, ready to be pasted: the mapping patch, the contract's line, the command."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.differences import Difference, Kind
from monitor.impact import Impact


@dataclass(frozen=True, slots=True)
class Repair:
    """A suggestion; a person decides."""

    summary: str
    """One sentence."""
    edits: tuple[str, ...] = ()
    """Lines to change, as they would stand in the mapping or the contract."""
    command: str = ""
    """What to run once the edit stands."""


def suggest_repair(
    difference: Difference, platform: str, operation: str, impact: Impact, incident: str = ""
) -> Repair:
    """How ``difference`` can be mended. ``incident``: the event's id, for the command."""
    accept = f"syncd contract accept {incident or platform + '/' + operation} --into contracts"
    fields = ", ".join(impact.fields) or "no mapped field"
    path = difference.path
    match difference.kind:
        case Kind.FIELD_GONE | Kind.FIELD_RENAMED if difference.renames:
            best = difference.renames[0]
            edits = tuple(f"{field}: {path} -> {best.path}" for field in impact.fields)
            told = f"{path} is gone; {best.path} holds the same kind of values ({best.likeness:.0%} alike)"
            return Repair(f"{told}: read {fields} from there", edits, accept)
        case Kind.FIELD_GONE:
            return Repair(
                f"{path} is gone: ask the platform where it went, then map {fields} anew", (), accept
            )
        case Kind.ENUM_NEW:
            return Repair(
                f"{path} shows a value outside its set: give it a meaning in {fields}, and list it",
                (f"{path}: enum: [..., NEW VALUE]",),
                accept,
            )
        case Kind.SCALE:
            factor = difference.after.get("factor")
            return Repair(
                f"{path} is in another unit (about {factor} times as large): convert it in {fields}",
                tuple(f"{field}: divide what {path} holds by {factor}" for field in impact.fields),
                accept,
            )
        case Kind.ENVELOPE:
            told = f"{path} stood beside the list of {operation}" if path else f"{operation} can be listed"
            return Repair(f"{told} and does no more: what is left out cannot be seen; mend the connector")
        case Kind.WRITE_NARROWED:
            how = difference.after.get("how", "refused")
            return Repair(f"what we write to {path} is {how}, and was taken before: mend {fields}")
        case _:
            return Repair(
                f"{path}: {difference.kind.replace('_', ' ')}; check the mapping of {fields}", (), accept
            )
