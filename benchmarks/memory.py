"""N8: peak memory of a process whose state holds very many pairs. Each part runs in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.report import Line, bound
from benchmarks.state import opened, settled_pairs


def peak(folder: Path, base_url: str, pairs: int) -> Line:
    """Build the state in one child, work on it in another, and ask that one for its peak."""
    path = folder / "memory.db"
    for part in ("build", "work"):
        told = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", part, str(path), base_url, str(pairs)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    what = f"peak RSS, {pairs:,} pairs in state ({path.stat().st_size / 1e6:,.0f} MB)"
    return bound("N8", what, "MB", (float(told), ""), (200, 130))


async def _build(path: Path, base_url: str, pairs: int) -> None:
    async with opened(path, base_url) as link:
        await settled_pairs(link, path, pairs)


async def _work(path: Path, base_url: str, pairs: int) -> None:
    """An incremental pass, then look-ups of 500 keys at a time all over the state."""
    chosen = random.Random(8)
    async with opened(path, base_url) as link:
        outcome = await link.engine.cycle()
        assert not outcome.flows["invoice"].error
        for _ in range(100):
            keys = [str(4_000_000_000_000_000 + chosen.randint(1, pairs)) for _ in range(500)]
            assert len(await link.store.known(1, keys)) == len(set(keys))
    print(_peak_mb())


def _peak_mb() -> float:
    """Of this program alone: a child's ``ru_maxrss`` begins with its parent's size where Linux tells both."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=("build", "work"))
    parser.add_argument("path", type=Path)
    parser.add_argument("base_url")
    parser.add_argument("pairs", type=int)
    given = parser.parse_args()
    asyncio.run((_build if given.part == "build" else _work)(given.path, given.base_url, given.pairs))
