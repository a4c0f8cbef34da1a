"""What many exchanges look like together: counts per place, learned record by record.

A shape holds no content: types, spellings and lengths are counted, values only as keyed digests
(to tell a closed set from an open one), names of dynamic maps are folded into one place. Every
count is a count of **distinct records**: a line repeated forty times in one invoice is one
observation. Shapes merge and serialise, so workers learn apart and the store keeps the sum.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

import msgspec

from monitor import lexical, paths

FORMAT: Final = 1
"""Of the serialised form; a stored shape of another format is learned anew."""

VALUES_KEPT: Final = 200
"""Distinct values of one place that are told apart; beyond them the domain is open."""
VALUE_LENGTH_MAX: Final = 64
AMOUNT_DIGITS: Final = 15
"""A longer run of digits is a number plate, not an amount."""
KEYS_KEPT: Final = 20_000
"""Distinct records one shape counts; a baseline needs no more."""
NAMES_MAX: Final = 96
"""Names under one record before it is looked at as a dynamic map."""
ALIKE_MIN: Final = 16
"""Names with one kind of value that differ only in their digits, or are all rare: from so many on they
are data (``image_48`` and ``image_72`` are fields)."""
RARE: Final = 0.2
ITEMS_LOOKED_AT: Final = 64
"""Items of one list in one record: a list of ten thousand lines says no more than its first ones."""

Counts = dict[str, int]


class Node(msgspec.Struct, omit_defaults=True):
    """One place: how many records show it, and what they show there."""

    seen: int = 0
    """Records that show the place."""
    complete: int = 0
    """Records in which every record above it (each line, say) has it."""
    types: Counts = {}
    """JSON type -> records that show it here."""
    values: dict[int, int] = {}
    """Digest of a plain value -> records."""
    open: bool = False
    """More distinct values than are told apart."""
    features: dict[str, Counts] = {}
    """Feature (``class``, ``case``, ``length``, ``magnitude`` ...) -> category -> records."""
    children: dict[str, Node] = {}
    items: Node | None = None
    any: Node | None = None
    """Values of a dynamic map, whatever their names. Set: ``children`` is empty."""

    @property
    def objects(self) -> int:
        """Records in which this place holds a record (what the presence of its fields is counted over)."""
        return self.types.get("object", 0)

    def below(self) -> Iterator[tuple[str, Node]]:
        """(step, node) of what is inside; step ``[]`` for items, ``*`` for a dynamic map's values."""
        yield from self.children.items()
        if self.items is not None:
            yield paths.ITEMS, self.items
        if self.any is not None:
            yield paths.ANY, self.any


class _Stored(msgspec.Struct):
    format: int
    records: int
    polls: int
    keys: list[int]
    root: Node


class Shape:
    """Counts learned from records of one operation on one connection (and one served version)."""

    def __init__(self, secret: bytes = b"") -> None:
        """``secret`` keys the digests of values (at most 64 bytes); shapes merge only under one secret."""
        self.root = Node()
        self.records = 0
        """Distinct records learned from."""
        self.polls = 0
        """Distinct exchanges learned from (``poll``)."""
        self._secret = secret
        self._keys: set[int] = set()

    def observe(self, record: Any, key: str | None = None) -> bool:
        """Learn from one record. ``key`` is its remote id: seen before in this shape, it counts no more.

        False: not counted (a repetition, or the shape is full). Raises ``TypeError`` for what is no JSON.
        """
        if key is not None:
            if len(self._keys) >= KEYS_KEPT:
                return False
            digest = self.digest(key)
            if digest in self._keys:
                return False
            self._keys.add(digest)
        self.records += 1
        self._visit(self.root, [record])
        return True

    def poll(self) -> None:
        """One more exchange was learned from."""
        self.polls += 1

    def digest(self, value: str | int | float | Decimal) -> int:
        """The keyed digest under which a plain value is counted."""
        spoken = value.encode() if isinstance(value, str) else repr(value).encode() + b"\0"
        return int.from_bytes(blake2b(spoken, digest_size=8, key=self._secret).digest(), "big")

    # -- reading --------------------------------------------------------------------------------

    def nodes(self) -> dict[str, Node]:
        """Every place by its path, the record itself first."""
        found: dict[str, Node] = {}
        pending = [("", self.root)]
        while pending:
            path, node = pending.pop()
            found[path] = node
            pending += [
                (
                    paths.items(path)
                    if step == paths.ITEMS and below is node.items
                    else _at(path, step, node, below),
                    below,
                )
                for step, below in node.below()
            ]
        return found

    def maps(self) -> frozenset[str]:
        """Places that hold dynamic maps: their names are data."""
        return frozenset(path for path, node in self.nodes().items() if node.any is not None or _is_map(node))

    # -- merging and storing --------------------------------------------------------------------

    def merge(self, other: Shape) -> None:
        """Add what ``other`` learned. Records that both saw count twice: merge what was learned apart."""
        self.records += other.records
        self.polls += other.polls
        self._keys |= other._keys
        _add(self.root, other.root)

    def forget_values(self, places: Iterable[str]) -> None:
        """What was learned of the values there counts no more: they come in another unit."""
        nodes = self.nodes()
        for path in places:
            node = nodes.get(path)
            if node is not None:
                node.features, node.values, node.open = {}, {}, True

    def fold_maps(self, where: frozenset[str]) -> None:
        """Make one place of all the names under each of ``where``."""
        pending = [("", self.root)]
        while pending:
            path, node = pending.pop()
            if node.children and path in where:
                _fold(node)
            pending += [(_at(path, step, node, below), below) for step, below in node.below()]

    def to_bytes(self) -> bytes:
        """Everything learned. Seal it at rest: who has the secret can guess short values."""
        stored = _Stored(FORMAT, self.records, self.polls, sorted(self._keys), self.root)
        return msgspec.msgpack.encode(stored)

    @classmethod
    def from_bytes(cls, data: bytes, secret: bytes = b"") -> Shape | None:
        """The inverse of ``to_bytes``; None if it was stored in another format (learn anew)."""
        try:
            stored = msgspec.msgpack.decode(data, type=_Stored)
        except msgspec.ValidationError:
            return None
        if stored.format != FORMAT:
            return None
        shape = cls(secret)
        shape.records, shape.polls, shape.root = stored.records, stored.polls, stored.root
        shape._keys = set(stored.keys)
        return shape

    def copy(self) -> Shape:
        """An independent copy."""
        twin = Shape.from_bytes(self.to_bytes(), self._secret)
        assert twin is not None
        return twin

    # -- learning -------------------------------------------------------------------------------

    def _visit(self, node: Node, values: Sequence[Any]) -> None:
        """``values``: everything one record shows at this place."""
        node.seen += 1
        kinds = {lexical.json_type(value) for value in values}
        for kind in kinds:
            node.types[kind] = node.types.get(kind, 0) + 1
        if "object" in kinds:
            self._visit_objects(node, [value for value in values if type(value) is dict])
        if "array" in kinds:
            self._visit_lists(node, [value for value in values if type(value) is list])
        if "string" in kinds:
            self._visit_texts(node, [value for value in values if type(value) is str])
        if "integer" in kinds or "number" in kinds:
            self._visit_numbers(node, [v for v in values if type(v) in (int, float, Decimal)])
        if "boolean" in kinds:
            _vote(node, "flag", "true" if next(v for v in values if type(v) is bool) else "false")

    def _visit_objects(self, node: Node, objects: Sequence[dict[str, Any]]) -> None:
        gathered: dict[str, list[Any]] = {}
        for each in objects:
            for name, value in each.items():
                gathered.setdefault(name, []).append(value)
        if node.any is not None:
            everything = [value for values in gathered.values() for value in values]
            if everything:
                self._visit(node.any, everything[:ITEMS_LOOKED_AT])
            return
        for name, values in gathered.items():
            child = node.children.get(name)
            if child is None:
                child = node.children[name] = Node()
            if len(values) == len(objects):
                child.complete += 1
            self._visit(child, values)
        if len(node.children) > NAMES_MAX and _is_map(node):
            _fold(node)

    def _visit_lists(self, node: Node, lists: Sequence[list[Any]]) -> None:
        _vote(node, "items", "none" if not lists[0] else "one" if len(lists[0]) == 1 else "many")
        found = [item for each in lists for item in each[:ITEMS_LOOKED_AT]]
        if found:
            if node.items is None:
                node.items = Node()
            self._visit(node.items, found)

    def _visit_texts(self, node: Node, texts: Sequence[str]) -> None:
        for category in {lexical.spelling(text) for text in texts}:
            _vote(node, "class", category)
        first = texts[0]
        if (amount := _amount(first)) is not None:
            self._visit_amount(node, amount)
        _vote(node, "length", str(_length(len(first))))
        _vote(node, "case", lexical.letters(first))
        _vote(node, "marks", lexical.marks(first))
        self._count_values(node, {text for text in texts if len(text) <= VALUE_LENGTH_MAX})

    def _visit_numbers(self, node: Node, numbers: Sequence[int | float | Decimal]) -> None:
        if math.isfinite(numbers[0]):
            self._visit_amount(node, numbers[0])
        self._count_values(node, set(numbers))

    def _visit_amount(self, node: Node, amount: float | Decimal) -> None:
        _vote(node, "sign", "zero" if amount == 0 else "positive" if amount > 0 else "negative")
        if amount != 0:
            _vote(node, "magnitude", str(magnitude(amount)))
        _vote(node, "decimals", "0" if type(amount) is int else str(lexical.decimals(amount)))

    def _count_values(self, node: Node, values: set[Any]) -> None:
        counted = node.values
        for value in values:
            digest = self.digest(value)
            if digest in counted:
                counted[digest] += 1
            elif not node.open:
                counted[digest] = 1
                if len(counted) > VALUES_KEPT:
                    node.open = True
                    floor = max(2, node.seen // 50)
                    node.values = counted = {d: n for d, n in counted.items() if n >= floor}


def magnitude(value: int | float | Decimal) -> int:
    """The number's size on a logarithmic scale, four steps to the doubling."""
    return math.floor(4 * math.log2(abs(float(value))))


def _amount(text: str) -> Decimal | None:
    """The number that a text spells, where a platform writes its amounts as text."""
    return Decimal(text) if len(text) <= AMOUNT_DIGITS and lexical.AMOUNT.match(text) else None


def _length(length: int) -> int:
    """Lengths exactly up to 40, coarser beyond."""
    return length if length <= 40 else 40 + math.floor(8 * math.log2(length / 40))


def _vote(node: Node, feature: str, category: str) -> None:
    counts = node.features.get(feature)
    if counts is None:
        counts = node.features[feature] = {}
    counts[category] = counts.get(category, 0) + 1


def _at(path: str, step: str, node: Node, below: Node) -> str:
    if below is node.items:
        return paths.items(path)
    if below is node.any:
        return f"{path}.{paths.ANY}" if path else paths.ANY
    return paths.below(path, step)


def _add_counts(into: dict[Any, int], more: dict[Any, int]) -> None:
    for name, count in more.items():
        into[name] = into.get(name, 0) + count


def _add(into: Node, more: Node) -> None:
    into.seen += more.seen
    into.complete += more.complete
    _add_counts(into.types, more.types)
    into.open = into.open or more.open
    _add_counts(into.values, more.values)
    if len(into.values) > VALUES_KEPT:
        into.open = True
    for feature, counts in more.features.items():
        _add_counts(into.features.setdefault(feature, {}), counts)
    if into.any is not None or more.any is not None:
        for each in (into, more):
            if each.children:
                _fold(each)
    for name, child in more.children.items():
        _add(into.children.setdefault(name, Node()), child)
    if more.items is not None:
        into.items = into.items or Node()
        _add(into.items, more.items)
    if more.any is not None:
        into.any = into.any or Node()
        _add(into.any, more.any)


def _fold(node: Node) -> None:
    """Make a dynamic map of a record: one place for all its values."""
    together = node.any or Node()
    for child in node.children.values():
        _add(together, child)
    _limit(together, node.objects)
    together.complete = 0
    node.any, node.children = together, {}


def _limit(node: Node, most: int) -> None:
    """Records that were added up over several names count once: no count may exceed ``most``."""
    node.seen = min(node.seen, most)
    node.complete = min(node.complete, most)
    node.types = {kind: min(count, node.seen) for kind, count in node.types.items()}
    for step, child in node.below():
        _limit(child, node.types.get("array" if step == paths.ITEMS else "object", 0))


def _is_map(node: Node) -> bool:
    """Whether the names under a record are data rather than fields.

    Names that are ids, dates or addresses are; so are many names with one kind of value that differ
    only in their digits or are all rare, and a great many names of which hardly any is not.
    """
    names = list(node.children)
    if len(names) < 2:
        return bool(names) and is_data(names[0])
    if all(is_data(name) for name in names):
        return True
    kinds = {frozenset(child.types) - {"null"} for child in node.children.values()}
    rare = sum(child.seen < RARE * node.objects for child in node.children.values())
    if len(names) >= ALIKE_MIN and len(kinds) == 1:
        return rare == len(names) or len({_undigited(name) for name in names}) == 1
    return len(names) > NAMES_MAX and rare > 0.9 * len(names)


def is_data(name: str) -> bool:
    """Whether a name is itself a piece of data: an id, a code, a number, a date, an address, a sentence."""
    if len(name) > VALUE_LENGTH_MAX or " " in name.strip() or _CODE.fullmatch(name):
        return True
    return lexical.spelling(name) in _DATA


_CODE: Final = re.compile(r"[A-Za-z]{1,2}\d+")
"""A letter or two and a number: a code (``k37``, ``B12``), hardly a field's name."""
_DIGITS: Final = re.compile(r"\d+")
_DATA: Final = lexical.DATES | {"time", "uuid", "uri", "email", "decimal", "digits"}


def _undigited(name: str) -> str:
    return _DIGITS.sub("0", name)


def common(before: Shape, after: Shape) -> Iterator[tuple[str, Node, Node]]:
    """Places that both show."""
    new = after.nodes()
    for path, node in before.nodes().items():
        if path in new:
            yield path, node, new[path]
