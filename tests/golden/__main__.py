"""``python -m tests.golden``: a crash at every resume point of the stories that say they survive it;
``--twice``: and a second one into every state that its recovery goes through. Exits 1 on a fault."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Mapping

from tests.golden.crashes import report
from tests.golden.parser import all_stories
from tests.sim import document

_HEAD = (
    "| story | resume points | states a crash can leave | playings | faults |",
    "|---|---:|---:|---:|---:|",
)
_PARTS = {False: "crashes", True: "crashes twice"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--twice", action="store_true", help="a second crash during each recovery")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--document", action="store_true", help="each story's row into docs/reliability.md")
    parser.add_argument("--stories", type=int, default=None, help="only so many")
    parser.add_argument("--only", default="", help="only those whose title holds this")
    parser.add_argument("--missing", action="store_true", help="only those that have no row there yet")
    arguments = parser.parse_args()
    every = [story.title for story in all_stories() if story.every_step]
    part = _PARTS[arguments.twice]
    there = _rows(document.part(document.PAGE, part))
    titles = [title for title in every if arguments.only in title]
    titles = [title for title in titles if not (arguments.missing and title in there)][: arguments.stories]
    print("\n".join(_HEAD))
    playings, bad = 0, []
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for title, total, states, played, wrong in pool.imap(report, [(t, arguments.twice) for t in titles]):
            row = f"| {title} | {total:,} | {states} | {played:,} | {len(wrong)} |"
            print(row, flush=True)
            if arguments.document:
                there[title] = row
                document.replace(document.PAGE, part, _table(there, every))
            playings += played
            bad += wrong
    for one in bad[:20]:
        print(one)
    print(f"{playings} crashes, {len(bad)} violations")
    return 1 if bad else 0


def _rows(table: str) -> dict[str, str]:
    """Title -> row of a table."""
    lines = [line for line in table.splitlines() if line.startswith("| ") and line not in _HEAD]
    return {line.split("|")[1].strip(): line for line in lines}


def _table(there: Mapping[str, str], every: list[str]) -> str:
    """The rows of the stories as they are told by now, and what they add up to."""
    rows = [there[title] for title in every if title in there]
    sums = [sum(int(row.split("|")[column].replace(",", "")) for row in rows) for column in (2, 4, 5)]
    played = f"{len(rows)} of {len(every)} stories, each on the code of its time"
    summed = "{:,} resume points, {:,} playings with a crash, {:,} faults.".format(*sums)
    return "\n".join([f"{played}: {summed}", "", *_HEAD, *rows])


if __name__ == "__main__":
    sys.exit(main())
