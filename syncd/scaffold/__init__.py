"""``syncd connector new NAME``: a new platform as it should begin, whole and green.

The package, its sandbox, its quality file and its tests are copied from ``templates`` with the name set in.
Everything in them is made up: what the platform's documents say takes its place, piece by piece, while the
tests stay green. ``docs/connectors.md`` walks through it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Final

from syncd.connectors import registry
from syncd.core.errors import FixInput

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FILES: Final[Mapping[str, str]] = {
    "syncd/connectors/@PACKAGE@/__init__.py": "connector/package.txt",
    "syncd/connectors/@PACKAGE@/settings.py": "connector/settings.txt",
    "syncd/connectors/@PACKAGE@/entities.py": "connector/entities.txt",
    "syncd/connectors/@PACKAGE@/connector.py": "connector/connector.txt",
    "syncd/connectors/@PACKAGE@/quality.toml": "connector/quality.txt",
    "syncd/connectors/@PACKAGE@/QUIRKS.md": "connector/quirks.txt",
    "syncd/sandbox/@PACKAGE@/__init__.py": "sandbox/package.txt",
    "syncd/sandbox/@PACKAGE@/server.py": "sandbox/server.txt",
    "tests/conformance/test_@PACKAGE@.py": "tests/conformance.txt",
    "tests/property/lenses/@PACKAGE@.py": "tests/lenses.txt",
}
"""File in a checkout -> template."""


def new_connector(name: str, checkout: Path) -> list[Path]:
    """Write a new platform into a checkout and return its files.

    Raises ``FixInput`` for a name that is none or taken, or a folder that is no checkout; then nothing is
    written.
    """
    if not _NAME.fullmatch(name):
        raise FixInput(
            f"{name!r} cannot be a platform's name", remedy="lower-case words joined by '-': field-pro"
        )
    if not (checkout / "syncd" / "connectors").is_dir():
        raise FixInput(
            f"{checkout} is no checkout of syncd",
            remedy="name one with --into; a platform of your own package is found by its entry point "
            "(docs/connectors.md)",
        )
    if name in registry.names():
        raise FixInput(f"there is a platform {name!r} already", remedy="choose another name")
    content = _content(name)
    there = [path for path in content if (checkout / path).exists()]
    if there:
        raise FixInput(f"{', '.join(there)}: already there", remedy="nothing was written")
    for path, text in content.items():
        file = checkout / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return [checkout / path for path in content]


def _content(name: str) -> dict[str, str]:
    words = {
        "@NAME@": name,
        "@PACKAGE@": name.replace("-", "_"),
        "@CLASS@": "".join(word.capitalize() for word in name.split("-")),
        "@TITLE@": " ".join(word.capitalize() for word in name.split("-")),
    }
    templates = files("syncd.scaffold") / "templates"
    return {
        _set_in(path, words): _set_in(templates.joinpath(template).read_text("utf-8"), words)
        for path, template in _FILES.items()
    }


def _set_in(text: str, words: Mapping[str, str]) -> str:
    for mark, word in words.items():
        text = text.replace(mark, word)
    return _ordered(text)


def _ordered(text: str) -> str:
    """With its own imports in order: where a platform's name sorts depends on the name."""
    blocks = groupby(text.split("\n"), key=lambda line: line.startswith(("from syncd.", "from tests.")))
    lines = [line for ours, block in blocks for line in (sorted(block, key=_module) if ours else block)]
    return "\n".join(lines)


def _module(line: str) -> str:
    return line.split()[1]
