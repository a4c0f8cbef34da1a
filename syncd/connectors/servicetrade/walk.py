"""A walk over one list, as a state that moves from page to page. Pure.

Lists cannot be sorted by ``updated``, so records move between pages while they are read. A page that
moved *down* only shows records twice; one that moved *up* hides some. So after each further page the
last place of the page before it is looked at again (``limit=1``): if a record stands there that was not
shown yet, some were hidden and the walk is not complete. That look also counts the whole list.

An incremental walk has two parts: changed since, then created since, because public code does not
trust ``updatedAfter`` to show records that were never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from syncd.connectors.servicetrade.edge import ListPage, Row
from syncd.ports import Page, Seen

Part = Literal["all", "updated", "created"]


class Walk(msgspec.Struct, frozen=True):
    """Where a walk stands; its JSON is the resume token."""

    part: Part
    page: int = 1
    limit: int = 1
    count: int = 0
    """Different records that this part has listed so far."""
    last: str = ""
    """The last record of the page before."""
    started: int = 0
    """The platform's clock when the walk began, unix seconds. What changes later is the next walk's."""
    newest: int = 0
    complete: bool = True


def begin(since: int | None, limit: int) -> Walk:
    return Walk("all" if since is None else "updated", limit=limit)


def query(walk: Walk, since: int | None, overlap_s: int) -> dict[str, str]:
    """The parameters of its next page."""
    window = {} if since is None else {f"{walk.part}After": str(max(since - overlap_s, 0))}
    return {**window, "limit": str(walk.limit), "page": str(walk.page)}


def look_back(walk: Walk, since: int | None, overlap_s: int) -> dict[str, str]:
    """The parameters that show the last place of the page before, and count the list."""
    place = walk.limit * (walk.page - 1)
    return {**query(walk, since, overlap_s), "limit": "1", "page": str(place)}


def advance(
    walk: Walk, listed: ListPage, back: ListPage | None, shown: dict[str, Part], since: int | None
) -> tuple[Page, Walk]:
    """The page to show, and where the walk stands after it.

    ``shown``: key -> the part that listed it last, of the records that this walk has shown in this
    process; it is added to.
    """
    complete = walk.complete and (back is None or _stands(walk, back, shown))
    fresh: Sequence[Row] = [row for row in listed.rows if row.key not in shown]
    first_here = sum(shown.get(row.key) != walk.part for row in listed.rows)
    shown.update(dict.fromkeys((row.key for row in listed.rows), walk.part))
    records = [Seen(row.key, row.raw) for row in fresh]
    now = msgspec.structs.replace(
        walk,
        page=walk.page + 1,
        count=walk.count + first_here,
        last=listed.rows[-1].key if listed.rows else "",
        newest=max([walk.newest, *(row.updated or 0 for row in fresh)]),
        complete=complete,
    )
    if walk.page < listed.total_pages:
        return Page(records, resume=_token(now), complete=complete), now
    # counted after the last page: fewer shown than there are means that some were hidden from us
    complete = complete and (back is None or now.count >= back.total_pages)
    now = msgspec.structs.replace(now, complete=complete)
    if walk.part == "updated":
        now = msgspec.structs.replace(now, part="created", page=1, count=0, last="")
        return Page(records, resume=_token(now), complete=complete), now
    return Page(records, watermark=_watermark(now, since), complete=complete), now


def resumed(token: str) -> Walk:
    """Raises ``msgspec.MsgspecError`` for a token that is none of ours."""
    return msgspec.json.decode(token, type=Walk)


def _token(walk: Walk) -> str:
    return msgspec.json.encode(walk).decode()


def _stands(walk: Walk, back: ListPage, shown: Mapping[str, Part]) -> bool:
    key = back.rows[0].key if back.rows else ""
    return key != "" and (key == walk.last or shown.get(key) == walk.part)


def _watermark(walk: Walk, since: int | None) -> str | None:
    """The newest change seen, but never past the walk's own start: what changed behind the walk's back
    must not be overtaken by what changed later and lay ahead of it."""
    mark = max(min(walk.newest, walk.started), since or 0)
    return str(mark) if mark else None
