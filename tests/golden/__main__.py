"""``python -m tests.golden``: a crash at every resume point of the stories that say they survive it;
``--twice``: and a second one into every state that its recovery goes through. Exits 1 on a fault."""

from __future__ import annotations

import argparse
import multiprocessing
import sys

from tests.golden.crashes import report
from tests.golden.parser import all_stories
from tests.sim import document


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--twice", action="store_true", help="a second crash during each recovery")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--document", action="store_true", help="the table into docs/reliability.md")
    parser.add_argument("--stories", type=int, default=None, help="only so many")
    arguments = parser.parse_args()
    titles = [story.title for story in all_stories() if story.every_step][: arguments.stories]
    rows = ["| story | resume points | states a crash can leave | playings | faults |"]
    rows.append("|---|---:|---:|---:|---:|")
    print("\n".join(rows))
    playings, bad = 0, []
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for title, total, states, played, wrong in pool.imap(report, [(t, arguments.twice) for t in titles]):
            rows.append(f"| {title} | {total:,} | {states} | {played:,} | {len(wrong)} |")
            print(rows[-1], flush=True)
            playings += played
            bad += wrong
    if arguments.document:
        document.replace(document.PAGE, "crashes", "\n".join(rows))
    for one in bad[:20]:
        print(one)
    print(f"{playings} crashes, {len(bad)} violations")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
