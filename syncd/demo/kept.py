"""Where a demo that was left running stands, so that the dashboard finds it with nothing to configure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncd.state_folder import state_folder


def _note() -> Path:
    return state_folder() / "demo"


@contextmanager
def left_running(config: Path) -> Iterator[None]:
    """Say where it is while the block runs; the demo that was left running last is the one that is found."""
    note = _note()
    note.write_text(str(config))
    try:
        yield
    finally:
        if find() == config:
            note.unlink(missing_ok=True)


def find() -> Path | None:
    """Its ``syncd.yaml``; None where none is left running."""
    try:
        config = Path(_note().read_text())
    except OSError:
        return None
    return config if config.is_file() else None
