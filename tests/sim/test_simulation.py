"""The simulation itself: a seed replays exactly, a killed process stays dead, a livelock is told."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.sim import batch, document
from tests.sim.faults import FIRED_HERE, TABLE, Layer
from tests.sim.loop import SimClock, SimLoop, Stuck, process


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as people type it, in a process of its own: its hash seed is fixed there."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    return subprocess.run(
        [sys.executable, "-m", "tests.sim", *arguments],
        capture_output=True,
        text=True,
        env=clean,
        timeout=110,
        check=False,
    )


def test_a_seed_replays_exactly_in_another_process() -> None:
    first, second = (simulate("--seed-base", "3", "--trace").stdout for _ in range(2))
    assert first == second
    assert "seed 3, trace" in first


def test_a_batch_says_how_many_seeds_and_violations() -> None:
    done = simulate("--seeds", "3", "--no-corpus")
    assert done.stdout.splitlines()[-1] == "3 seeds, 0 violations"
    assert done.returncode == 0


def test_a_long_run_that_was_broken_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_CHUNK", 1)
    kept = tmp_path / "tally.json"
    batch.play([3], 1, kept=kept)
    gone_on, whole = batch.play([3, 4], 1, kept=kept), batch.play([3, 4], 1)
    assert (gone_on.seeds, gone_on.fired, gone_on.struck) == (2, whole.fired, whole.struck)
    assert gone_on.writes == whole.writes


def test_the_corpus_is_read_and_each_seed_says_what_it_showed() -> None:
    lines = [line for line in batch.CORPUS.read_text().splitlines() if line and not line.startswith("#")]
    assert len(batch.corpus()) == len(lines)
    assert all("  # " in line for line in lines)


def test_every_fault_has_one_row_and_one_layer() -> None:
    assert len({row.name for row in TABLE}) == len(TABLE)
    assert all(row.where for row in TABLE if row.layer is not Layer.SIMULATION)
    assert len(FIRED_HERE) > 30


@pytest.mark.parametrize("module", ["checker", "closing", "limits", "state", "expected", "truth"])
def test_the_judge_shares_no_code_with_what_it_judges(module: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, tests.sim.{module}; print([n for n in sys.modules if n.split('.')[0] == 'syncd'])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_the_page_shows_the_faults_as_they_are_in_the_code() -> None:
    assert (
        f"<!-- faults: generated -->\n{document.faults()}\n<!-- faults: end -->" in document.PAGE.read_text()
    )


def test_a_large_batch_in_which_a_fault_never_fired_is_told() -> None:
    assert batch.Tally(seeds=batch.LARGE).silent == list(FIRED_HERE)


def test_time_passes_only_when_nothing_is_ready() -> None:
    loop = SimLoop(Random(1))
    clock = SimClock(loop, Random(1), 0.0)

    async def waits() -> float:
        start = clock.now()
        await asyncio.gather(*(clock.sleep(100.0) for _ in range(50)))
        return (clock.now() - start).total_seconds()

    assert loop.run_until_complete(waits()) == pytest.approx(100.0, abs=0.01)
    loop.bury()


def test_a_killed_process_never_runs_again_not_even_its_finally() -> None:
    loop = SimLoop(Random(1))
    ran: list[str] = []

    async def victim() -> None:
        try:
            while True:
                ran.append("ran")
                await asyncio.sleep(1.0)
        finally:
            ran.append("cleaned up")

    async def world() -> None:
        loop.spawn(7, victim())
        await asyncio.sleep(3.5)
        loop.kill(7)
        await asyncio.sleep(10.0)

    loop.run_until_complete(world())
    assert ran == ["ran"] * 4
    loop.bury()


def test_a_set_of_tasks_has_the_same_order_in_every_run() -> None:
    """Seed 5000104: a group cancelled its tasks in the order of their addresses."""

    async def wait() -> None:
        await asyncio.sleep(60.0)

    def order() -> list[int]:
        loop = SimLoop(Random(1))
        tasks = [loop.create_task(wait()) for _ in range(50)]
        found = [tasks.index(task) for task in set(tasks)]
        loop.bury()
        return found

    assert order() == order()


def test_what_a_process_starts_belongs_to_it() -> None:
    loop = SimLoop(Random(1))
    owners: list[int] = []

    async def child() -> None:
        owners.append(process.get())

    async def parent() -> None:
        await asyncio.create_task(child())

    async def world() -> None:
        await loop.spawn(5, parent())

    loop.run_until_complete(world())
    assert owners == [5]
    loop.bury()


def test_a_livelock_is_told_from_a_slow_machine() -> None:
    loop = SimLoop(Random(1), steps_max=1_000)

    async def spins() -> None:
        for _ in range(10_000):
            await asyncio.sleep(0)

    with pytest.raises(Stuck, match="1000 steps"):
        loop.run_until_complete(spins())
    loop.bury()
