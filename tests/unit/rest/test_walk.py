"""Walks as states: what is asked for next, what is shown, and what is believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from syncd.ports import Page
from syncd.rest.paging import Ask, NextAddress, Offset, PageNumber, Paging, Token
from syncd.rest.rows import Listed, Row
from syncd.rest.walk import EVERYTHING, Walk, advance, begin, resumed

Listing = Callable[[int], Sequence[int]]
"""How the list stands at the nth request."""
PARTS = ("updatedAfter", "createdAfter")


def walked(
    listing: Listing,
    *,
    paging: Paging = PageNumber(),  # noqa: B008 - frozen
    limit: int = 4,
    since: int | None = None,
    started: int = 1000,
    totals: bool = True,
) -> list[Page]:
    """A whole walk over a list of ids whose stamp is their id."""
    parts = PARTS if since is not None else ()
    walk = Walk(part=begin(parts, limit).part, limit=limit, started=started)
    shown: dict[str, str] = {}
    pages: list[Page] = []
    requests = 0
    while True:
        listed = _answer(listing(requests), paging, paging.ask(walk.place), totals)
        border = paging.look_back(walk.place)
        back = None if border is None else _answer(listing(requests + 1), paging, border, totals)
        requests += 2
        page, walk = advance(walk, paging, listed, back, shown, since, parts)
        pages.append(page)
        if page.resume is None:
            return pages
        assert resumed(page.resume) == walk


def _answer(ids: Sequence[int], paging: Paging, ask: Ask, totals: bool) -> Listed:
    limit = int(ask.params.get("limit", 4))
    start = 0
    if isinstance(paging, PageNumber):
        start = limit * (int(ask.params["page"]) - paging.first)
    elif isinstance(paging, Offset):
        start = int(ask.params["offset"])
    elif ask.path or "cursor" in ask.params:
        start = int(ask.path or ask.params["cursor"])
    rows = [Row(str(i), b"{}", i) for i in ids[start : start + limit]]
    following = str(start + limit) if start + limit < len(ids) else None
    pages = max(1, -(-len(ids) // limit)) if totals and isinstance(paging, PageNumber) else None
    return Listed(rows, following=following, pages=pages)


def shown(pages: Sequence[Page]) -> list[int]:
    return [int(seen.key) for page in pages for seen in page.records]


STYLES = pytest.mark.parametrize(
    "paging",
    [PageNumber(), PageNumber(first=0), Offset(), Offset(ends="short"), Token(), NextAddress("limit")],
    ids=["page", "page-from-0", "offset", "offset-short", "token", "address"],
)


@STYLES
@pytest.mark.parametrize("count", [0, 1, 4, 5, 8, 10])
@pytest.mark.parametrize("totals", [True, False])
def test_a_quiet_list_is_walked_completely(paging: Paging, count: int, totals: bool) -> None:
    pages = walked(lambda _: range(1, count + 1), paging=paging, totals=totals)
    assert shown(pages) == list(range(1, count + 1))
    assert all(page.complete for page in pages)
    assert pages[-1].watermark == (str(count) if count else None)


@pytest.mark.parametrize("paging", [PageNumber(), Offset()], ids=["page", "offset"])
@pytest.mark.parametrize("totals", [True, False])
def test_records_that_left_make_the_walk_incomplete(paging: Paging, totals: bool) -> None:
    """They move the others up over the border of two pages: some of those were never shown."""
    pages = walked(lambda request: range(1 if request < 2 else 3, 11), paging=paging, totals=totals)
    assert 5 not in shown(pages)
    assert not pages[-1].complete


def test_records_that_came_in_are_shown_once_and_hide_nothing() -> None:
    """A record that comes in at the front moves the others down: shown twice by the list, once by us."""
    pages = walked(lambda request: [*([99] if request >= 2 else []), *range(1, 9)])
    assert sorted(shown(pages)) == list(range(1, 9))
    assert not pages[-1].complete, "the newcomer itself was not shown"
    appended = walked(lambda request: range(1, 9 + (request >= 2)))
    assert appended[-1].complete
    assert shown(appended) == list(range(1, 10))


def test_a_list_that_got_shorter_is_not_complete() -> None:
    """The second page is empty because a record left the first: nothing stands at the border any more."""
    pages = walked(lambda request: range(1, 5) if request < 2 else range(2, 5), totals=False)
    assert not pages[-1].complete


def test_an_address_that_leads_back_ends_the_walk() -> None:
    """A platform that sends us where we have been would turn us in circles."""
    rows = [Row("1", b"{}", 1)]
    page, walk = advance(Walk(at="x"), Token(), Listed(rows, following="x"), None, {}, None)
    assert page.resume is None
    assert not page.complete
    assert walk.at == "x"


def test_a_part_that_says_it_is_not_whole_is_believed() -> None:
    page, _ = advance(Walk(), Token(), Listed([], complete=False), None, {}, None)
    assert not page.complete


def test_an_incremental_walk_has_a_part_for_each_way_to_ask() -> None:
    pages = walked(lambda _: range(1, 4), since=2)
    assert shown(pages) == [1, 2, 3]
    assert [page.watermark for page in pages] == [None, "3"]
    assert begin((), 5).part == EVERYTHING


def test_the_watermark_never_passes_the_start_nor_goes_back() -> None:
    assert walked(lambda _: range(1, 4), started=2)[-1].watermark == "2"
    assert walked(lambda _: (), since=7)[-1].watermark == "7"
    assert walked(lambda _: ())[-1].watermark is None


def test_a_walk_that_is_not_complete_stays_so() -> None:
    pages = walked(lambda request: range(1 if request < 2 else 2, 19))
    complete = [page.complete for page in pages]
    assert all(before or not after for before, after in pairwise(complete))
