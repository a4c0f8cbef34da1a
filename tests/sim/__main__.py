"""``python -m tests.sim``: play seeds, print ``N seeds, V violations``, exit 1 if there were any."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.sim import batch, document
from tests.sim.run import run


def main() -> int:
    arguments = _arguments()
    if not batch.hashing_is_fixed():
        # the order of sets depends on it, and with that the run of a seed
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.sim", *sys.argv[1:]],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    if arguments.trace:
        return _trace(arguments.seed_base)
    kept = [] if arguments.no_corpus else batch.corpus()
    wanted = [*kept, *range(arguments.seed_base, arguments.seed_base + arguments.seeds)]
    shown = sys.stderr.isatty() or arguments.progress
    tally = batch.play(dict.fromkeys(wanted), arguments.workers, progress=shown, kept=arguments.keep)
    for outcome in tally.failed[:20]:
        print(f"seed {outcome.seed}:")
        for violation in outcome.violations[:5]:
            print(f"  {violation}")
        print(f"  replay: {batch.command(outcome.seed)}")
    if arguments.remember:
        batch.remember(tally.failed)
    silent = tally.silent if tally.seeds >= batch.LARGE else []
    for name in silent:
        print(f"{name} never fired: a batch without it proves nothing about it")
    if arguments.table or arguments.document:
        table = document.results(tally, arguments.seed_base)
        print(table)
        if arguments.document:
            document.write(table)
    rate = tally.seeds / tally.seconds if tally.seconds else 0.0
    print(f"{tally.cycles} scheduled cycles, {tally.writes} writes, {tally.steps} steps")
    print(f"{rate:.1f} seeds a second")
    print(f"{tally.seeds} seeds, {len(tally.failed)} violations")
    return 1 if tally.failed or silent else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--seed-base", type=int, default=0, help="the first")
    parser.add_argument("--workers", type=int, default=1, help="processes side by side")
    parser.add_argument(
        "--trace", action="store_true", help="play one seed and print every step that left a mark"
    )
    parser.add_argument("--table", action="store_true", help="print how often each fault fired")
    parser.add_argument("--document", action="store_true", help="the same, into docs/reliability.md")
    parser.add_argument("--remember", action="store_true", help="add failing seeds to the corpus")
    parser.add_argument("--no-corpus", action="store_true", help="leave out the seeds that failed once")
    parser.add_argument("--keep", type=Path, help="a long run's file: broken off, it goes on from there")
    parser.add_argument("--progress", action="store_true", help="count on stderr")
    return parser.parse_args()


def _trace(seed: int) -> int:
    outcome = run(seed, tell=True)
    print("\n".join(outcome.log))
    for violation in outcome.violations:
        print(violation)
    print(f"seed {seed}, trace {outcome.trace}, {len(outcome.violations)} violations")
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
