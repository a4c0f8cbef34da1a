"""Lets a single SELECT through and nothing else.

It reads the statement only far enough to be sure, and refuses what it cannot be sure of (comments,
a second statement, a quote that does not end). It is the courteous guard, with a clear message;
the real ones are the read-only connection (``database``) and the login's own rights.
"""

from __future__ import annotations

import re
from typing import Final

from syncd.core.errors import FixInput

_TOKEN: Final = re.compile(
    r"""
      (?P<text>   '(?:[^']|'')*' )
    | (?P<name>   "(?:[^"]|"")*" | \[(?:[^\]]|\]\])*\] )
    | (?P<word>   [^\W\d]\w* )
    | (?P<unsure> -- | /\* | ['"`\[] )
    | (?P<end>    ; )
    """,
    re.VERBOSE,
)

_WRITES: Final = frozenset(
    {
        "ALTER", "ATTACH", "BACKUP", "BULK", "CALL", "CREATE", "DBCC", "DECLARE", "DELETE", "DENY",
        "DETACH", "DROP", "EXEC", "EXECUTE", "GRANT", "INSERT", "INTO", "KILL", "MERGE", "OPENDATASOURCE",
        "OPENQUERY", "OPENROWSET", "PRAGMA", "RECONFIGURE", "REINDEX", "RESTORE", "REVOKE", "SET",
        "SHUTDOWN", "TRUNCATE", "UPDATE", "UPDATETEXT", "USE", "VACUUM", "WAITFOR", "WRITETEXT",
        "LOAD_EXTENSION", "WRITEFILE", "READFILE",
    }
)  # fmt: skip
"""Refused as bare words anywhere; a column of such a name can still be quoted."""


def check(statement: str) -> None:
    """Raises ``FixInput`` unless ``statement`` is one SELECT (or WITH ... SELECT). Never shows its text."""
    words: list[str] = []
    ended = False
    for token in _TOKEN.finditer(statement):
        if ended:
            raise _refuse("it holds more than one statement")
        kind = token.lastgroup
        if kind == "unsure":
            raise _refuse("it holds a comment or a quote that does not end")
        ended = kind == "end"
        if kind == "word":
            words.append(token.group().upper())
    if not words or words[0] not in ("SELECT", "WITH") or "SELECT" not in words:
        raise _refuse("it is not a SELECT")
    forbidden = next((word for word in words if word in _WRITES), None)
    if forbidden is not None:
        raise _refuse(f"it holds the word {forbidden}")


def _refuse(why: str) -> FixInput:
    return FixInput(
        f"the bridge runs single SELECT statements only, and refused one: {why}",
        remedy="write through the product's own requests; quote a column that has a reserved name",
    )
