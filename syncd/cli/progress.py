"""A running sync, shown on stderr: bars on a terminal, lines with ``--verbose`` elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from syncd.api.models import Progress
from syncd.cli.options import options
from syncd.cli.output import console, neutral, say

Show = Callable[[Progress], None]


@contextmanager
def following() -> Iterator[Show]:
    """A function that shows each step; what it drew is gone at the end."""
    if options().quiet:
        yield _nothing
    elif sys.stderr.isatty():
        with _bars() as show:
            yield show
    else:
        yield _lines()


@contextmanager
def _bars() -> Iterator[Show]:
    from rich import progress as rich  # noqa: PLC0415

    columns = (
        rich.SpinnerColumn(),
        rich.TextColumn("{task.description}", markup=False),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
    )
    with rich.Progress(*columns, console=console(stderr=True), transient=True) as bars:
        tasks: dict[tuple[str, str], rich.TaskID] = {}

        def show(step: Progress) -> None:
            key = (step.link, step.flow)
            if key not in tasks:
                tasks[key] = bars.add_task("", total=None)
            bars.update(
                tasks[key],
                description=neutral(f"{step.link}/{step.flow} {step.phase}"),
                completed=step.done,
                total=step.total,
            )

        yield show


def _nothing(_: Progress) -> None:
    """``--quiet``."""


def _lines() -> Show:
    last: dict[tuple[str, str], str] = {}

    def show(step: Progress) -> None:
        key = (step.link, step.flow)
        if options().verbose and last.get(key) != step.phase:
            last[key] = step.phase
            say(f"{step.link}/{step.flow}: {step.phase}")

    return show
