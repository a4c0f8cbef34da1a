"""``connector``: the beginnings of a new platform."""

from __future__ import annotations

from pathlib import Path

from syncd.cli.exits import Exit
from syncd.cli.output import Column, emit, say


def new(name: str, /, *, into: Path = Path()) -> int:
    """Begin a new platform: its package, its sandbox, its quality file and its tests, all of them running.

    Nothing that is there is touched. docs/connectors.md walks through what comes next.

    For example:
      syncd connector new field-pro

    Parameters
    ----------
    name
        The platform's name: lower-case words joined by '-'.
    into
        The checkout to write into.
    """
    from syncd.scaffold import new_connector  # noqa: PLC0415

    rows = [{"file": str(path)} for path in new_connector(name, into)]
    emit([row["file"] for row in rows], rows, [Column("file", "WRITTEN")])
    package = name.replace("-", "_")
    say("\nNext: make sure that it runs, then put what the platform's documents say in its place:")
    say(f"  pytest tests/conformance/test_{package}.py")
    say("Last: what it comes to, into the README's table: syncd platforms --markdown")
    return Exit.OK
