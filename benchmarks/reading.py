"""N1, N2: a full pass over unchanged records. N3: an incremental pass that finds nothing."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks import bare
from benchmarks.report import Line, Rate, bound, share
from benchmarks.state import Link, opened, settled_pairs
from syncd.core.model import Side
from syncd.core.policy import Mode

_LEFT = frozenset({Side.LEFT})


async def full_pass(folder: Path, base_url: str, records: int, rounds: int) -> list[Line]:
    """N1 and N2, one side: every page read, every record recognised as unchanged."""
    bare_rate, canonical_rate, gate_rate = Rate(), Rate(), Rate()
    async with (
        bare.session() as http,
        opened(
            folder / "canonical.db", base_url, mode=Mode.OBSERVE, incremental=False, raw_stable=False
        ) as canonical,
        opened(folder / "gated.db", base_url, mode=Mode.OBSERVE, incremental=False) as gated,
    ):
        await canonical.engine.cycle()
        await gated.engine.cycle()
        for _ in range(rounds):
            with bare_rate.doing(records):
                assert await bare.pull(http, base_url) == records
            with canonical_rate.doing(records):
                await _unchanged(canonical, records)
            with gate_rate.doing(records):
                await _unchanged(gated, records)
    what = "full pass, nothing changed"
    return [
        share("N1", f"{what}, canonical path", "rec/s", (canonical_rate, bare_rate), (40, 55)),
        share("N2", f"{what}, raw-bytes gate", "rec/s", (gate_rate, bare_rate), (80, 110)),
    ]


async def _unchanged(link: Link, records: int) -> None:
    outcome = (await link.engine.cycle(poll=_LEFT)).flows["invoice"]
    assert (outcome.read, outcome.changed, outcome.error) == (records, 0, "")


async def incremental(folder: Path, base_url: str, sizes: tuple[int, ...], rounds: int) -> list[Line]:
    """N3 over states of several sizes: what costs must not depend on them."""
    lines = []
    for pairs in sizes:
        path = folder / f"incremental-{pairs}.db"
        ours, beside = [], []
        async with bare.session() as http, opened(path, base_url) as link:
            await settled_pairs(link, path, pairs)
            for _ in range(rounds + 1):
                started = perf_counter()
                await bare.poll(http, base_url, "left")
                await bare.poll(http, base_url, "right")
                beside.append(1000 * (perf_counter() - started))
                started = perf_counter()
                outcome = await link.engine.cycle()
                ours.append(1000 * (perf_counter() - started))
                assert outcome.writes == 0
                assert not outcome.flows["invoice"].error
        least = f"{median(beside[1:]):.2f} ms (two polls)"
        what = f"incremental pass, nothing changed, {pairs:,} pairs"
        lines.append(bound("N3", what, "ms", (median(ours[1:]), least), (10, 3)))
    return lines
