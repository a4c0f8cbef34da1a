"""The screens by number, in one line over all of them."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text


def tabs(screens: Mapping[str, str], current: str) -> Text:
    """``screens``: mode -> its name, in the order of their numbers; the one shown stands in brackets."""
    said = Text(no_wrap=True, overflow="ellipsis")
    for number, (mode, name) in enumerate(screens.items(), 1):
        here = mode == current
        said.append(
            f"[{number} {name}]" if here else f" {number} {name} ", style="bold reverse" if here else "dim"
        )
    return said
