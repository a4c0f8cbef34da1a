"""How a command finds the daemon that owns a state: a small file beside it, for this user only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from syncd.core.errors import StateLocked
from syncd.secrets.reference import Secret


@dataclass(frozen=True, slots=True)
class Beacon:
    """A running daemon: where its control API is, and a token that lives as long as the daemon does."""

    url: str
    token: Secret


def _path(state: Path) -> Path:
    return state.with_name(f"{state.name}.daemon.json")


def state_lock(state: Path) -> FileLock:
    """Held by the one process that owns the state."""
    return FileLock(f"{state}.lock")


def own(state: Path) -> FileLock:
    """The lock, taken. Raises ``StateLocked`` if another process owns the state."""
    lock = state_lock(state)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StateLocked(
            f"another process owns the state {state.name}",
            remedy="speak to the running daemon, or stop it first",
        ) from None
    return lock


def find(state: Path) -> Beacon | None:
    """The daemon that owns ``state``; None if nobody does. Raises ``StateLocked`` for another command."""
    lock = state_lock(state)
    try:
        with lock.acquire(timeout=0):
            return None  # a beacon left by a daemon that was killed means nothing
    except Timeout:
        pass
    try:
        said = json.loads(_path(state).read_text())
        return Beacon(said["url"], Secret(said["token"]))
    except (OSError, ValueError, KeyError):
        raise StateLocked(
            f"another command owns the state {state.name} right now", remedy="try again when it is done"
        ) from None


@contextmanager
def lit(state: Path, beacon: Beacon) -> Iterator[None]:
    """Lets commands on this machine find the daemon while the block runs. Readable by its owner only."""
    path = _path(state)
    with suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": beacon.url, "token": beacon.token.reveal()}, file)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            path.unlink()
