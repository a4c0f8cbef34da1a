"""Contract against what the exchanges show: which differences are real.

Two small contract documents are compared (deepdiff), never records: dicts only, keyed by path. What
differs is then weighed with the counts kept beside the contract: a difference is reported if the
old behaviour would almost never have produced what is seen now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from deepdiff import DeepDiff

from monitor import domains, learning, meaning, paths, renaming
from monitor.contract import Contract
from monitor.differences import Difference, Evidence, Kind
from monitor.rates import Rates
from monitor.shape import Shape

Document = dict[str, dict[str, Any]]
"""path -> facet -> value; dicts and plain values only."""

FALSE_SHARE: Final = 0.005
"""Share of reported differences that may be chance, and so the share of comparisons without any
drift that may report one."""
CHANCE_MAX: Final = 1e-2
"""No difference is reported that the old behaviour produces more often than this."""

SIBLINGS_MIN: Final = 2
"""Fields that certainly came to or went from one record before it counts as remodelled."""
SIBLING_CHANCE_MAX: Final = 0.05

_HOLDERS: Final = frozenset({"object", "array"})
_KINDS: Final = ("object", "array", "string", "integer", "number", "boolean")


def compare(
    contract: Contract, shape: Shape, evidence: Shape | None = None, *, false_share: float = FALSE_SHARE
) -> list[Difference]:
    """What ``shape`` (the present window) shows that ``contract`` does not say, the surest first.

    ``evidence``: the counts the contract was learned from. Without them the contract's own word is
    taken for certain (a required field was always there, a closed set is closed). Differences with
    ``certain`` false are newly seen with too few records to be told from chance: to be logged.

    Milliseconds for a contract of a hundred places; never called per record.
    """
    before = evidence.copy() if evidence is not None else learning.assumed(contract)
    after = shape.copy()
    maps = contract.maps | {path for path in before.maps() | after.maps() if not contract.names(path)}
    before.fold_maps(maps)
    after.fold_maps(maps)
    shown = learning.learned(after, contract.platform, contract.operation, maps=maps)
    found = list(_structural(contract, shown, _Scales(before, after)))
    found += domains.differences(contract, before, after)
    found += meaning.differences(contract, before, after, counted=evidence is not None)
    places = len(before.nodes().keys() | after.nodes().keys())
    judged = _with_siblings(_told_apart(found, places, false_share))
    return renaming.paired(judged, before, after)


def _told_apart(found: list[Difference], places: int, false_share: float) -> list[Difference]:
    """Mark what is certain, the surest first (the procedure of Benjamini and Hochberg).

    Looking at a thousand places shows the unlikely somewhere, so the first difference must be
    unlikely for all of them together; a release that changes much makes each further one likelier.
    """
    ranked = sorted(found, key=lambda difference: difference.evidence.distance)
    certain = 0
    for rank, difference in enumerate(ranked, 1):
        if difference.evidence.distance <= min(CHANCE_MAX, false_share * rank / places):
            certain = rank
    return [replace(difference, certain=at < certain) for at, difference in enumerate(ranked)]


def _with_siblings(found: list[Difference]) -> list[Difference]:
    """Where fields of one record certainly came or went, one that was never shown since went with them:
    so much is needed to prove a rare field gone that it would never be, else."""
    moved = Counter(
        paths.parent(each.path)
        for each in found
        if each.certain and each.kind in (Kind.FIELD_GONE, Kind.FIELD_NEW)
    )
    return [
        replace(each, certain=True)
        if each.kind is Kind.FIELD_GONE
        and moved[paths.parent(each.path)] >= SIBLINGS_MIN
        and each.evidence.distance <= SIBLING_CHANCE_MAX
        else each
        for each in found
    ]


def document(contract: Contract) -> Document:
    """The contract as the small document that is compared."""
    found: Document = {}
    for path, field in contract.fields.items():
        facets: dict[str, Any] = {"types": dict.fromkeys(sorted(field.types), 1), "required": field.required}
        if field.format:
            facets["format"] = field.format
        found[path] = facets
    return found


def changed_facets(old: Document, new: Document) -> Iterator[tuple[str, str, str, bool]]:
    """(path, facet, element, new?) of everything that differs; facet and element may be empty.

    The settings, and why: ``ignore_private_variables`` would skip names that start with two
    underscores (``__typename``); ``threshold_to_diff_deeper`` above 0 reports a record with few
    common names as one replaced value and hides each lost field; order never matters, as
    documents hold no lists. Paths are taken as lists, never parsed from deepdiff's own spelling.
    """
    tree = DeepDiff(
        old, new, view="tree", ignore_private_variables=False, threshold_to_diff_deeper=0, ignore_order=False
    )
    for report, nodes in tree.items():
        for node in nodes:
            steps = [str(step) for step in node.path(output_format="list")]
            path, facet, element = (*steps, "", "")[:3]
            yield path, facet, element, report != "dictionary_item_removed"


class _Scales:
    """The counts on both sides, and the rates by which they are weighed."""

    def __init__(self, before: Shape, after: Shape) -> None:
        self.before, self.after = before.nodes(), after.nodes()
        held = [
            (child, node.objects)
            for nodes in (self.before, self.after)
            for node in nodes.values()
            for child in node.children.values()
        ]
        everywhere = [node for nodes in (self.before, self.after) for node in nodes.values()]
        self.shown = Rates((child.seen, of) for child, of in held)
        self.complete = Rates((child.complete, of) for child, of in held)
        self.null = Rates((node.types.get("null", 0), node.seen) for node in everywhere)
        self.kind = Rates((node.types.get(kind, 0), node.seen) for node in everywhere for kind in _KINDS)

    def above(self, path: str) -> tuple[int, int]:
        """Records before and now that hold the record in which ``path`` is a field."""
        above = paths.parent(path)
        old, new = self.before.get(above), self.after.get(above)
        return (old.objects if old else 0), (new.objects if new else 0)

    def weighed(
        self, kind: Kind, path: str, distance: float, counts: tuple[int, int, int], **facets: Any
    ) -> Difference:
        return Difference(
            kind=kind,
            path=path,
            before=facets.get("before", {}),
            after=facets.get("after", {}),
            evidence=Evidence(*counts, distance=distance),
        )


def _structural(contract: Contract, shown: Contract, scales: _Scales) -> Iterator[Difference]:
    old, new = document(contract), document(shown)
    if old == new:
        return
    for path, facet, element, is_new in changed_facets(old, new):
        if facet == "":
            found = _new(path, scales) if is_new else _gone(path, scales)
        elif facet == "types" and is_new and element:
            found = _null(path, scales) if element == "null" else _type(path, element, contract, scales)
        elif facet == "required":
            found = _optional(path, scales)
        else:
            found = None
        if found is not None:
            yield found


def _gone(path: str, scales: _Scales) -> Difference | None:
    old = scales.before.get(path)
    of_old, of_new = scales.above(path)
    if old is None or path in scales.after or not of_new or paths.leaf(path) in (paths.ITEMS, paths.ANY):
        return None
    distance = scales.shown.fewer((old.seen, of_old), (0, of_new))
    facets = {"before": {"types": sorted(old.types), "shown": True}, "after": {"shown": False}}
    return scales.weighed(Kind.FIELD_GONE, path, distance, (of_old, of_new, of_new), **facets)


def _new(path: str, scales: _Scales) -> Difference | None:
    new = scales.after.get(path)
    of_old, of_new = scales.above(path)
    if new is None or path in scales.before or not of_old or paths.leaf(path) in (paths.ITEMS, paths.ANY):
        return None
    distance = scales.shown.first(of_old, (new.seen, of_new))
    facets = {"before": {"shown": False}, "after": {"types": sorted(new.types), "shown": True}}
    return scales.weighed(Kind.FIELD_NEW, path, distance, (of_old, of_new, new.seen), **facets)


def _optional(path: str, scales: _Scales) -> Difference | None:
    old, new = scales.before.get(path), scales.after.get(path)
    of_old, of_new = scales.above(path)
    if old is None or new is None or not of_new or old.complete < of_old or new.complete == of_new:
        return None
    distance = scales.complete.fewer((old.complete, of_old), (new.complete, of_new))
    facets = {"before": {"required": True}, "after": {"required": False}}
    missing = of_new - new.complete
    return scales.weighed(Kind.OPTIONAL, path, distance, (of_old, of_new, missing), **facets)


def _null(path: str, scales: _Scales) -> Difference | None:
    old, new = scales.before.get(path), scales.after.get(path)
    if old is None or new is None or old.types.get("null"):
        return None
    nulls = new.types.get("null", 0)
    distance = scales.null.more((0, old.seen), (nulls, new.seen))
    facets = {"before": {"null": False}, "after": {"null": True}}
    return scales.weighed(Kind.NULLABLE, path, distance, (old.seen, new.seen, nulls), **facets)


def _type(path: str, kind: str, contract: Contract, scales: _Scales) -> Difference | None:
    old, new = scales.before.get(path), scales.after.get(path)
    if old is None or new is None or not set(old.types) - {"null"}:
        return None
    if kind == "number" and contract.fields[path].types >= {"integer"} and old.types.get("number"):
        return None
    hits = new.types.get(kind, 0)
    distance = scales.kind.more((0, old.seen), (hits, new.seen))
    was, now = set(old.types) - {"null"}, set(new.types) - {"null"}
    facets = {"before": {"types": sorted(was)}, "after": {"types": sorted(now)}}
    if was & _HOLDERS != now & _HOLDERS:
        drift = Kind.SHAPE_CHANGED
    elif was & now or (was, now) == ({"integer"}, {"number"}):
        drift = Kind.TYPE_WIDENED
    else:
        drift = Kind.TYPE_CHANGED
    return scales.weighed(drift, path, distance, (old.seen, new.seen, hits), **facets)
