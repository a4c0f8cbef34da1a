"""Many seeds, on several cores: counts, violations, and the command that replays each failing seed."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.sim.faults import FIRED_HERE
from tests.sim.run import Outcome, run

CORPUS = Path(__file__).with_name("corpus.txt")
LARGE = 1_000
"""A batch of so many seeds in which some fault never fired proves nothing about that fault."""
_CHUNK = 20
_COUNTS = ("seeds", "fired", "struck", "steps", "cycles", "writes", "seconds")


@dataclass(slots=True)
class Tally:
    """What a batch came to."""

    seeds: int = 0
    failed: list[Outcome] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    """In how many seeds each fault fired at all."""
    steps: int = 0
    cycles: int = 0
    writes: int = 0
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.fired += outcome.fired
        self.struck.update(name for name, times in outcome.fired.items() if times)
        self.steps += outcome.steps
        self.cycles += outcome.cycles
        self.writes += outcome.writes
        if outcome.violations:
            self.failed.append(outcome)

    @property
    def silent(self) -> list[str]:
        """Faults of the simulation that never fired."""
        return [name for name in FIRED_HERE if not self.fired[name]]


def command(seed: int) -> str:
    """What replays one seed, step by step."""
    return f"python -m tests.sim --seeds 1 --seed-base {seed} --trace"


def play(seeds: Iterable[int], workers: int, *, progress: bool = False, kept: Path | None = None) -> Tally:
    """Run them all; the order of the outcomes is that of the seeds. ``kept``: the file of a long run's tally:
    broken off, it goes on behind what stands there, with the same seeds and on the same code."""
    tally = _restored(kept) if kept is not None and kept.exists() else Tally()
    started = time.monotonic() - tally.seconds
    for outcome in _outcomes(list(seeds)[tally.seeds :], workers):
        tally.add(outcome)
        tally.seconds = time.monotonic() - started
        if kept is not None and tally.seeds % _CHUNK == 0:
            _keep(tally, kept)
        if progress and outcome.violations:
            print(f"seed {outcome.seed}: {outcome.violations[0]}", file=sys.stderr)
        if progress and tally.seeds % 500 == 0:
            rate = tally.seeds / (time.monotonic() - started)
            print(
                f"{tally.seeds} seeds, {len(tally.failed)} violations, {rate:.1f} a second", file=sys.stderr
            )
    return tally


def _keep(tally: Tally, file: Path) -> None:
    told = {name: getattr(tally, name) for name in _COUNTS}
    failed = [[one.seed, one.violations[:5]] for one in tally.failed]
    beside = file.with_name(f"{file.name}.new")
    beside.write_text(json.dumps({**told, "failed": failed}), encoding="utf-8")
    beside.replace(file)


def _restored(file: Path) -> Tally:
    told = json.loads(file.read_text(encoding="utf-8"))
    failed = [Outcome(seed, tuple(said), Counter(), "", 0, 0, 0) for seed, said in told.pop("failed")]
    tally = Tally(**told, failed=failed)
    tally.fired, tally.struck = Counter(tally.fired), Counter(tally.struck)
    return tally


def _outcomes(seeds: list[int], workers: int) -> Iterator[Outcome]:
    if workers <= 1:
        yield from map(run, seeds)
        return
    # spawned anew, so that every worker has the same fixed hash seed; a worker that died fails the batch
    context = multiprocessing.get_context("spawn")
    # what was imported is never freed: the collector of garbage need not go through it
    with context.Pool(workers, initializer=gc.freeze, maxtasksperchild=_CHUNK * 5) as pool:
        yield from pool.imap(run, seeds, chunksize=_CHUNK)


def hashing_is_fixed() -> bool:
    """Whether sets of words have the same order in every process: without that no seed replays."""
    return os.environ.get("PYTHONHASHSEED") == "0"


def corpus() -> list[int]:
    """Seeds that failed once: each is played in every batch for ever."""
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    return [int(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]


def remember(failed: Iterable[Outcome]) -> None:
    """Add failing seeds to the corpus."""
    known = set(corpus())
    new = [outcome for outcome in failed if outcome.seed not in known]
    with CORPUS.open("a", encoding="utf-8") as file:
        for outcome in new:
            file.write(f"{outcome.seed}  # {outcome.violations[0][:90]}\n")
