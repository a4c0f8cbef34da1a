"""Drift in meaning: the structure stands, but the values say something else.

Cents for dollars, seconds for milliseconds, a lost time zone, a default in place of an answer. Each
feature that a shape counts (spelling, case, length, magnitude, sign, decimals) is compared between
the baseline and the present window. Two conditions, always both: the change is large, and the old
behaviour would almost never produce it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import log2
from typing import Any, Final

from monitor import evidence
from monitor.contract import Contract
from monitor.differences import Difference, Evidence, Kind
from monitor.rates import Rates
from monitor.shape import Counts, Node, Shape, common

UNLIKELY: Final = 1e-6
"""Chance of the old behaviour below which a large change counts."""
RECORDS_MIN: Final = 12
"""Records on each side before shares are compared."""
JUMP: Final = 0.15
"""Share of records by which nulls, empties, zeros or a spelling must have moved."""
LEAP: Final = 0.3
"""The same for what varies more by itself: one constant, case, decimals, a flag."""
FACTORS: Final[tuple[float, ...]] = (1000, 100, 3600, 60)
"""Units are confused by these: milli, cents and percent, seconds, minutes."""
TURNED: Final = 0.6
"""Share of records whose sign must have turned: an evening of credit notes is none."""
ALL: Final = 0.98
"""Share of records that counts as all of them."""
STEPS: Final = 4
"""Magnitude steps to a doubling (see ``shape.magnitude``)."""
UNEXPLAINED: Final = 20.0
"""A ratio that no unit explains must be this large."""

DEFAULTS_MAX: Final = 1
"""Places that may turn to one constant in the same window: a default strikes one field, a batch several."""

_CONSTANT: Final = "one constant"
_Hit = tuple[Kind, dict[str, Any], dict[str, Any], int, float]
"""What was found: its kind, before, after, records that show it, and how likely it was by chance."""
_Test = Callable[[Node, Node], _Hit | None]


def differences(
    contract: Contract, before: Shape, after: Shape, *, counted: bool = True
) -> Iterator[Difference]:
    """At most one difference a place: the most telling one. ``counted`` false: ``before`` is only what
    a contract says, so that there are spellings to compare but no shares."""
    found = list(_each(contract, before, after, counted))
    constant = [each for each in found if _CONSTANT in each.after]
    # many places that say one thing at once are one customer's batch, not a default
    return iter([each for each in found if each not in constant] if len(constant) > DEFAULTS_MAX else found)


def _each(contract: Contract, before: Shape, after: Shape, counted: bool) -> Iterator[Difference]:
    pairs = list(common(before, after))
    spellings = Rates(
        (count, sum(counts.values()))
        for _, *nodes in pairs
        for counts in (node.features.get("class", {}) for node in nodes)
        for count in (*counts.values(), 0)
    )
    for path, old, new in pairs:
        found = _spelling(path, old, new, spellings)
        if counted and (found is None or found.evidence.distance > UNLIKELY):
            field = contract.fields.get(path)
            role = field.role if field is not None else ""
            numbering = role in ("key", "reference")
            tests = _TESTS_OF_KEYS if numbering else _TESTS_OF.get(role, _TESTS)
            found = next((hit for test in tests if (hit := _tested(path, old, new, test))), found)
        if found is not None:
            yield found


def _tested(path: str, old: Node, new: Node, test: _Test) -> Difference | None:
    hit = test(old, new)
    if hit is None:
        return None
    kind, before, after, hits, distance = hit
    if distance > UNLIKELY:
        return None
    return Difference(kind, path, before, after, Evidence(old.seen, new.seen, hits, distance))


def _spelling(path: str, old: Node, new: Node, rates: Rates) -> Difference | None:
    """Texts in a spelling that was never seen here."""
    was, now = old.features.get("class", {}), new.features.get("class", {})
    strange = {name: hits for name, hits in now.items() if name not in was and name != "empty"}
    of_old, of_new = old.types.get("string", 0), new.types.get("string", 0)
    if not strange or not was or not of_old:
        return None
    name, hits = max(strange.items(), key=lambda item: item[1])
    distance = rates.more((0, of_old), (hits, of_new))
    return Difference(
        Kind.FORMAT_CHANGED,
        path,
        {"format": _main(was)},
        {"format": name},
        Evidence(of_old, of_new, hits, distance),
    )


def _main(counts: Counts) -> str:
    return max(counts, key=lambda name: counts[name])


def _shares(old: Node, new: Node) -> _Hit | None:
    """Null, empty, zero or one constant in far more records."""
    return _nothing(old, new) or _jumped(old, new, _constant(old, new))


def _nothing(old: Node, new: Node) -> _Hit | None:
    """Null, empty or zero in far more records."""
    watched = (
        ("null", old.types.get("null", 0), new.types.get("null", 0), JUMP),
        ("empty", _of(old, "class", "empty"), _of(new, "class", "empty"), JUMP),
        ("zero", _of(old, "sign", "zero"), _of(new, "sign", "zero"), JUMP),
    )
    return _jumped(old, new, watched)


def _jumped(old: Node, new: Node, watched: Iterable[tuple[str, int, int, float]]) -> _Hit | None:
    """The first of ``watched`` (name, count before, count now, least jump) whose share jumped."""
    for name, first, second, least in watched:
        was, now = _share(first, old.seen), _share(second, new.seen)
        if now - was >= least and min(old.seen, new.seen) >= RECORDS_MIN:
            distance = evidence.split(first, old.seen, second, new.seen)
            return Kind.SHARE, {name: _tenth(was)}, {name: _tenth(now)}, second, distance
    return None


def _constant(old: Node, new: Node) -> Iterator[tuple[str, int, int, float]]:
    if new.values and (not old.open or not old.values or new.seen):
        digest, hits = max(new.values.items(), key=lambda item: item[1])
        yield _CONSTANT, min(old.seen, old.values.get(digest, 0)), min(new.seen, hits), LEAP


def _flags(old: Node, new: Node) -> _Hit | None:
    """A yes/no that says almost always the same where it used to differ."""
    was, now = old.features.get("flag", {}), new.features.get("flag", {})
    if evidence.distance(was, now) < LEAP:
        return None
    share = (_share(counts.get("true", 0), sum(counts.values())) for counts in (was, now))
    first, second = (_tenth(each) for each in share)
    return Kind.SHARE, {"true": first}, {"true": second}, sum(now.values()), evidence.homogeneity(was, now)


def _sign(old: Node, new: Node) -> _Hit | None:
    was, now = old.features.get("sign", {}), new.features.get("sign", {})
    first, second = was.get("negative", 0), now.get("negative", 0)
    of_old, of_new = sum(was.values()), sum(now.values())
    moved = _share(second, of_new) - _share(first, of_old)
    if abs(moved) < TURNED or min(of_old, of_new) < RECORDS_MIN:
        return None
    before, after = ({"negative": _tenth(_share(n, of))} for n, of in ((first, of_old), (second, of_new)))
    return Kind.SIGN, before, after, second, evidence.split(first, of_old, second, of_new)


def _scale(old: Node, new: Node) -> _Hit | None:
    """The magnitudes moved as a whole, by a factor that confuses units (or by a very large one)."""
    was, now = _magnitudes(old), _magnitudes(new)
    of_old, of_new = sum(was.values()), sum(now.values())
    if min(of_old, of_new) < RECORDS_MIN:
        return None
    moved = _median(now) - _median(was)
    apart = evidence.gap(was, now)
    factor = _factor(moved)
    steady = evidence.gap({step + round(moved): count for step, count in was.items()}, now) < LEAP
    if factor is None or not steady:
        if abs(moved) < STEPS * log2(UNEXPLAINED) or apart < 2 * LEAP:
            return None
        factor = 2 ** (moved / STEPS)
    elif apart < LEAP:
        return None
    told = {"factor": float(f"{factor:.2g}")}
    return Kind.SCALE, {"factor": 1.0}, told, of_new, evidence.gap_tail(apart, of_old, of_new)


def _factor(moved: float) -> float | None:
    """The unit factor that a move by so many magnitude steps stands for, if any."""
    for factor in FACTORS:
        exact = STEPS * log2(factor)
        # a median of few records wanders by a step or so
        if abs(abs(moved) - exact) <= 1.5:
            return factor if moved > 0 else 1 / factor
    return None


def _writing(old: Node, new: Node) -> _Hit | None:
    """Padding, masking or markup where there was none."""
    was, now = old.features.get("marks", {}), new.features.get("marks", {})
    if min(sum(was.values()), sum(now.values())) < RECORDS_MIN or evidence.distance(was, now) < JUMP:
        return None
    before, after = {"marks": _main(was)}, {"marks": _main(now)}
    return Kind.FORMAT_CHANGED, before, after, sum(now.values()), evidence.homogeneity(was, now)


def _manner(old: Node, new: Node) -> _Hit | None:
    """What people themselves vary, now all in one manner: capitals only, whole amounts only, empty lists.

    A batch of such records may be somebody's work, so this is doubt, not proof: a share that jumped.
    """
    for feature, category in (("case", "upper"), ("case", "lower"), ("decimals", "0"), ("items", "none")):
        was, now = old.features.get(feature, {}), new.features.get(feature, {})
        of_old, of_new = sum(was.values()), sum(now.values())
        first, second = _share(was.get(category, 0), of_old), _share(now.get(category, 0), of_new)
        if min(of_old, of_new) >= RECORDS_MIN and second >= ALL and second - first >= LEAP:
            chance = evidence.split(was.get(category, 0), of_old, now.get(category, 0), of_new)
            before, after = (
                {f"{feature} {category}": _tenth(first)},
                {f"{feature} {category}": _tenth(second)},
            )
            return Kind.SHARE, before, after, now[category], chance
    return None


def _width(old: Node, new: Node) -> _Hit | None:
    """Texts that used to go on all end at one width: they are cut there."""
    was, now = _lengths(old), _lengths(new)
    of_old, of_new = sum(was.values()), sum(now.values())
    if min(of_old, of_new) < RECORDS_MIN:
        return None
    longest = max(now)
    beyond = sum(count for length, count in was.items() if length > longest)
    if beyond < JUMP * of_old or now[longest] < JUMP * of_new:
        return None
    chance = evidence.split(of_old - beyond, of_old, of_new, of_new)
    return Kind.FORMAT_CHANGED, {"longest": max(was)}, {"longest": longest}, now[longest], chance


def _key(old: Node, new: Node) -> _Hit | None:
    """A place whose values never repeated, and now they do."""
    if old.seen < RECORDS_MIN or not new.values or max(old.values.values(), default=1) > 1:
        return None
    repeated = sum(count for count in new.values.values() if count > 1)
    if _share(repeated, new.seen) < JUMP:
        return None
    chance = evidence.split(0, old.seen, repeated, new.seen)
    return Kind.KEY_LOST, {"unique": True}, {"unique": False}, repeated, chance


_TESTS: Final[tuple[_Test, ...]] = (_shares, _flags, _sign, _scale, _writing, _width, _manner)
_TESTS_OF: Final[Mapping[str, tuple[_Test, ...]]] = {
    # times go up by themselves, and many records may change in one second
    "cursor": (_shares, _writing, _width, _manner),
    # what changed is what moved on: an evening's approvals all stand at one status
    "status": (_nothing, _writing, _width, _manner),
}
_TESTS_OF_KEYS: Final[tuple[_Test, ...]] = (_shares, _key, _writing, _width, _manner)


def _of(node: Node, feature: str, category: str) -> int:
    return node.features.get(feature, {}).get(category, 0)


def _share(hits: int, of: int) -> float:
    return hits / of if of else 0.0


def _tenth(share: float) -> float:
    """Shares in a facet are coarse, so that one drift keeps one fingerprint while it goes on."""
    return round(share, 1)


def _magnitudes(node: Node) -> dict[int, int]:
    return {int(step): count for step, count in node.features.get("magnitude", {}).items()}


def _lengths(node: Node) -> dict[int, int]:
    return {int(length): count for length, count in node.features.get("length", {}).items()}


def _median(counts: dict[int, int]) -> float:
    half, passed = sum(counts.values()) / 2, 0
    for step in sorted(counts):
        if passed + counts[step] >= half:
            return step + (half - passed) / counts[step]
        passed += counts[step]
    raise ValueError("no counts")
