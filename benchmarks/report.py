"""One measured line, and the table of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time

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


@dataclass
class Rate:
    """How much of something was done, round by round: by the clock, and by this process's own CPU time, which
    other work on the machine disturbs less."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @contextmanager
    def doing(self, count: int) -> Iterator[None]:
        """One round, in which ``count`` of it are done."""
        wall, cpu = perf_counter(), process_time()
        yield
        self.wall.append(count / (perf_counter() - wall))
        self.cpu.append(count / (process_time() - cpu))


def share(measure: str, what: str, unit: str, rates: tuple[Rate, Rate], goals: tuple[int, int]) -> Line:
    """Ours as a percentage of the bare loop's, medians of all rounds; ``rates`` (ours, bare) in ``unit``,
    ``goals`` in percent of the clock's rate."""
    ours, bare = median(rates[0].wall), median(rates[1].wall)
    percent = 100 * ours / bare
    by_cpu = 100 * median(rates[0].cpu) / median(rates[1].cpu)
    must, go_for = goals
    return Line(
        measure,
        what,
        f"{ours:,.0f} {unit}",
        f"{bare:,.0f} {unit}",
        f"{percent:.0f} % (CPU: {by_cpu:.0f} %)",
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
