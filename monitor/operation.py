"""One kind of record on one connection: what it usually looks like, and what speaks against it now.

Everything here is arithmetic on counts; no I/O. A record is looked at twice: when it is decided
(``objection``, at once, every one) and when it was tapped (``sample``, some of them, to learn from).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from monitor import impact, learning, paths
from monitor.compare import compare
from monitor.contract import GROUNDED_AT, Contract, Provenance
from monitor.dealings import DEALT, Dealings
from monitor.differences import Difference, Evidence, Kind
from monitor.findings import Finding, Objection, Waiver
from monitor.guard import Guard, Violation
from monitor.habits import Habits, Outlier, values_at
from monitor.severity import Action, Level, Role, Severity, judge
from monitor.shape import Shape
from monitor.suspects import HOLD_AT, SCALE, Break, Suspects
from syncd.mapping.atoms import Code, Money, Text
from syncd.mapping.correcting import declared
from syncd.mapping.entity_map import EntityMap

WINDOW: Final = 50
"""Records in one window; a clean one goes into the baseline."""
BASELINE_MAX: Final = 5_000
"""Records a baseline is learned from; beyond them it knows enough."""
SAMPLES: Final = 20
"""Keys of records that an event names."""
_WEIGH_EVERY: Final = 10


class Operation:
    """The state of one operation on one connection."""

    def __init__(
        self,
        platform: str,
        entity: str,
        lens: EntityMap,
        *,
        filed: Contract | None = None,
        secret: bytes = b"",
        trust_sandbox: bool = False,
        source: bool = True,
    ) -> None:
        """``filed``: the contract in the site's or the shipped folder, if there is one. ``source``: whether
        anything of these records is written elsewhere. What is only written to is full of our own records,
        whose amounts and gaps are ours: there only what a lens cannot read counts."""
        self.platform = platform
        self.entity = entity
        self._secret = secret
        self._filed = filed
        self._trust_sandbox = trust_sandbox
        self._source = source
        self._waivers: tuple[Waiver, ...] = ()
        self.baseline = Shape(secret)
        self._window = Shape(secret)
        self.habits = Habits(lens, secret)
        self._learned_keys: deque[str] = deque(maxlen=2_000)
        self._learned: set[str] = set()
        self._suspects = Suspects()
        self.dealings = Dealings()
        self._forgotten: set[str] = set()
        """Places whose values are learned anew."""
        self._weighed_at = (0, 0)
        self.changed = False
        """Whether there is something new to store."""
        self.use(lens)

    # -- what it is measured against

    def use(self, lens: EntityMap) -> None:
        """The lens that is in force now (a correction may have changed it)."""
        self.lens = lens
        self._uses = impact.uses(lens)
        self._mapped = tuple(use.path for use in self._uses)
        self._needed = tuple(use.path for use in self._uses if not use.has_default)
        self._sets = frozenset(f.path for f in lens.fields if isinstance(f.atom, Text | Code))
        money = [f for f in lens.fields if isinstance(f.atom, Money)]
        self._totals = [f.path for f in sorted(money, key=lambda f: f.name not in ("total", "amount"))]
        """Where a record says what it is about, the whole before its parts."""
        self._codes = {f.path: tuple(f.atom.words) for f in lens.fields if isinstance(f.atom, Code)}
        known = self.habits
        self.habits = Habits(lens, self._secret)
        self.habits.adopt(known)
        self._renew()

    def file(self, contract: Contract | None) -> None:
        """The contract's file has changed."""
        self._filed = contract
        self._renew()

    def waive(self, waivers: Iterable[Waiver]) -> None:
        """Exactly these breaks stop nothing."""
        self._waivers = tuple(waivers)

    @property
    def ready(self) -> bool:
        """Whether enough was learned to hold anything; until then it is *learning*."""
        return learning.ready(self.baseline)

    @property
    def contract(self) -> Contract | None:
        """What records are measured against; None: *unchecked*."""
        return self._contract

    @property
    def may_hold(self) -> bool:
        """Drift from a sandbox's baseline holds nothing until real records have confirmed it."""
        if self._contract is None:
            return False
        if self._contract.provenance.holds or self._trust_sandbox:
            return self.ready or self._contract.provenance.records >= learning.READY_RECORDS
        return self.baseline.records >= GROUNDED_AT

    def _renew(self) -> None:
        filed = self._filed
        self._contract: Contract | None = filed
        self._knows = self.ready
        if self._knows:
            closed = {} if filed is None else {f.path: f.enum for f in filed.fields.values() if f.enum}
            self._contract = learning.learned(
                self.baseline,
                self.platform,
                self.entity,
                entity=self.entity,
                provenance=Provenance(records=self.baseline.records),
                closed=closed,
            )
            if filed is not None and filed.provenance.holds:
                # what a person reviewed has the last word, what was learned adds what the file leaves out
                self._contract = self._contract.with_overlay(filed)
        self._guard = (
            Guard(self._contract, self._mapped, self._needed) if self._contract is not None else None
        )

    # -- looking

    def objection(self, key: str, record: Mapping[str, Any]) -> Objection | None:
        """The worst that speaks against a record that is being decided. Learns from it if nothing does."""
        why = self._breaks(key, record)
        if not why:
            self._suspects.ordinary(key)
            self._learn(key, record)
            return None
        self._suspects.add(key, record, why)
        return self._told(why[0])

    def sample(self, key: str, record: Mapping[str, Any]) -> None:
        """Learn the structure of a record that was tapped."""
        broken = bool(self._breaks(key, record))
        if not self.ready:
            if not broken:
                self.baseline.observe(record, key)
                self.changed = True
                self._grown()
            return
        self.changed = self._window.observe(record, key) or self.changed
        if broken:
            return
        if self._window.records >= WINDOW and not self._suspects and not self._drifted():
            self._settle_window()

    def poll(self) -> None:
        """One more exchange was sampled."""
        self._suspects.poll()
        (self._window if self.ready else self.baseline).poll()
        self._grown()

    def _grown(self) -> None:
        """From the moment that enough is known, what was learned counts."""
        if self.ready and not self._knows:
            self._renew()

    def is_new(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is built unlike any so far: such a one is always looked at."""
        return self._guard is not None and not self._guard.knows(record)

    def _breaks(self, key: str, record: Mapping[str, Any]) -> tuple[Break, ...]:
        found: list[Break] = []
        if self._guard is not None:
            found += [v for v in self._guard.violations(record) if self._matters(v, key, record)]
        outlier = self.habits.outlier(record) if self._source else None
        if outlier is not None and not self._waived(Kind.SCALE, outlier.path, key):
            found.append(outlier)
        return tuple(found)

    def _matters(self, one: Violation, key: str, record: Mapping[str, Any]) -> bool:
        """Whether a violation stops the record: not where somebody accepted it, nor where a mapping copes
        with nothing in a place that no ledger depends on."""
        if not self._source and one.kind not in _UNREADABLE:
            return False
        if one.kind is Kind.ENUM_NEW:
            return not self._strange(one.path, record) <= self._accepted_values(one.path)
        if self._waived(one.kind, one.path, key):
            return False
        if one.kind not in (Kind.OPTIONAL, Kind.NULLABLE):
            return True
        hit = impact.of(one.path, self.lens)
        return Role.CRITICAL in hit.roles or not hit.has_default

    def _strange(self, path: str, record: Mapping[str, Any]) -> set[int]:
        """Digests of the values at a place that its closed set does not have."""
        known = self._enum(path) or ()
        shown = values_at(record, paths.steps(path))
        return {self.baseline.digest(v) for v in shown if isinstance(v, str | int) and v not in known}

    def _enum(self, path: str) -> tuple[Any, ...] | None:
        """The closed set that the contract declares at a place."""
        field = self._contract.fields.get(path) if self._contract is not None else None
        return None if field is None else field.enum

    def _accepted_values(self, path: str) -> frozenset[int]:
        return frozenset().union(
            *(w.values for w in self._waivers if w.path == path and Kind.ENUM_NEW in w.kinds)
        )

    def _waived(self, kind: Kind, path: str, key: str = "") -> bool:
        return any(waiver.covers(kind, path, key) for waiver in self._waivers)

    def _learn(self, key: str, record: Mapping[str, Any]) -> None:
        if key in self._learned:
            return
        if len(self._learned_keys) == self._learned_keys.maxlen:
            self._learned.discard(self._learned_keys[0])
        self._learned_keys.append(key)
        self._learned.add(key)
        self.habits.learn(record)

    def _told(self, why: Break) -> Objection:
        field = ", ".join(impact.of(why.path, self.lens).fields)
        if isinstance(why, Outlier):
            words = f"{why.path} is about {why.factor} times what this customer's records usually show"
            return Objection(Kind.SCALE, why.path, words, field)
        return Objection(why.kind, why.path, str(why), field)

    # -- weighing

    def weigh(self, flows: Sequence[impact.Flow]) -> list[Finding]:
        """What drift there is now, the gravest first. Costs milliseconds; cheap if nothing is new."""
        at = (self._suspects.moves + self.dealings.moves, self._window.records)
        fresh = at[0] != self._weighed_at[0] or at[1] - self._weighed_at[1] >= _WEIGH_EVERY
        if not fresh or self._contract is None:
            return []
        self._weighed_at = at
        found = [self._weighed(difference, flows) for difference in self._differences()]
        dealt = self.dealings.findings(self.lens, flows)
        found += [one for one in dealt if not self._waived(one.difference.kind, one.difference.path)]
        return [one for one in found if one is not None]

    def reverted(self, kind: Kind, path: str, *, held: bool) -> bool:
        """Whether the platform went back; of what holds nothing, only once no record shows it any more."""
        if kind in DEALT:
            return self.dealings.over(kind, path, self.lens)
        return self._suspects.reverted(_cause(kind, path), held=held)

    def expect(self, kind: Kind, path: str) -> None:
        """A drift is open there since before this process began: count what is ordinary again from now on."""
        self._suspects.expect(_cause(kind, path))

    def forget(self, kind: Kind, path: str) -> None:
        """A drift at ``path`` is over, one way or the other."""
        if kind in DEALT:
            self.dealings.forget(kind, path, self.lens)
            return
        self._suspects.forget(_cause(kind, path))
        self._weighed_at = (0, 0)
        self._window = Shape(self._secret)

    def accept(self, kind: Kind, path: str, after: Mapping[str, Any], moved_to: str = "") -> None:
        """The new behaviour is ordinary from now on, by this change only."""
        if kind is Kind.SCALE:
            places = after.get("paths", [path])
            self.habits.rescale(places, int(after["factor"]))
            self.baseline.forget_values(places)
            self._forgotten |= set(places)
        if moved_to:
            self.habits.move(path, moved_to)
        for record in self._suspects.records:
            self.baseline.observe(record)
        self.changed = True
        self.forget(kind, path)
        self._renew()

    def _differences(self) -> list[Difference]:
        assert self._contract is not None
        evidence = self.baseline if self.ready else None
        found: dict[tuple[Kind, str], Difference] = {}
        broken = [one for one in self._suspects.breaks if isinstance(one, Violation)]
        if broken:
            shown = Shape(self._secret)
            for key, suspect in self._suspects:
                shown.observe(suspect.record, key)
            for one in compare(self._contract, shown, evidence):
                if any(one.path == each.path for each in broken):
                    found[one.kind, one.path] = self._counted(one)
            for each in broken:
                if not any(path == each.path for _, path in found):
                    found[each.kind, each.path] = self._from_violation(each)
        scales = self._scales()
        # a whole number in another unit is no new type, nor is anything else about those places news
        rescaled = {path for one in scales for path in one.after["paths"]}
        found = {at: one for at, one in found.items() if at[1] not in rescaled}
        found |= {(one.kind, one.path): one for one in scales}
        if self.ready and self._window.records >= _WEIGH_EVERY:
            struck = {path for _, path in found} | rescaled
            for one in compare(self._contract, self._window, evidence):
                counted = one.certain and one.evidence.hits >= HOLD_AT
                if counted and one.path not in struck and self._tells(one):
                    found.setdefault((one.kind, one.path), one)
        return [
            self._named(one)
            for (kind, path), one in found.items()
            if (self._news(one) if kind is Kind.ENUM_NEW else not self._waived(kind, path))
            and one.after.get("types") != ["integer"]  # a whole number is a number
        ]

    def _news(self, one: Difference) -> bool:
        """Whether a new value of a set tells us anything: places that hold names, and no value that the
        lens has a word for."""
        if one.path not in self._sets:
            return False
        known = {self.baseline.digest(code) for code in self._codes.get(one.path, ())}
        return not known or not known.issuperset(one.after.get("new", (None,)))

    def _named(self, one: Difference) -> Difference:
        """New values of a set that a person declared enumerable are named: the line to add needs them."""
        known = self._enum(one.path)
        if one.kind is not Kind.ENUM_NEW or known is None:
            return one
        shown = {v for r in self._suspects.records for v in values_at(r, paths.steps(one.path))}
        names = sorted(v for v in shown if isinstance(v, str) and v not in known and _NAME.fullmatch(v))
        # what was tapped and is not decided yet has no name here, and is meant all the same
        digests = {self.baseline.digest(name) for name in names} | set(one.after.get("new", ()))
        return replace(one, before={"closed": True}, after={"values": names[:5], "new": sorted(digests)})

    def _tells(self, one: Difference) -> bool:
        """Whether a difference between windows is news: a new field is none, many records saved at one
        instant are none, and of amounts the habits know more."""
        if one.kind is Kind.SHARE and one.path in {self.lens.modified, *self._forgotten}:
            return False
        if one.kind is Kind.SCALE and one.path in self.habits.everybody:
            return False
        return one.kind is not Kind.FIELD_NEW

    def _counted(self, difference: Difference) -> Difference:
        """Suspects all show it; what counts is how many there are, and how many others came meanwhile."""
        by_polls = difference.kind is not Kind.SCALE
        shown = self._suspects.weigh(self._showing(difference), by_polls=by_polls)
        before = difference.evidence.before or self.baseline.records
        evidence = Evidence(before, shown.of, shown.hits, difference.evidence.distance)
        return replace(difference, evidence=evidence, certain=shown.sure)

    def _showing(self, difference: Difference) -> list[str]:
        """Keys of the suspects that show it."""
        return [k for k, one in self._suspects if any(_shows(why, difference) for why in one.why)]

    def _from_violation(self, one: Violation) -> Difference:
        bare = Difference(one.kind, one.path, {"expected": one.wanted}, {"found": one.found})
        return self._counted(bare)

    def _scales(self) -> list[Difference]:
        outliers = {k: why for k, one in self._suspects for why in one.why if isinstance(why, Outlier)}
        if not outliers:
            return []
        factors = [one.factor for one in outliers.values()]
        factor = max(set(factors), key=factors.count)
        alike = {key: one for key, one in outliers.items() if one.factor == factor}
        records = [one.record for key, one in self._suspects if key in alike]
        places = self.habits.shifted(records, factor) or [next(iter(alike.values())).path]
        path = next((p for p in self._totals if p in places), places[0])
        shown = self._suspects.weigh(list(alike), by_polls=False)
        distance = min(1.0 / one.odds for one in alike.values()) ** min(shown.hits, HOLD_AT)
        known = self.habits.everybody.get(path)
        evidence = Evidence(known.count if known else 0, shown.of, shown.hits, distance)
        after = {"factor": factor, "paths": list(places)}
        return [Difference(Kind.SCALE, path, {"factor": 1}, after, evidence, certain=shown.sure)]

    def _weighed(self, difference: Difference, flows: Sequence[impact.Flow]) -> Finding | None:
        hit = impact.of(difference.path, self.lens, flows)
        if Role.UNUSED in hit.roles and len(hit.roles) == 1 and not difference.certain:
            return None
        # a set that only looks closed may grow any day; one that somebody declared is branched on
        closed = self._enum(difference.path) is not None or difference.path in self._codes
        default = hit.has_default if difference.kind is not Kind.ENUM_NEW else not closed
        severity = judge(replace(difference, certain=True), hit.roles, has_default=default)
        if not difference.certain and severity.level is not Level.ADDITIVE:
            # seen, quarantined, and not yet often enough to be more than a bad record
            severity = Severity(Level.RISKY, Action.QUARANTINE)
        elif not self._source and difference.kind not in _UNREADABLE and severity.level is Level.BREAKING:
            severity = Severity(Level.RISKY, Action.TICKET)
        elif severity.action is Action.HOLD_ON_EVIDENCE:
            severity = Severity(Level.BREAKING, Action.HOLD)
        samples = tuple(self._showing(difference)[:SAMPLES])
        return Finding(difference, severity, hit, samples, self._correction(difference))

    def _correction(self, difference: Difference) -> Mapping[str, Any] | None:
        """What accepting it does to the lens, where that needs no engineer."""
        if difference.kind in (Kind.FIELD_RENAMED, Kind.FIELD_GONE) and difference.renames:
            made = declared(self.lens, difference.path)
            change = {"path": difference.path, "declared": made, "moved_to": difference.renames[0].path}
            return {"corrections": [change]} if made is not None else None
        if difference.kind is Kind.SCALE:
            found = [(path, declared(self.lens, path)) for path in difference.after.get("paths", ())]
            factor = difference.after["factor"]
            changes = [
                {"path": path, "declared": made, "divide_by": factor}
                for path, made in found
                if made is not None
            ]
            return {"corrections": changes} if changes else None
        return None

    def _drifted(self) -> bool:
        assert self._contract is not None
        return any(
            one.certain and one.kind is not Kind.FIELD_NEW
            for one in compare(self._contract, self._window, self.baseline)
        )

    def _settle_window(self) -> None:
        if self.baseline.records < BASELINE_MAX:
            self.baseline.merge(self._window)
        self._window = Shape(self._secret)
        self._weighed_at = (self._suspects.moves, 0)
        self.changed = True
        self._renew()

    # -- keeping

    def to_bytes(self) -> tuple[bytes, bytes]:
        """(baseline, habits), for the store."""
        return self.baseline.to_bytes(), self.habits.to_bytes()

    def restore(self, baseline: bytes | None, habits: bytes | None) -> None:
        """What ``to_bytes`` gave, in another process."""
        shape = Shape.from_bytes(baseline, self._secret) if baseline is not None else None
        if shape is not None:
            self.baseline = shape
        if habits is not None:
            self.habits.restore(habits)
        self._renew()


_NAME: Final = re.compile(r"[A-Za-z0-9_ .-]{1,40}")
"""What may be the name of a state or a kind; anything else is data and is not shown."""


_UNREADABLE: Final = frozenset(
    {
        Kind.FIELD_GONE,
        Kind.FIELD_RENAMED,
        Kind.TYPE_CHANGED,
        Kind.SHAPE_CHANGED,
        Kind.KEY_LOST,
        Kind.WRITE_NARROWED,
        Kind.ENVELOPE,
    }
)
"""What a lens cannot read or write through, whichever way the records go."""


def _cause(kind: Kind, path: str) -> str:
    """The cause of a drift, as its suspects are counted."""
    return SCALE if kind is Kind.SCALE else path


def _shows(why: Break, difference: Difference) -> bool:
    if isinstance(why, Outlier):
        return difference.kind is Kind.SCALE
    return why.path == difference.path
