"""Versions of syncd to come: copies of this one with a revision more, to run beside it."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syncd.store.revisions import OURS

_ROOT: Final = Path(__file__).parents[2]
_PARTS: Final = ("syncd", "monitor", "tui", "migrations", "contracts")
NEXT: Final = f"{int(OURS) + 1:04}"
AFTER: Final = f"{int(OURS) + 2:04}"
_ADDS: Final = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{NEXT}_from_{OURS}", "{{before}}", None, None


def upgrade() -> None:
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("what", sa.Text()))
    op.add_column("intent", sa.Column("made_by", sa.Text(), nullable=True))
    op.add_column("pair", sa.Column("weight", sa.Integer(), nullable=False, server_default="1"))
    op.create_index("ix_intent_made_by", "intent", ["made_by"])
"""
_TAKES_AWAY: Final = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{AFTER}", "{NEXT}_from_{OURS}", None, None


def upgrade() -> None:
    op.drop_column("pair", "forced")
"""


@dataclass(frozen=True)
class Version:
    """A whole installation's code in a folder of its own."""

    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a process one of this version."""
        return {"PYTHONPATH": str(self.folder), "PYTHONSAFEPATH": "1"}

    async def syncd(self, *arguments: str) -> tuple[int, str]:
        """One command, ended: its exit code and what it said."""
        ran = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "syncd", *arguments),
            env={"PATH": "/usr/bin:/bin", **self.environment},
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await ran.communicate()
        assert ran.returncode is not None
        return ran.returncode, said.decode()


def today() -> Version:
    """This one."""
    return Version(_ROOT)


def that_adds(folder: Path) -> Version:
    """The next one: a table, an index and two columns more; every write it plans says so in one of them."""
    for part in _PARTS:
        shutil.copytree(_ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    before = (
        (folder / "syncd" / "store" / "revisions.py").read_text().split('HEAD: Final = "')[1].split('"')[0]
    )
    _write(folder, NEXT, _ADDS.format(before=before))
    _made_for(folder, before, f"{NEXT}_from_{OURS}")
    columns = 'intent = Table(\n    "intent",\n    metadata,\n'
    _edit(
        folder / "syncd" / "store" / "tables.py",
        columns,
        columns + f'    Column("made_by", Text, default="{NEXT}"),\n',
    )
    return Version(folder)


def that_takes_away(folder: Path, before: Version) -> Version:
    """The one after that, which has no use for a column any more."""
    shutil.copytree(before.folder, folder)
    _write(folder, AFTER, _TAKES_AWAY)
    _made_for(folder, f"{NEXT}_from_{OURS}", AFTER)
    return Version(folder)


def _write(folder: Path, number: str, text: str) -> None:
    (folder / "migrations" / "versions" / f"{number}_tomorrow.py").write_text(text)


def _made_for(folder: Path, before: str, now: str) -> None:
    _edit(folder / "syncd" / "store" / "revisions.py", f'"{before}"', f'"{now}"')


def _edit(file: Path, was: str, now: str) -> None:
    text = file.read_text()
    assert text.count(was) == 1, f"{file.name} has no {was!r} any more"
    file.write_text(text.replace(was, now))
