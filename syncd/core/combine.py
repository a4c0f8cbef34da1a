"""Values of which both sides may have changed a part: sets of words, and lines with a key of their own.

Each side takes over what changed on the other, against the other's own base: what both agreed to
keep different stays different, and nothing comes into being that neither side had.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncd.core.canonical import NORMALISERS
from syncd.core.crossing import Crossing, keyed
from syncd.core.model import Record, Side, Value
from syncd.core.policy import FieldPolicy


def take_over_words(policy: FieldPolicy, mine: Value, base: Value, theirs: Value) -> frozenset[str] | None:
    """``mine`` with what was added to ``theirs`` since its ``base``, and without what was dropped from it.

    None where one of them is no set: there is nothing to take over part by part.
    """
    if not all(isinstance(value, frozenset | None) for value in (mine, base, theirs)):
        return None
    if mine is None and theirs is None:
        return None
    fold = NORMALISERS[policy.normaliser]
    own, known, now = ({fold(word): word for word in _words(value)} for value in (mine, base, theirs))
    dropped = known.keys() - now.keys()
    added = now.keys() - known.keys() - own.keys()
    kept = {word for name, word in own.items() if name not in dropped}
    return frozenset(kept | {now[name] for name in added})


def _words(value: Value) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset()


class Collision(Exception):
    """Both sides changed the same field of the same line, or one changed a line that the other dropped."""


def take_over_lines(
    policy: FieldPolicy,
    crossing: Crossing,
    side: Side,
    own: tuple[Value, Value],
    other: tuple[Value, Value],
) -> tuple[Record, ...] | None:
    """The lines of ``side`` with what changed on the other; ``own``, ``other``: (base, now).

    None where the lines have no identity on one of the sides. Raises ``Collision``, and what crossing
    raises.
    """
    found = [keyed(value, policy.key) for value in (*own, *other)]
    if any(lines is None for lines in found):
        return None
    my_base, mine, their_base, theirs = (lines or {} for lines in found)
    merged: list[Record] = []
    for name, line in mine.items():
        kept = _line(
            policy, crossing, side, (my_base.get(name), line), (their_base.get(name), theirs.get(name))
        )
        if kept is not None:
            merged.append(kept)
    for name, line in theirs.items():
        if name in mine:
            continue
        if name not in their_base:
            merged.append(crossing.cross_fields(policy.lines, line, side))
        elif name in my_base and line != their_base[name]:
            raise Collision  # dropped here, changed there
    return tuple(merged)


def _line(
    policy: FieldPolicy,
    crossing: Crossing,
    side: Side,
    own: tuple[Record | None, Record],
    other: tuple[Record | None, Record | None],
) -> Record | None:
    """One line of ``side`` after the other's changes; None where the other dropped it."""
    (my_base, mine), (their_base, theirs) = own, other
    if theirs is None:
        if their_base is None:
            return mine  # only this side ever had it
        if mine != my_base:
            raise Collision  # changed here, dropped there
        return None
    if their_base is None:
        # added on both sides under one key: the same line, or two that claim one name
        _check_same(policy, crossing, side, mine, theirs)
        return mine
    changed: dict[str, Value] = {}
    for part in policy.lines:
        new = theirs.get(part.name)
        if new == their_base.get(part.name) or _says(part, crossing, side, mine.get(part.name), new):
            continue
        if my_base is not None and mine.get(part.name) != my_base.get(part.name):
            raise Collision
        changed[part.name] = crossing.cross(part, new, side)
    return {**mine, **changed}


def _check_same(policy: FieldPolicy, crossing: Crossing, side: Side, mine: Record, theirs: Record) -> None:
    shared: Mapping[str, FieldPolicy] = {part.name: part for part in policy.lines}
    for name in mine.keys() & theirs.keys() & shared.keys():
        if not _says(shared[name], crossing, side, mine[name], theirs[name]):
            raise Collision


def _says(part: FieldPolicy, crossing: Crossing, side: Side, mine: Value, theirs: Value) -> bool:
    left, right = (mine, theirs) if side is Side.LEFT else (theirs, mine)
    return crossing.same(part, left, right)
