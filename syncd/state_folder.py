"""Where this user's notes lie that belong to no site: reports of errors, a demo left running."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    """The folder, for its owner only; made if it is not there. Raises ``OSError`` where it cannot be."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "syncd"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
