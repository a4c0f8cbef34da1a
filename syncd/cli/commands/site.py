"""``init``, ``check``, ``platforms``, ``config schema``: the site's own files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from syncd.cli import session
from syncd.cli.exits import Exit
from syncd.cli.output import Column, emit, say, table, text
from syncd.core.errors import FixInput

if TYPE_CHECKING:
    from rich.text import Text

_LEVELS = {"ok": "green", "warning": "yellow", "error": "bold red"}


def init(folder: Path = Path(), /, *, pair: str = "servicetrade-sage100-contractor") -> int:
    """Write a site folder to start from: syncd.yaml for two platforms as a worked example, profiles with the
    unknowns marked, crosswalks, contracts, a master key, and what a bridge or a ledger of files needs.

    Nothing is overwritten: if any of the files is there already, nothing is written.

    For example:
      syncd init acme
      syncd init acme --pair servicetrade-quickbooks-online

    Parameters
    ----------
    folder
        Where to; made if it does not exist.
    pair
        Which two, named as field-ledger, as `syncd demo` takes them; another name lists those that there are.
        Any two platforms can be linked: begin with the nearest and change it.
    """
    from syncd.config.scaffold import write_site  # noqa: PLC0415
    from syncd.demo.beginning import beginning  # noqa: PLC0415

    written = write_site(folder, beginning(pair))
    rows = [{"file": str(path)} for path in written]
    emit([row["file"] for row in rows], rows, [Column("file", "WRITTEN")])
    say("\nNext: set what is marked SET in these files, then:")
    say(f"  syncd check --live --config {folder / 'syncd.yaml'}")
    return Exit.OK


def check(*, live: bool = False) -> int:
    """Look at everything without writing anything: configuration, credentials, reachability,
    migrations, and codes in what was read so far that no crosswalk covers. Each finding says where, and what
    to do.

    Exit code 0 if nothing is wrong, 1 if something is, 2 if the configuration itself is broken.

    For example:
      syncd check --live

    Parameters
    ----------
    live
        Also log in to every platform and look around there.
    """
    found = session.check(live=live)
    rows = [{"level": f.level, "subject": f.subject, "message": f.message, "remedy": f.remedy} for f in found]
    columns = [
        Column("level", "LEVEL", palette=_LEVELS),
        Column("subject", "WHERE"),
        Column("message", "FINDING"),
    ]
    shown = [{**row, "message": _finding(row["message"], row["remedy"])} for row in rows]
    emit(rows, rows, [*columns, Column("remedy", "WHAT TO DO")], people=lambda: table(shown, columns))
    errors = sum(f.level == "error" for f in found)
    warnings = sum(f.level == "warning" for f in found)
    say(f"{len(found)} looked at, {errors} wrong, {warnings} to look at", "red" if errors else "green")
    return Exit.FAILED if errors else Exit.OK


def _finding(message: str, remedy: str) -> Text:
    """What to do stands on a line of its own: a column for it would leave both too narrow."""
    return text(message) + "\n" + text(f"→ {remedy}", "cyan") if remedy else text(message)


def platforms(*, markdown: bool = False) -> int:
    """List the platforms that can be connected: what each reads and writes, how its changes are found, how
    it was verified, and what is not possible and why.

    For example:
      syncd platforms
      syncd platforms --json

    Parameters
    ----------
    markdown
        Print the README's table instead.
    """
    from syncd.connectors import registry  # noqa: PLC0415
    from syncd.connectors.quality import parity, table  # noqa: PLC0415

    told = parity()
    if markdown:
        sys.stdout.write(table(told))
        return Exit.OK
    rows = []
    for name, one in told.items():
        found = registry.platform(name)
        rows.append(
            {
                "name": name,
                "title": found.title,
                "entities": {kind: list(what) for kind, what in one.entities.items()},
                "modes": list(one.modes),
                "verified_by": one.verified_by,
                "limits": list(one.limits),
                "profile": found.profile is not None,
                "bridge": found.bridged,
            }
        )
    shown = [{**row, "kinds": ", ".join(told[str(row["name"])].entities)} for row in rows]
    columns = [
        Column("name", "PLATFORM"),
        Column("title", "TITLE"),
        Column("kinds", "ENTITIES"),
        Column("verified_by", "VERIFIED BY"),
    ]
    emit(rows, shown, columns)
    return Exit.OK


def schema(file: Annotated[str, Parameter()] = "site", /) -> int:
    """Print the JSON Schema of a file, so that an editor completes, explains and checks it.

    For example:
      syncd config schema > syncd.schema.json
      syncd config schema crosswalks
      syncd config schema profile:sage100-contractor

    and in the file: `# yaml-language-server: $schema=syncd.schema.json`

    Parameters
    ----------
    file
        site (syncd.yaml), crosswalks, or profile:PLATFORM.
    """
    from syncd.config import schema as schemas  # noqa: PLC0415

    kind, _, platform = file.partition(":")
    if file == "site":
        made = schemas.site_schema()
    elif file == "crosswalks":
        made = schemas.crosswalks_schema()
    elif kind == "profile" and platform:
        made = schemas.profile_schema(platform)
    else:
        raise FixInput(f"no file is called {file!r}", remedy="site, crosswalks or profile:PLATFORM")
    sys.stdout.write(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    return Exit.OK
