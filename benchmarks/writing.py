"""N4, N5: the first load of a ledger, each write with its intent, hold check, audit and settlement."""

from __future__ import annotations

from pathlib import Path

from benchmarks import bare
from benchmarks.platform import ledger_body
from benchmarks.report import Line, Rate, share
from benchmarks.state import opened
from benchmarks.wire import wire


async def first_load(folder: Path, base_url: str, records: int, rounds: int) -> Line:
    """N4: the platform answers at once."""
    what = f"first load of {records:,}, journaled, concurrency 32"
    figures = await _load(folder, base_url, records, rounds, 0)
    return share("N4", what, "pairs/s", figures, (20, 40))


async def first_load_far_away(folder: Path, base_url: str, records: int, rounds: int) -> Line:
    """N5: the platform takes 50 ms over each answer."""
    what = f"first load of {records:,}, 50 ms API latency"
    figures = await _load(folder, base_url, records, rounds, 50)
    return share("N5", what, "pairs/s", figures, (95, 98))


async def _load(folder: Path, base_url: str, records: int, rounds: int, latency_ms: int) -> tuple[Rate, Rate]:
    """(ours, bare). Both read the whole list, then write every record."""
    bodies = [ledger_body(wire(number)) for number in range(records)]
    ours, beside = Rate(), Rate()
    async with bare.session() as http:
        await bare.latency(http, base_url, latency_ms)
        try:
            for number in range(rounds):
                with beside.doing(records):
                    await bare.poll(http, base_url, "right")
                    await bare.pull(http, base_url)
                    await bare.post_all(http, base_url, bodies)
                path = folder / f"load-{latency_ms}-{number}.db"
                async with opened(path, base_url) as link:
                    with ours.doing(records):
                        written = 0
                        while written < records:
                            done = (await link.engine.cycle()).writes
                            assert done, "the load came to a stop"
                            written += done
                    counts = await link.store.counts(await link.store.flow("bench", "invoice"))
                    assert counts.bound == records
                    assert not counts.intents
        finally:
            await bare.latency(http, base_url, 0)
    return ours, beside
