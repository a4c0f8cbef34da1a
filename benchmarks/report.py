"""One measured line, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles

import orjson


@dataclass(frozen=True)
class Line:
    """One row of the table. Figures are text already: units differ from row to row."""

    measure: str
    what: str
    ours: str
    bare: str
    ratio: str
    must: str
    go_for: str
    met: bool | None
    """Whether ``must`` holds; None where there is nothing to hold it to (not run)."""


def share(measure: str, what: str, unit: str, figures: tuple[float, float], goals: tuple[int, int]) -> Line:
    """Ours as a percentage of the bare loop's; ``figures`` (ours, bare) in ``unit``, ``goals`` in percent."""
    ours, bare = figures
    percent = 100 * ours / bare
    must, go_for = goals
    return Line(
        measure,
        what,
        f"{ours:,.0f} {unit}",
        f"{bare:,.0f} {unit}",
        f"{percent:.0f} %",
        f">= {must} %",
        f">= {go_for} %",
        percent >= must,
    )


def bound(measure: str, what: str, unit: str, figures: tuple[float, str], goals: tuple[float, float]) -> Line:
    """A figure that must stay below a bound; ``figures``: (ours, what it is compared with)."""
    ours, beside = figures
    must, go_for = goals
    return Line(
        measure,
        what,
        f"{ours:,.2f} {unit}",
        beside,
        "",
        f"<= {must:g} {unit}",
        f"<= {go_for:g} {unit}",
        ours <= must,
    )


def skipped(measure: str, why: str) -> Line:
    """A measure that could not be taken here."""
    return Line(measure, why, "", "", "", "", "", None)


def percentile(samples: Sequence[float], percent: int) -> float:
    """Inclusive, so that it is a figure that was measured or lies between two that were."""
    return quantiles(samples, n=100, method="inclusive")[percent - 1]


_HEAD = ("", "measure", "ours", "bare", "ratio", "must", "go for", "")


def table(lines: Sequence[Line]) -> str:
    """As Markdown, so that it can be pasted into the README."""
    rows = [_HEAD] + [
        (x.measure, x.what, x.ours, x.bare, x.ratio, x.must, x.go_for, _VERDICT[x.met]) for x in lines
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    printed = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    printed.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(printed)


_VERDICT = {True: "met", False: "MISSED", None: "not run"}


def write_json(path: Path, lines: Sequence[Line]) -> None:
    path.write_bytes(orjson.dumps([asdict(line) for line in lines], option=orjson.OPT_INDENT_2))
