"""``docs/reliability.md``: the parts of it that are made from code and from runs."""

from __future__ import annotations

from pathlib import Path

from tests.sim.batch import Tally
from tests.sim.faults import TABLE, Layer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def faults() -> str:
    """Which layer injects each fault."""
    rows = ["| fault | | where it is injected |", "|---|---|---|"]
    for row in TABLE:
        where = "simulation" if row.layer is Layer.SIMULATION else f"{row.layer.value}: `{row.where}`"
        rows.append(f"| {row.area}: {row.name.replace('_', ' ')} | {row.says} | {where} |")
    return "\n".join(rows)


def results(tally: Tally, base: int) -> str:
    """One batch: how often each fault fired, in how many seeds, and what was violated."""
    rows = [
        f"{tally.seeds:,} seeds from {base:,}: **{len(tally.failed)} violations**"
        f" ({tally.cycles:,} scheduled cycles, {tally.writes:,} remote writes, {tally.steps:,} steps).",
        "",
        "| fault | fired | in seeds |",
        "|---|---:|---:|",
    ]
    for row in TABLE:
        if row.layer is Layer.SIMULATION:
            name, fired, struck = row.name.replace("_", " "), tally.fired[row.name], tally.struck[row.name]
            rows.append(f"| {row.area}: {name} | {fired:,} | {struck:,} |")
    return "\n".join(rows)


def write(table: str) -> None:
    """A batch's table into the page, and the table of faults as it is in the code."""
    replace(PAGE, "simulation", table)
    replace(PAGE, "faults", faults())


def part(page: Path, name: str) -> str:
    """What stands in a part of the page by now. Raises ``ValueError`` if the page has no place for it."""
    return _around(page, name)[1].strip()


def replace(page: Path, part: str, text: str) -> None:
    """Raises ``ValueError`` if the page has no place for the part."""
    before, _, after = _around(page, part)
    page.write_text(f"{before}\n{text}\n{after}", encoding="utf-8")


def _around(page: Path, part: str) -> tuple[str, str, str]:
    begin, end = f"<!-- {part}: generated -->", f"<!-- {part}: end -->"
    whole = page.read_text(encoding="utf-8")
    if begin not in whole or end not in whole:
        raise ValueError(f"{page.name} has no place for {part!r}")
    head, _, rest = whole.partition(begin)
    inside, _, tail = rest.partition(end)
    return head + begin, inside, end + tail
