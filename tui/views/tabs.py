"""The screens by number, in one line over all of them."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text


def tabs(screens: Mapping[str, str], current: str, width: int) -> Text:
    """``screens``: mode -> its name, in the order of their numbers; the one shown stands in brackets. In a
    narrow terminal the others are known by how their names begin."""
    letters = max(map(len, screens.values()), default=0)
    while letters > 1 and len(_line(screens, current, letters).plain) > width:
        letters -= 1
    return _line(screens, current, letters)


def _line(screens: Mapping[str, str], current: str, letters: int) -> Text:
    said = Text(no_wrap=True, overflow="ellipsis")
    for number, (mode, name) in enumerate(screens.items(), 1):
        here = mode == current
        shown = f"[{number} {name}]" if here else f" {number} {name[:letters]} "
        said.append(shown, style="bold reverse" if here else "dim")
    return said
