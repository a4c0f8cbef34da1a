"""``python -m tests.mutants``: every planted bug, who caught it, and how many seeds that took.
Exits 1 if one survives."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.mutants.mutations import MUTATIONS
from tests.sim import document


def hunted(name: str, seeds: int) -> dict[str, Any]:
    """One bug, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants.hunt", name, str(seeds)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        check=False,
    )
    if done.returncode:
        # it does not even start with this bug in it: found before the first seed
        return {
            "by": "the first seed crashes",
            "after": 1,
            "played": 1,
            "words": done.stderr.strip().splitlines()[-1],
        }
    answer = [line for line in done.stdout.splitlines() if line.startswith('{"by"')]
    if not answer:
        return {
            "by": "the run itself breaks",
            "after": 1,
            "played": 1,
            "words": (done.stderr or done.stdout)[-90:].strip(),
        }
    found: dict[str, Any] = json.loads(answer[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many seeds a bug may take")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", default="", help="bugs whose name holds this")
    parser.add_argument("--document", action="store_true", help="the table into docs/reliability.md")
    arguments = parser.parse_args()
    wanted = {one.name: one.world for one in MUTATIONS if arguments.only in one.name}
    rows = ["| planted bug | its world | caught by | after seeds | of these played | it said |"]
    rows.append("|---|---|---|---:|---:|---|")
    print("\n".join(rows))
    survived = 0
    with ThreadPoolExecutor(arguments.workers) as pool:
        for name, found in zip(wanted, pool.map(lambda n: hunted(n, arguments.seeds), wanted), strict=True):
            words = str(found["words"]).splitlines()[0][:90].replace("|", "/") if found["words"] else ""
            sought = f"{found['after']:,} | {found['played']:,}" if found["after"] else "|"
            by = found["by"] or "**nobody**"
            rows.append(f"| {name} | {wanted[name]} | {by} | {sought} | {words} |")
            print(rows[-1], flush=True)
            survived += not found["by"]
    came_to = f"{len(wanted)} planted bugs, {survived} survived"
    if arguments.document:
        document.replace(document.PAGE, "mutants", "\n".join([f"{came_to}.", "", *rows]))
    print(came_to)
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
