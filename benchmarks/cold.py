"""N10: how long a person waits for a command that has nothing to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.report import Line, bound


def starts(folder: Path, base_url: str, rounds: int) -> list[Line]:
    """``syncd --help``, and a whole process that opens its state, runs a cycle and finds nothing."""
    state = folder / "cold.db"
    cycle = [sys.executable, "-m", "benchmarks.cold", str(state), base_url]
    subprocess.run(cycle, check=True)  # makes the state
    figures: dict[str, list[float]] = {"python": [], "help": [], "cycle": []}
    commands = {
        "python": [sys.executable, "-c", "pass"],
        "help": [sys.executable, "-c", "import sys; from syncd.cli import main; sys.exit(main())", "--help"],
        "cycle": cycle,
    }
    for _ in range(rounds):
        for name, command in commands.items():
            started = perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            figures[name].append(perf_counter() - started)
    bare = f"{median(figures['python']):.2f} s (python)"
    return [
        bound("N10", "syncd --help, cold", "s", (median(figures["help"]), bare), (0.6, 0.25)),
        bound("N10", "a cycle with nothing to do, cold", "s", (median(figures["cycle"]), bare), (1.2, 0.7)),
    ]


async def _cycle(state: Path, base_url: str) -> None:
    from benchmarks.state import opened  # noqa: PLC0415 - part of what is timed

    async with opened(state, base_url) as link:
        outcome = await link.engine.cycle()
        assert outcome.writes == 0


if __name__ == "__main__":
    import asyncio

    asyncio.run(_cycle(Path(sys.argv[1]), sys.argv[2]))
