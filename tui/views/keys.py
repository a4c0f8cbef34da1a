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
    lacks: str = ""
    """What the token would have to be made for; empty: it may."""


def table(keys: Iterable[Key]) -> Table:
    """By group, the screen's own first; what the token does not allow is greyed and says why."""
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
        style = "dim" if key.lacks else ""
        why = f"   (your token lacks the scope {key.lacks})" if key.lacks else ""
        listed.add_row(Text(key.keys, style=f"bold {style}"), Text(f"{key.does}{why}", style=style))
    return listed
