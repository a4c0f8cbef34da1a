"""N6: from the announcement of one new record to its posting, the engine's own part."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks import bare
from benchmarks.platform import ENTITY, ledger_body
from benchmarks.report import Line, bound, percentile
from benchmarks.state import Link, opened, settled_pairs
from benchmarks.wire import FIRST_ID, wire
from syncd.ports import IntentRow, Settlement

_NEW = 1_000_000
"""Numbers from here on are in no listing and in no state."""


def _watched(link: Link) -> list[float]:
    """When each write was on disk as posted. What the cycle does after that nobody waits for."""
    posted: list[float] = []
    settle = link.store.settle

    async def settle_and_note(settlement: Settlement) -> IntentRow | None:
        following = await settle(settlement)
        posted.append(perf_counter())
        return following

    link.store.settle = settle_and_note  # type: ignore[method-assign]
    return posted


async def trigger(folder: Path, base_url: str, pairs: int, events: int) -> list[Line]:
    """What stays of the time from hint to settled write without the three requests themselves, as the bare
    loop sends them: GET the record, poll the other side, POST."""
    path = folder / "trigger.db"
    warm = max(events // 10, 5)
    ours, beside = [], []
    async with bare.session() as http, opened(path, base_url) as link:
        await settled_pairs(link, path, pairs)
        posted = _watched(link)
        for at in range(events + warm):
            key, body = FIRST_ID + _NEW + at, ledger_body(wire(_NEW + at))
            started = perf_counter()
            await bare.get(http, base_url, key)
            await bare.poll(http, base_url, "right")
            await bare.post(http, base_url, body)
            beside.append(1000 * (perf_counter() - started))
            started = perf_counter()
            await link.store.add_hints("left", [(ENTITY, str(key))], f"delivery-{at}")
            outcome = await link.engine.drain(scheduled=False)
            ours.append(1000 * (posted[-1] - started))
            assert outcome.flows[ENTITY].tally.created == 1
    remote = median(beside[warm:])
    own = [total - remote for total in ours[warm:]]
    least = f"{remote:.2f} ms (three requests, taken off)"
    return [
        bound("N6", "announced to posted, own part, p50", "ms", (percentile(own, 50), least), (2, 1)),
        bound("N6", "announced to posted, own part, p99", "ms", (percentile(own, 99), least), (10, 10)),
    ]
