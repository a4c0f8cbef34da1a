"""A walk over one list, as a state that moves from page to page. Pure.

What is believed of a list that may shift while it is read: a walk is complete only if, at every border
between two pages, the record that stood last still stands there or was shown already. An incremental walk
has a part for each way to ask for changes (changed since; created since, where "changed" may not show
records that were never changed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncd.ports import Page, Seen
from syncd.rest.paging import Paging, Place
from syncd.rest.rows import Listed, Row

EVERYTHING = "everything"
"""The one part of a walk that asks for all records."""


class Walk(msgspec.Struct, frozen=True):
    """Where a walk stands; its JSON is the resume token."""

    part: str = EVERYTHING
    """``EVERYTHING``, or the filter that asks for changes."""
    at: str = ""
    """Where the next page is, in the paging style's words."""
    limit: int = 1
    listed: int = 0
    """Records that the pages of this part have held."""
    count: int = 0
    """Different records that this part has listed so far."""
    last: str = ""
    """The last record of the page before."""
    started: int = 0
    """The platform's clock when the walk began, in ticks. What changes later is the next walk's."""
    newest: int = 0
    complete: bool = True

    @property
    def place(self) -> Place:
        return Place(self.at, self.limit, self.listed)


def begin(parts: Sequence[str], limit: int) -> Walk:
    """``parts``: the filters that ask for changes; empty: everything is walked."""
    return Walk(part=parts[0] if parts else EVERYTHING, limit=limit)


def resumed(token: str) -> Walk:
    """Raises ``msgspec.MsgspecError`` for a token that is none of ours."""
    return msgspec.json.decode(token, type=Walk)


def advance(
    walk: Walk,
    paging: Paging,
    listed: Listed,
    back: Listed | None,
    shown: dict[str, str],
    since: int | None,
    parts: Sequence[str] = (),
) -> tuple[Page, Walk]:
    """The page to show, and where the walk stands after it.

    ``back``: the answer to ``paging.look_back``, where it was asked. ``shown``: key -> the part that listed
    it last, of the records that this walk has shown in this process; it is added to.
    """
    border = back
    if border is None and paging.overlaps and walk.at:
        border = listed
    complete = walk.complete and listed.complete and (border is None or _stands(walk, border, shown))
    fresh: Sequence[Row] = [row for row in listed.rows if row.key not in shown and not _repeated(walk, row)]
    first_here = sum(shown.get(r.key) != walk.part and not _repeated(walk, r) for r in listed.rows)
    shown.update(dict.fromkeys((row.key for row in listed.rows), walk.part))
    records = [Seen(row.key, row.raw, row.deleted) for row in fresh]
    following = paging.following(walk.place, listed)
    again = 1 if paging.overlaps and walk.at else 0
    now = msgspec.structs.replace(
        walk,
        at=following or "",
        listed=walk.listed + max(listed.held - again, 0),
        count=walk.count + first_here,
        last=listed.rows[-1].key if listed.rows else walk.last,
        newest=max([walk.newest, *(row.modified or 0 for row in fresh)]),
        complete=complete,
    )
    if following is not None and following != walk.at:
        return Page(records, resume=_token(now), complete=complete), now
    # a platform that sends us where we have been would turn us in circles: ended, and not complete
    complete = complete and following is None and _all_there(now, listed, back)
    now = msgspec.structs.replace(now, complete=complete)
    if walk.part in parts[:-1]:
        part = parts[list(parts).index(walk.part) + 1]
        now = msgspec.structs.replace(now, part=part, at="", listed=0, count=0, last="")
        return Page(records, resume=_token(now), complete=complete), now
    return Page(records, watermark=_watermark(now, since), complete=complete), now


def _token(walk: Walk) -> str:
    return msgspec.json.encode(walk).decode()


def _repeated(walk: Walk, row: Row) -> bool:
    # after a resume in another process, what the page before showed is only known by its last record
    return row.key == walk.last and walk.at != ""


def _stands(walk: Walk, border: Listed, shown: Mapping[str, str]) -> bool:
    """Whether the border between two pages is where it was."""
    key = border.rows[0].key if border.rows else ""
    if key == "":
        # a record that is none of ours tells nothing; no record at all, that the list has become shorter
        return border.held > 0
    return key == walk.last or shown.get(key) == walk.part


def _all_there(walk: Walk, listed: Listed, back: Listed | None) -> bool:
    """Counted after the last page: fewer shown than there are means that some were hidden from us."""
    total = back.pages if back is not None and back.pages is not None else listed.total
    return total is None or walk.count >= total


def _watermark(walk: Walk, since: int | None) -> str | None:
    """The newest change seen, but never past the walk's own start: what changed behind the walk's back
    must not be overtaken by what changed later and lay ahead of it."""
    mark = max(min(walk.newest, walk.started), since or 0)
    return str(mark) if mark else None
