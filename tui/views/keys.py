"""Help: every key that works here, from the bindings themselves, so that it cannot lie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.table import Table
from rich.text import Text


class Key(NamedTuple):
    """One binding as it stands now."""

    keys: str
    does: str
    group: str
    enabled: bool


def table(keys: Iterable[Key]) -> Table:
    """By group, the screen's own first; what the token does not allow is greyed and says so."""
    listed = Table(box=None, pad_edge=False, show_header=False)
    listed.add_column("key", no_wrap=True)
    listed.add_column("does")
    group = ""
    everywhere = ("list", "sheet", "app", "go")  # what the screen alone can do stands before these
    for key in sorted(keys, key=lambda one: (one.group in everywhere, one.group, one.keys.lower(), one.keys)):
        if key.group != group:
            group = key.group
            listed.add_row("", "")
            listed.add_row("", Text(group.upper(), style="bold underline"))
        style = "" if key.enabled else "dim"
        why = "" if key.enabled else "   (your token does not allow it)"
        listed.add_row(Text(key.keys, style=f"bold {style}"), Text(f"{key.does}{why}", style=style))
    return listed
