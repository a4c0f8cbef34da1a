"""Walks as states: what is asked for next, what is shown, and what is believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from syncd.connectors.servicetrade.edge import ListPage, Row
from syncd.connectors.servicetrade.walk import Part, Walk, advance, begin, look_back, query, resumed
from syncd.ports import Page

Listing = Callable[[int], Sequence[int]]
"""How the list stands at the nth request."""


def walked(listing: Listing, *, limit: int = 4, since: int | None = None, started: int = 1000) -> list[Page]:
    """A whole walk over a list of ids whose ``updated`` is their id."""
    walk = begin(since, limit)
    walk = Walk(part=walk.part, limit=limit, started=started)
    shown: dict[str, Part] = {}
    pages: list[Page] = []
    requests = 0
    while True:
        listed = _page(listing(requests), walk.page, limit)
        back = _page(listing(requests + 1), limit * (walk.page - 1), 1) if walk.page > 1 else None
        requests += 2
        page, walk = advance(walk, listed, back, shown, since)
        pages.append(page)
        if page.resume is None:
            return pages
        assert resumed(page.resume) == walk


def _page(ids: Sequence[int], page: int, limit: int) -> ListPage:
    rows = [Row(str(i), b"{}", i) for i in ids[limit * (page - 1) : limit * page]]
    return ListPage(rows, max(1, -(-len(ids) // limit)))


def shown(pages: Sequence[Page]) -> list[int]:
    return [int(seen.key) for page in pages for seen in page.records]


def test_a_quiet_list_is_walked_completely() -> None:
    pages = walked(lambda _: range(1, 11))
    assert shown(pages) == list(range(1, 11))
    assert [page.complete for page in pages] == [True] * 3
    assert pages[-1].watermark == "10"


def test_records_that_came_in_are_shown_once_and_hide_nothing() -> None:
    """A record that comes in at the front moves the others down: shown twice by the list, once by us."""
    pages = walked(lambda request: [*([99] if request >= 2 else []), *range(1, 9)])
    assert sorted(shown(pages)) == list(range(1, 9))
    assert not pages[-1].complete, "the newcomer itself was not shown"
    appended = walked(lambda request: range(1, 9 + (request >= 2)))
    assert appended[-1].complete
    assert shown(appended) == list(range(1, 10))


def test_a_record_that_left_makes_the_walk_incomplete() -> None:
    """It moves the others up over the border of two pages: one of them was never shown."""
    pages = walked(lambda request: range(1 if request < 2 else 2, 11))
    assert 5 not in shown(pages)
    assert not pages[-1].complete


def test_an_incremental_walk_is_two_and_shows_each_record_once() -> None:
    pages = walked(lambda _: range(1, 4), since=2)
    assert shown(pages) == [1, 2, 3]
    assert [page.watermark for page in pages] == [None, "3"]


def test_the_watermark_never_passes_the_start_nor_goes_back() -> None:
    assert walked(lambda _: range(1, 4), started=2)[-1].watermark == "2"
    assert walked(lambda _: (), since=7)[-1].watermark == "7"
    assert walked(lambda _: ())[-1].watermark is None


def test_what_is_asked_for() -> None:
    first = begin(None, 2000)
    assert query(first, None, 300) == {"limit": "2000", "page": "1"}
    second = Walk(part="updated", page=3, limit=2000)
    assert query(second, 1000, 300) == {"updatedAfter": "700", "limit": "2000", "page": "3"}
    assert look_back(second, 1000, 300) == {"updatedAfter": "700", "limit": "1", "page": "4000"}


def test_a_walk_that_is_not_complete_stays_so() -> None:
    pages = walked(lambda request: range(1 if request < 2 else 2, 19))
    complete = [page.complete for page in pages]
    assert all(before or not after for before, after in pairwise(complete))
