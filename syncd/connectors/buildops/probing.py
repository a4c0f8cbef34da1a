"""What ``syncd check --live`` finds out about a tenant, for each fact that public sources dispute. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from syncd.connectors.buildops.entities import SHAPES
from syncd.connectors.buildops.profile import BuildopsProfile
from syncd.ports import Finding

Wire = Mapping[str, Any]


def envelope(body: Any, profile: BuildopsProfile) -> list[Finding]:
    """``body``: a list's answer, decoded."""
    if not isinstance(body, Mapping):
        return [_wrong("pages.rows", "the answer is no envelope")]
    rows = next((name for name in ("items", "data") if isinstance(body.get(name), list)), None)
    if rows is None:
        return [_wrong("pages.rows", "the envelope holds neither `items` nor `data`")]
    found = [] if rows == profile.pages.rows else [_wrong("pages.rows", f"lists stand under `{rows}`")]
    total = "totalCount" if isinstance(body.get("totalCount"), int) else None
    query = body.get("query")
    if total is None and isinstance(query, Mapping) and isinstance(query.get("totalCount"), int):
        total = "query.totalCount"
    if total != profile.pages.total:
        found.append(
            _wrong("pages.total", f"the count stands under `{total}`" if total else "there is no count")
        )
    return found or [_right("pages", "the envelope is as the profile says")]


def first_page(
    zero: Sequence[str] | None, one: Sequence[str] | None, profile: BuildopsProfile
) -> list[Finding]:
    """``zero``, ``one``: keys on page 0 and page 1, a record each; None where the page is refused."""
    if not zero and not one:
        return [_unclear("pages.first", "too few records to tell")]
    if zero is None or zero == one:
        first = 1
    elif one:
        first = 0
    else:
        return [_unclear("pages.first", "one record only: page 0 and page 1 cannot be told apart")]
    if first != profile.pages.first:
        return [_wrong("pages.first", f"the first page is {first}")]
    return [_right("pages.first", f"the first page is {first}")]


def size(rows: int, profile: BuildopsProfile) -> list[Finding]:
    """``rows``: how many came when one was asked for."""
    if rows > 1:
        return [_wrong("pages.size", f"`{profile.pages.size}` is ignored: {rows} records came for one")]
    return [_right("pages.size", f"`{profile.pages.size}` is honoured")]


def changes(entity: str, parameter: str, rows: int) -> list[Finding]:
    """``rows``: how many changed since a day that has not come."""
    if rows:
        words = f"`{parameter}` is ignored: records that did not change came"
        return [
            _wrong(f"changes.{entity}", words, "set the other parameter, or null: then all is read each time")
        ]
    return [_right(f"changes.{entity}", f"`{parameter}` is honoured")]


def address(wires: Sequence[Wire], profile: BuildopsProfile) -> list[Finding]:
    """``wires``: customers."""
    seen = [a for wire in wires for a in wire.get("addresses") or () if isinstance(a, Mapping)]
    if not seen:
        return [_unclear("address", "none of the first customers has an address")]
    shape = next((name for name, keys in SHAPES.items() if any(keys["street"] in a for a in seen)), None)
    found = []
    if shape != profile.address.shape:
        found.append(_wrong("address.shape", f"addresses are {shape or 'of neither shape'}"))
    types = sorted({str(a.get("addressType")) for a in seen})
    if profile.address.type not in types:
        found.append(_wrong("address.type", f"the first customers' addresses are: {', '.join(types)}"))
    return found or [_right("address", "addresses are as the profile says")]


def experimental() -> Finding:
    """Said by every check."""
    return Finding(
        "warning",
        "experimental",
        "BuildOps' API reference is by invitation: this connector is built on what public code shows",
        "compare the profile with the reference that your tenant was given; try a test tenant first",
    )


def _wrong(field: str, words: str, remedy: str = "set it in the connection's profile") -> Finding:
    return Finding("error", f"profile: {field}", words, remedy)


def _right(field: str, words: str) -> Finding:
    return Finding("ok", f"profile: {field}", words)


def _unclear(field: str, words: str) -> Finding:
    return Finding("warning", f"profile: {field}", words, "compare it with the reference of your tenant")
