"""How a place inside a record is written: ``a.b``, list items ``a[]``, values of a dynamic map ``a.*``.

The record itself is the empty path. A key that holds one of the signs is escaped with a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

ITEMS: Final = "[]"
ANY: Final = "*"

_SPECIAL: Final = ".[\\"


@lru_cache(maxsize=16384)
def escape(key: str) -> str:
    """One key, as it stands in a path."""
    if not any(sign in key for sign in _SPECIAL):
        return key
    return key.replace("\\", "\\\\").replace(".", "\\.").replace("[", "\\[")


def below(path: str, key: str) -> str:
    """The path of a key of the record at ``path``."""
    return f"{path}.{escape(key)}" if path else escape(key)


def items(path: str) -> str:
    """The path of the items of the list at ``path``."""
    return path + ITEMS


_STEP: Final = re.compile(r"\[\]|(?:\\.|[^.\[\\])+")
_ESCAPED: Final = re.compile(r"\\(.)")


@lru_cache(maxsize=16384)
def steps(path: str) -> tuple[str, ...]:
    """The path taken apart: keys unescaped, ``[]`` for list items."""
    return tuple(part if part == ITEMS else _ESCAPED.sub(r"\1", part) for part in _STEP.findall(path))


def join(parts: tuple[str, ...]) -> str:
    """The inverse of ``steps``."""
    path = ""
    for part in parts:
        path = items(path) if part == ITEMS else below(path, part)
    return path


@lru_cache(maxsize=16384)
def parent(path: str) -> str:
    """The path of what holds ``path``; of the record itself, the record."""
    return join(steps(path)[:-1])


def leaf(path: str) -> str:
    """The last step; empty for the record itself."""
    parts = steps(path)
    return parts[-1] if parts else ""


def inside(path: str, above: str) -> bool:
    """Whether ``path`` is ``above`` or lies inside it."""
    return path == above or not above or path.startswith((above + ".", above + ITEMS))


def wire(path: str) -> str:
    """The path as a lens declares it (dots descend, lists are not entered): for looking it up there."""
    return ".".join(part for part in steps(path) if part != ITEMS)


def values(value: Any, along: tuple[str, ...]) -> Iterator[Any]:
    """Every value that the steps lead to from ``value``; nothing where they lead nowhere."""
    for at, step in enumerate(along):
        if step == ITEMS or (step == ANY and type(value) is dict and ANY not in value):
            held = value if type(value) is list else value.values() if type(value) is dict else ()
            for inner in held:
                yield from values(inner, along[at + 1 :])
            return
        if type(value) is not dict or step not in value:
            return
        value = value[step]
    yield value
