"""Text of records and platforms made fit for a terminal: whatever it says, it is shown and never obeyed."""

from __future__ import annotations

import unicodedata
from typing import Final

from rich.text import Text

_WIDEST: Final = 2_000
"""Characters of one value that are ever shown; the API has the whole."""
_PICTURES: Final = {"\n": "↵", "\r": "↵", "\t": "→", "\x1b": "␛", "\x00": "␀"}
_MARKS_MAX: Final = 2
"""Combining marks on one letter; a hundred of them would paint over the lines above."""


def harmless(text: str, width: int = _WIDEST) -> str:
    """One line of at most ``width`` characters, without anything that moves a cursor, turns direction, hides
    or grows out of its line. Line ends become ``↵``, tabs ``→``, other such characters ``�``; a cut ends
    in ``…``."""
    if len(text) <= width and text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for character in text[:width]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MARKS_MAX:
            # not printable: controls, escapes, bidi marks, private and lone surrogates, line separators
            shown.append(character if character.isprintable() else _PICTURES.get(character, "�"))
    if len(text) > width:
        shown[-1:] = "…"
    return "".join(shown)


def cell(text: str, style: str = "", width: int = 60) -> Text:
    """The same as a table's cell. A ``Text`` is never read as markup."""
    return Text(harmless(text, width), style=style, no_wrap=True, overflow="ellipsis")


def fits(wanted: str, *said: str) -> bool:
    """Whether one of the texts has the words of a filter; ``!`` before it turns it round."""
    words = wanted.removeprefix("!").lower()
    return any(words in one.lower() for one in said) is not wanted.startswith("!") or not words
