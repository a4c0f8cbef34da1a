"""How a process that runs links shares its time between its threads, and how often it looks for garbage."""

from __future__ import annotations

import gc
import sys

_SWITCH_S = 0.0003
"""The store's writer gives the interpreter up for each row that SQLite takes. By Python's own interval it
gets it back 5 ms later while records are decided: a load took up to twice as long."""
_GARBAGE = (20_000, 20, 20)
"""New objects before the collector looks at them (Python's own: 700). A load makes thousands of records that
live until they are settled; to look at them that often was an eighth of all its work."""


def tune() -> None:
    """Once, at the start of the process."""
    sys.setswitchinterval(_SWITCH_S)
    gc.set_threshold(*_GARBAGE)
