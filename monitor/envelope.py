"""What stands around the records of a listing: the names beside the list, and what type each has.

A connector refuses an answer without its list. What it cannot notice is that the number of pages is
called otherwise by now: the list seems to end where it is cut. Names and types only, never a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from monitor.differences import Difference, Evidence, Kind
from monitor.shape import is_data
from monitor.suspects import CLEAN_AT, HOLD_AT
from syncd.ports import Exchange

LEARNED_AT: Final = 20
"""Listings before a name counts as always there."""
PATHS_MAX: Final = 200
LARGE: Final = 16_384
"""Bytes of an answer beyond which only some are looked at ..."""
ONE_OF: Final = 8
"""... one of so many, until one of them is strange."""

_record: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TYPES: Final[Mapping[int, str]] = {
    ord("{"): "object",
    ord("["): "array",
    ord('"'): "string",
    ord("n"): "null",
    ord("t"): "boolean",
    ord("f"): "boolean",
}
"""By the first byte; anything else is a number."""
_ONE_RECORD: Final = re.compile(r"\d|\(|\$count")
"""In the last part of a path: an answer about one record."""


def around(body: bytes) -> tuple[str, Mapping[str, str]] | None:
    """(The lists, the names beside them with their types), two levels deep; None for what is no listing."""
    try:
        top = _record.decode(body)
        found = dict(_typed("", top))
        for name, raw in top.items():
            if found[name] == "object":
                found |= _typed(f"{name}.", _record.decode(raw))
    except msgspec.MsgspecError:
        return None
    lists = sorted(name for name, kind in found.items() if kind == "array")
    beside = {name: kind for name, kind in found.items() if kind != "array" and not is_data(name)}
    return (",".join(lists), beside) if lists else None


def _typed(above: str, names: Mapping[str, msgspec.Raw]) -> Iterator[tuple[str, str]]:
    for name, raw in names.items():
        yield f"{above}{name}", _TYPES.get(memoryview(raw)[0], "number")


class Listing(msgspec.Struct):
    """The listings at one path with one list in them."""

    looked: int = 0
    names: dict[str, dict[str, int]] = {}
    """Name -> type -> listings that show it."""
    strange: int = 0
    """Listings in a row that lack what was always there ..."""
    what: dict[str, str] = {}
    """... and what that is: name -> the type it has now, or nothing."""
    ordinary: int = 0
    """Listings in a row that lack nothing."""

    def look(self, beside: Mapping[str, str]) -> None:
        """One listing more."""
        missing = dict(self._missing(beside)) if self.looked >= LEARNED_AT else {}
        if missing:
            self.strange += 1
            self.what, self.ordinary = missing, 0
            return
        self.strange = 0
        self.ordinary += 1
        self.looked += 1
        for name, kind in beside.items():
            kinds = self.names.setdefault(name, {})
            kinds[kind] = kinds.get(kind, 0) + 1

    def _missing(self, beside: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name, kinds in self.names.items():
            if sum(kinds.values()) < self.looked:
                continue
            now = beside.get(name, "nothing")
            if now not in kinds and now != "null":
                yield name, now

    def accept(self, name: str) -> None:
        """The name may be missing, or be what it is now."""
        self.names.pop(name, None)
        self.strange, self.ordinary = 0, CLEAN_AT


class Envelopes:
    """Of one connection: path and list -> what stands around it."""

    def __init__(self) -> None:
        self._known: dict[str, Listing] = {}
        self._skipped: dict[str, int] = {}
        self.changed = False
        """Whether there is something new to store."""

    def saw(self, seen: Exchange) -> None:
        """One exchange more; only answered listings count."""
        last = seen.path.rstrip("/").rpartition("/")[2]
        if seen.method != "GET" or seen.status != 200 or not seen.body or _ONE_RECORD.search(last):
            return
        if len(seen.body) > LARGE and self._skips(seen.path):
            return
        found = around(seen.body)
        if found is None:
            return
        name = f"{seen.path} {found[0]}"
        if name in self._known or len(self._known) < PATHS_MAX:
            listing = self._known.setdefault(name, Listing())
            listing.look(found[1])
            self.changed = True

    def _skips(self, path: str) -> bool:
        """Whether a large answer is let by: it would be parsed once more for a few names."""
        if any(one.strange for name, one in self._known.items() if name.startswith(f"{path} ")):
            return False
        self._skipped[path] = (self._skipped.get(path, -1) + 1) % ONE_OF
        return self._skipped[path] != 0

    def differences(self) -> Iterator[tuple[str, Difference]]:
        """(Path and list, what is missing there or has another type)."""
        for name, listing in self._known.items():
            if listing.strange < HOLD_AT:
                continue
            for lost, now in listing.what.items():
                evidence = Evidence(listing.looked, listing.strange, listing.strange, 0.0)
                before, after = {"types": sorted(listing.names.get(lost, {}))}, {"types": [now]}
                yield name, Difference(Kind.ENVELOPE, lost, before, after, evidence)

    def over(self, name: str) -> bool:
        """Whether the listings are again as they used to be."""
        listing = self._known.get(name)
        return listing is None or listing.ordinary >= CLEAN_AT

    def accept(self, name: str, lost: str) -> None:
        """It is right as it is now."""
        if name in self._known:
            self._known[name].accept(lost)
            self.changed = True

    def expect(self, name: str) -> None:
        """A drift is open there since before this process began: count what is ordinary from now on."""
        if name in self._known:
            self._known[name].ordinary = 0

    def to_bytes(self) -> bytes:
        return msgspec.msgpack.encode(self._known)

    def restore(self, data: bytes) -> None:
        """What ``to_bytes`` gave; of another format: learned anew."""
        try:
            self._known = msgspec.msgpack.decode(data, type=dict[str, Listing])
        except msgspec.MsgspecError:
            self._known = {}
