"""Laying files where a person, or another program, picks them up: whole, durable, and once.

A file appears under its real name by one rename, after its content is on disk. What was renamed may be taken
away at once, so that whether a rename has happened is told by the hidden name alone: it is there before, and
gone after.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from syncd.files.rows import File


def prepare(folder: Path, files: Sequence[File]) -> None:
    """Write every file under its hidden name, durably. May be repeated until ``place`` has begun."""
    for file in files:
        hidden = _hidden(folder / file.path)
        hidden.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
        # for the account that runs us and its group: the person who imports it
        with os.fdopen(os.open(hidden, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o640), "wb") as out:
            out.write(file.content)
            out.flush()
            os.fsync(out.fileno())
        _sync(hidden.parent)


def place(folder: Path, files: Sequence[File]) -> None:
    """Give every file its real name; one that has it already is left alone. Safe to go on with after a
    crash, also when somebody has taken a file away meanwhile."""
    for file in files:
        target = folder / file.path
        try:
            _hidden(target).rename(target)
        except FileNotFoundError:
            continue  # renamed before the crash
        _sync(target.parent)


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
