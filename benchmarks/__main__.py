"""``python -m benchmarks``: run the measures and print their table."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import (
    carried,
    cold,
    crew,
    fairness,
    memory,
    painting,
    peers,
    reading,
    scale,
    scrape,
    server,
    storm,
    trigger,
    watching,
    writing,
)
from benchmarks.report import Line, table, write_json
from syncd import process


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    listed: int = 40_000
    load: int = 5_000
    pairs: tuple[int, ...] = (20_000, 200_000)
    in_state: int = 1_000_000
    events: int = 300
    peers: int = 20_000
    links: int = 10_000
    rounds: int = 5
    storm_s: int = 60
    customers: int = 200
    backlog: int = 100_000
    webhooks: int = 1_000
    by_crew: int = 150
    carried: int = 1_000_000


QUICK = Sizes(
    listed=2_000,
    load=400,
    pairs=(2_000, 10_000),
    in_state=20_000,
    events=30,
    peers=400,
    links=500,
    rounds=3,
    storm_s=3,
    by_crew=50,
    carried=5_000,
)


_SPREAD = frozenset({"N9", "SCALE"})
"""Measures of several processes and a database, which need every core."""


def _groups(
    folder: Path, sizes: Sizes, peers_python: str
) -> dict[str, tuple[int, Callable[[str], list[Line]]]]:
    """Measures -> (records the left platform lists, what to run against its address)."""
    rounds = sizes.rounds
    few = min(rounds, 3)
    return {
        "N1,N2": (
            sizes.listed,
            lambda url: asyncio.run(reading.full_pass(folder, url, sizes.listed, rounds)),
        ),
        "N3": (0, lambda url: asyncio.run(reading.incremental(folder, url, sizes.pairs, 4 * rounds))),
        "N4": (sizes.load, lambda url: [asyncio.run(writing.first_load(folder, url, sizes.load, few))]),
        "N5": (
            sizes.load,
            lambda url: [asyncio.run(writing.first_load_far_away(folder, url, sizes.load, few))],
        ),
        "N6": (0, lambda url: asyncio.run(trigger.trigger(folder, url, sizes.pairs[0], sizes.events))),
        "N7": (
            sizes.load,
            lambda url: [
                asyncio.run(watching.no_change_pass(folder, url, sizes.load, 2 * rounds)),
                asyncio.run(watching.first_load(folder, url, sizes.load, rounds)),
            ],
        ),
        "N8": (0, lambda url: [memory.peak(folder, url, sizes.in_state)]),
        "N9": (
            sizes.by_crew,
            lambda url: asyncio.run(crew.two_against_one(url, sizes.by_crew, rounds)),
        ),
        "SCALE": (
            sizes.by_crew,
            lambda url: [
                *asyncio.run(scale.wakes(sizes.links)),
                *asyncio.run(carried.carried(url, sizes.links, sizes.carried, sizes.by_crew)),
            ],
        ),
        "N10": (0, lambda url: cold.starts(folder, url, rounds)),
        "S1": (0, lambda _url: asyncio.run(storm.storm(folder, 500, sizes.storm_s))),
        "SCRAPE": (0, lambda _url: [asyncio.run(scrape.scrape(folder, sizes.links, 25, rounds))]),
        "S2": (
            0,
            lambda _url: asyncio.run(
                fairness.fairness(folder, sizes.customers, sizes.backlog, sizes.webhooks)
            ),
        ),
        "T": (0, lambda _url: painting.painting(sizes.links, rounds)),
        "PEERS": (sizes.peers, lambda url: peers.peers(folder, url, sizes.peers, peers_python)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default="", help="measures, for example N1,N4 or PEERS")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run, not how fast")
    parser.add_argument("--json", type=Path, help="write the lines to this file, too")
    parser.add_argument("--peers-python", default=sys.executable, help="an interpreter that has the peers")
    given = parser.parse_args()
    wanted = {name.strip().upper() for name in given.only.split(",") if name.strip()}
    process.tune()  # as whoever opens a site does; the bare loop has the benefit of it, too
    lines: list[Line] = []
    with TemporaryDirectory(prefix="syncd-bench-") as folder:
        groups = _groups(Path(folder), QUICK if given.quick else Sizes(), given.peers_python)
        for names, (records, run) in groups.items():
            if wanted and not wanted & set(names.split(",")):
                continue
            print(f"{names} ...", file=sys.stderr, flush=True)
            with server.running(records, pinned=names not in _SPREAD) as base_url:
                lines += run(base_url)
    print(table(lines))
    if given.json is not None:
        write_json(given.json, lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
