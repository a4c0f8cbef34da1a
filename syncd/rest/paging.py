"""How lists are cut into pages: by number, by offset, by a token, by the address of the next page. Pure.

A list may shift while it is walked: a record that leaves a page already read pulls one that was not
read yet over the border. By number, the last place of the page before is looked at again
(``look_back``); by offset, each page begins with the last record of the page before. Where the platform
itself says what follows, it keeps the place.
"""

# ruff: noqa: ARG002 (a style does not need all that it is lent)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

from syncd.rest.rows import Listed


class Ask(NamedTuple):
    """One GET: ``path`` (empty: the resource's own; an address of the platform as it gave it)."""

    path: str
    params: Mapping[str, str]


class Place(NamedTuple):
    """Where a part of a walk stands."""

    at: str
    """In the paging style's own words; empty at its start."""
    limit: int
    listed: int
    """Records that the pages before held."""


class Paging(Protocol):
    """One style. ``overlaps``: whether each page but the first repeats the record before it."""

    @property
    def overlaps(self) -> bool: ...

    def ask(self, place: Place) -> Ask:
        """What to ask for the page at ``place``."""
        ...

    def look_back(self, place: Place) -> Ask | None:
        """What shows the last record of the page before ``place``, and nothing else; None where this
        style has no such question."""
        ...

    def following(self, place: Place, listed: Listed) -> str | None:
        """Where the page after ``listed`` is; None where it was the last."""
        ...


Ends = Literal["short", "empty"]
"""How a list without totals ends: with a page that is not full (only where the platform documents that it
serves as many as it is asked for), or with an empty one."""


@dataclass(frozen=True, slots=True)
class PageNumber:
    """``?page=3&limit=100``."""

    page: str = "page"
    limit: str = "limit"
    first: int = 1
    ends: Ends = "empty"
    looks_back: bool = True
    """Whether the list is watched for shifting, at the price of one small request a page."""

    @property
    def overlaps(self) -> bool:
        return False

    def ask(self, place: Place) -> Ask:
        return Ask("", {self.limit: str(place.limit), self.page: place.at or str(self.first)})

    def look_back(self, place: Place) -> Ask | None:
        if not place.at or not place.listed or not self.looks_back:
            return None
        # with pages of one record, the last place of the page before is the page of that number
        return Ask("", {self.limit: "1", self.page: str(place.listed - 1 + self.first)})

    def following(self, place: Place, listed: Listed) -> str | None:
        number = int(place.at or self.first)
        return str(number + 1) if _goes_on(place, listed, number - self.first + 1, self.ends) else None


@dataclass(frozen=True, slots=True)
class Offset:
    """``?offset=200&limit=100``, ``?$skip=200&$top=100``, ``startposition 201``."""

    offset: str = "offset"
    limit: str = "limit"
    first: int = 0
    """The number of the first record."""
    ends: Ends = "empty"

    @property
    def overlaps(self) -> bool:
        return True

    def ask(self, place: Place) -> Ask:
        return Ask("", {self.limit: str(place.limit), self.offset: place.at or str(self.first)})

    def look_back(self, place: Place) -> Ask | None:
        return None

    def following(self, place: Place, listed: Listed) -> str | None:
        start = int(place.at or self.first)
        again = 1 if place.at else 0  # this page began with a record of the page before
        if not _goes_on(place, listed, None, self.ends, again):
            return None
        return str(start + max(listed.held - 1, 0))


@dataclass(frozen=True, slots=True)
class Token:
    """``?cursor=...``: the answer holds a token that asks for what follows."""

    parameter: str = "cursor"
    limit: str = "limit"
    """Empty: the platform decides how much a page holds."""

    @property
    def overlaps(self) -> bool:
        return False

    def ask(self, place: Place) -> Ask:
        size = {self.limit: str(place.limit)} if self.limit else {}
        return Ask("", {**size, self.parameter: place.at} if place.at else size)

    def look_back(self, place: Place) -> Ask | None:
        return None

    def following(self, place: Place, listed: Listed) -> str | None:
        return listed.following or None


@dataclass(frozen=True, slots=True)
class NextAddress:
    """The answer gives the whole address of the next page, in its body (``@odata.nextLink``, ``next``) or
    in its ``Link`` header. It is followed as it is, and only on the connection's own host."""

    limit: str = ""
    """Parameter of the first request that says how much a page holds; empty: the platform decides."""

    @property
    def overlaps(self) -> bool:
        return False

    def ask(self, place: Place) -> Ask:
        if place.at:
            return Ask(place.at, {})
        return Ask("", {self.limit: str(place.limit)} if self.limit else {})

    def look_back(self, place: Place) -> Ask | None:
        return None

    def following(self, place: Place, listed: Listed) -> str | None:
        return listed.following or None


@dataclass(frozen=True, slots=True)
class Whole:
    """No pages: one answer holds the whole list."""

    @property
    def overlaps(self) -> bool:
        return False

    def ask(self, place: Place) -> Ask:
        return Ask("", {})

    def look_back(self, place: Place) -> Ask | None:
        return None

    def following(self, place: Place, listed: Listed) -> str | None:
        return None


WHOLE: Final = Whole()


def _goes_on(place: Place, listed: Listed, page: int | None, ends: Ends, again: int = 0) -> bool:
    """Whether a page follows: by what the platform says, else by how full this one was."""
    if listed.pages is not None and page is not None:
        return page < listed.pages
    if listed.more is not None:
        return listed.more
    fresh = listed.held - again
    if listed.total is not None:
        # an empty page ends it too: a total that counts what we may not see must not turn us in circles
        return fresh > 0 and place.listed + fresh < listed.total
    return fresh > 0 if ends == "empty" else listed.held >= place.limit


def link_header(value: str) -> str | None:
    """The address with ``rel="next"`` in a ``Link`` header (RFC 8288); None where there is none."""
    for link in value.split(","):
        address, *attributes = link.split(";")
        if any(a.strip().lower() in ('rel="next"', "rel=next", "rel='next'") for a in attributes):
            return address.strip().removeprefix("<").removesuffix(">") or None
    return None
