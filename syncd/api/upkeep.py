"""What backing up, putting back and verifying come to, as views."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from syncd.api.models import View


class BackupMade(View):
    path: str
    bytes: int
    newest: datetime | None
    """The last thing it knows of; None: nothing was ever written down."""


class BatchesRestored(View):
    """The batches of one ledger that takes files."""

    connection: str
    kept: bool
    """Those that stood there knew as much, and stay. Else they are of the backup, and nothing is handed over
    until `syncd export resume`."""
    aside: str | None = None
    """Where others that stood there lie now."""


class StateRestored(View):
    path: str
    backup: BackupMade
    aside: str | None
    """Where the state that stood there before lies now."""
    generation: int
    """How often this state has been put back, this time included."""
    batches: list[BatchesRestored]


class TableMoved(View):
    """One table of a state that was moved, as it arrived."""

    table: str
    rows: int
    digest: str
    """Of all its rows; the same on both sides."""


class StateMoved(View):
    source: str
    target: str
    tables: list[TableMoved]


class Erased(View):
    """What is, or was, kept of some links and connections."""

    links: list[str]
    connections: list[str]
    shared: dict[str, str]
    """Connections that stay -> who else uses them."""
    unused: list[str] = Field(default_factory=list)
    """Connections that were not asked about, and that nobody uses any more."""
    records: int
    pairs: int
    open_writes: dict[str, int]
    """State -> writes that had not come to their end."""
    audit_lines: int = 0
    """Lines whose text was taken out; they and their chain stay."""
    done: bool
    """False: it was only looked at."""


class ChainBreak(View):
    link: str
    """Empty: the site's own chain."""
    line: int
    what: str


class AuditReport(View):
    lines: int
    chains: int
    anchors: int
    breaks: list[ChainBreak]
    end: str
    """End of the site's chain as LINE:HASH; kept elsewhere, it shows later whether that chain was cut."""


class AuditLine(View):
    """One line of the audit."""

    link: str
    line: int
    hash: str
    at: datetime
    table: str
    """journal (what happened) or action (what somebody asked for)."""
    kind: str
    actor: str
    intent: int | None = None
    outcome: str = ""
    text: str = ""
