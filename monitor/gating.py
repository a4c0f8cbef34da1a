"""What a drift stops, and what it is called on disk. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Final

from monitor import impact
from monitor.credentials import LOGIN, VERSIONS, LoginDrift
from monitor.differences import Difference, Kind
from monitor.findings import Finding, Waiver
from monitor.impact import Flow, Impact
from monitor.repair import Repair
from monitor.severity import Action, Level, Role, Severity, judge
from syncd.mapping.entity_map import EntityMap
from syncd.ports.drift import DriftRow, DriftState, Sighting

BY: Final = "monitor:drift-"
"""Who a hold of the monitor's is by; the event's number follows."""

AROUND: Final = "/"
"""Begins the operation of what stands around listings: their path."""
PUBLISHED: Final = "published"
"""In an event's after-facet: a document says so, no answer has shown it yet."""
ACCEPTANCE: Final = "acceptance"
"""The operation under which the end of what was granted is reported."""

_ALONE: Final = frozenset({Kind.FIELD_GONE, Kind.FIELD_RENAMED, Kind.OPTIONAL, Kind.NULLABLE})
"""Spellings of one cause: a mapped place has nothing where it used to have something."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One connection, as the gate knows it."""

    connection: str
    platform: str
    flows: tuple[Flow, ...] = ()
    """Every flow that reads or writes there."""
    sources: frozenset[str] | None = None
    """Entities of which anything is written elsewhere; None: all of them."""
    sides: Mapping[str, str] = field(default_factory=dict)
    """Link -> left | right: where this connection stands in it."""


def is_wide(operation: str) -> bool:
    """Whether it concerns a connection as a whole rather than one kind of record."""
    return operation in (LOGIN, ACCEPTANCE) or operation.startswith(AROUND)


def by(event: int) -> str:
    return f"{BY}{event}"


def gated(finding: Finding, *, may_hold: bool) -> Finding:
    """The same, with what provenance allows: who was never seen for real holds no mapping."""
    if may_hold or finding.severity.action not in (Action.HOLD, Action.HOLD_CONNECTION):
        return finding
    return replace(finding, severity=Severity(Level.RISKY, Action.QUARANTINE))


def scopes(finding: Finding, at: Watched, entity: str) -> tuple[str, ...]:
    """What must be held for a finding that holds. A place that is only written holds the writes that
    carry it; an envelope that changed may hide records, so nothing of the connection is trusted."""
    if finding.severity.action not in (Action.HOLD, Action.HOLD_CONNECTION):
        return ()
    return _scopes(finding.difference.kind.value, finding.impact, at, entity)


def scopes_again(event: DriftRow, at: Watched, lens: EntityMap | None) -> tuple[str, ...]:
    """The same for an event that is open again; ``lens``: of its operation."""
    if event.held_at is None:
        return ()
    if event.seen.operation == LOGIN:
        return (f"connection:{at.connection}",)
    kind = event.seen.kind
    hit = narrowed(event.seen.path, lens) if kind == Kind.WRITE_NARROWED else impact.of(event.seen.path, lens)
    return _scopes(kind, hit, at, event.seen.operation)


def narrowed(path: str, lens: EntityMap | None, flows: Sequence[Flow] = ()) -> Impact:
    """What a place hits as far as we write there."""
    return replace(impact.of(path, lens, flows), roles=frozenset({Role.WRITTEN}))


def of_envelope(difference: Difference, flows: Sequence[Flow]) -> Finding:
    """A finding about what stands around a listing: what it leaves out cannot be seen."""
    links = tuple(dict.fromkeys(str(flow) for flow in flows))
    customers = tuple(dict.fromkeys(flow.customer for flow in flows if flow.customer))
    roles = frozenset({Role.READ if flows else Role.UNUSED})
    return Finding(difference, judge(difference, roles), Impact((), links, customers, roles), ())


def _scopes(kind: str, hit: Impact, at: Watched, operation: str) -> tuple[str, ...]:
    flows = [flow for flow in at.flows if flow.entity == operation or is_wide(operation)]
    if kind == Kind.ENVELOPE:
        return (f"connection:{at.connection}", *(f"flow:{flow}" for flow in flows))
    if hit.roles == {Role.WRITTEN}:
        names = [name.partition(".")[2].partition(".")[0] for name in hit.fields]
        return tuple(f"field:{flow}/{name}" for flow in flows for name in names)
    return tuple(f"flow:{flow}" for flow in flows)


def version_since(live: Sequence[DriftRow], at: Watched) -> str:
    """Which version a connection serves since when, in words, where that is another one than it was."""
    for one in live:
        if one.seen.connection == at.connection and one.seen.kind in VERSIONS:
            version, since = one.seen.after["value"], f"{one.first_seen:%Y-%m-%d %H:%M} UTC"
            return f"version {version!r} is served since {since} (drift {one.id})"
    return ""


def sighting(finding: Finding, at: Watched, operation: str, repair: Repair, version: str = "") -> Sighting:
    """A finding, ready to be remembered. ``version``: what ``version_since`` says."""
    one = finding.difference
    return Sighting(
        fingerprint=one.fingerprint(at.platform, operation),
        connection=at.connection,
        platform=at.platform,
        operation=operation,
        path=one.path,
        kind=one.kind.value,
        before=dict(one.before),
        after=dict(one.after),
        level=finding.severity.level.value,
        action=finding.severity.action.value,
        seen_before=one.evidence.before,
        seen_now=one.evidence.after,
        hits=one.evidence.hits,
        distance=one.evidence.distance,
        samples=finding.samples,
        mappings=finding.impact.fields,
        renames=tuple((rename.path, round(rename.likeness, 3)) for rename in one.renames),
        repair="\n".join((repair.summary, *repair.edits, *([version] if version else []))),
        correction=finding.correction,
    )


def login_sighting(drift: LoginDrift, at: Watched) -> Sighting:
    """A change in how a connection is reached, ready to be remembered."""
    return Sighting(
        fingerprint=drift.fingerprint(at.platform),
        connection=at.connection,
        platform=at.platform,
        operation=LOGIN,
        path=drift.name,
        kind=drift.kind,
        before={"value": drift.before},
        after=drift.after if isinstance(drift.after, dict) else {"value": drift.after},
        level=drift.severity.level.value,
        action=drift.severity.action.value,
        seen_before=1,
        seen_now=1,
        hits=1,
        distance=0.0,
        repair=drift.words,
    )


def ending_sighting(event: DriftRow, days: int, at: Watched) -> Sighting:
    """What was accepted is let through for so many days more, and is not settled; to be remembered."""
    seen = event.seen
    digest = blake2b(f"{ACCEPTANCE}\x1f{seen.fingerprint}\x1f{days}".encode(), digest_size=8).hexdigest()
    return Sighting(
        fingerprint=digest,
        connection=at.connection,
        platform=at.platform,
        operation=ACCEPTANCE,
        path=f"drift {event.id}",
        kind="acceptance_ends",
        before={},
        after={"drift": event.id, "days": days},
        level=Level.RISKY.value,
        action=Action.TICKET.value,
        seen_before=1,
        seen_now=1,
        hits=1,
        distance=0.0,
        repair=(
            f"drift {event.id} ({seen.path} of {seen.operation}) was accepted, and is let through for no "
            f"more than {days} days: write it into the contract (syncd contract accept {event.id} --into "
            f"contracts) and mend the map, or what it stopped is stopped again"
        ),
    )


def reason(event: DriftRow) -> str:
    """Of a hold, for whoever finds it."""
    seen = event.seen
    at, what = f"{seen.connection}/{seen.operation}", seen.kind.replace("_", " ")
    return f"drift {event.id}: {seen.path} of {at}: {what} (syncd drift show {event.id})"


def waiver(event: DriftRow) -> Waiver | None:
    """What accepting or ignoring an event lets through; None where nothing needs to be: an accepted
    unit is ordinary from then on, and another change of unit is another event. A large amount that is
    let pass is that record's, and nobody else's."""
    if event.seen.kind not in Kind.__members__.values() or event.state is DriftState.REVERTED:
        return None
    kind = Kind(event.seen.kind)
    if kind is Kind.SCALE:
        alone = event.state is DriftState.IGNORED
        return (
            Waiver(event.seen.path, frozenset({kind}), keys=frozenset(event.seen.samples)) if alone else None
        )
    values = (
        frozenset(int(v) for v in event.seen.after.get("new", ())) if kind is Kind.ENUM_NEW else frozenset()
    )
    return Waiver(event.seen.path, _ALONE if kind in _ALONE else frozenset({kind}), values)


def same_cause(one: Sighting, other: Sighting) -> bool:
    """Whether two sightings are one incident: a place of one operation at one connection, or a unit that
    changed in several of its places."""
    if one.kind == other.kind == Kind.SCALE.value:
        return (one.connection, one.operation) == (other.connection, other.operation)
    return (one.connection, one.operation, one.path) == (other.connection, other.operation, other.path)


def beside(seen: Sighting, older: Sequence[DriftRow]) -> Sighting | None:
    """What a later look is remembered as beside earlier ones of the same cause; None: they know more."""
    for one in older:
        if one.seen.fingerprint == seen.fingerprint:
            if one.held_at is not None and not supersedes(seen, one.seen):
                seen = replace(seen, level=one.seen.level, action=one.seen.action)
        elif not supersedes(seen, one.seen):
            return None
    return seen


def supersedes(new: Sighting, old: Sighting) -> bool:
    """Whether a later look at one place knows more: a rename more than a loss, a hold more than a doubt,
    more new values of a set than fewer, the nearer end than the farther."""
    if "days" in new.after and "days" in old.after:
        return bool(new.after["days"] < old.after["days"])  # the next step of a countdown
    ranks = {Kind.FIELD_RENAMED.value: 2, Kind.FIELD_GONE.value: 1}
    if new.action != old.action:
        order: Sequence[str] = [action.value for action in Action]
        return order.index(new.action) < order.index(old.action)
    if new.kind == old.kind == Kind.ENUM_NEW.value:
        return set(new.after.get("new", ())) > set(old.after.get("new", ()))
    return ranks.get(new.kind, 0) > ranks.get(old.kind, 0)
