"""``run``, ``worker`` and ``bridge``: the programs that keep running."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from syncd.cli import session
from syncd.cli.exits import Exit
from syncd.cli.options import options
from syncd.cli.output import Column, emit


def run(*, no_work: bool = False) -> int:
    """Run the daemon until it is told to stop (SIGTERM, Ctrl-C): webhooks and schedules in, control
    API, health and /metrics out. Writes on the wire are finished first (service.stop_within), and no other
    begins; nothing is lost if it is killed.

    For example:
      syncd run
      syncd run --config /etc/syncd/syncd.yaml

    Parameters
    ----------
    no_work
        Leave the links to `syncd worker` (state on PostgreSQL), but for those whose bridge dials in here.
    """
    _log()
    asyncio.run(session.composition().run(options().config, work=not no_work))
    return Exit.OK


def worker(
    *,
    name: str = "",
    slots: Annotated[int | None, Parameter(validator=Number(gte=1, lte=500))] = None,
    metrics_port: Annotated[int | None, Parameter(validator=Number(gte=0, lte=65535))] = None,
) -> int:
    """Run links beside the daemon, as one of any number of workers on any number of machines, until it is
    told to stop. The state is on PostgreSQL; every worker has the same site folder. A link runs in one
    place at a time; what a worker leaves undone, also by kill -9, goes on elsewhere within seconds.

    For example:
      syncd worker
      syncd worker --name east-1 --slots 32 --metrics-port 8401

    Parameters
    ----------
    name
        What people call it, the machine's name by default; a few characters of its own are added.
    slots
        Links it runs at once, 16 by default.
    metrics_port
        Serve /metrics and /health there, for this machine alone; each worker on it has its own. Without it
        this worker listens nowhere.
    """
    _log()
    asyncio.run(session.composition().worker(options().config, name, slots, metrics_port))
    return Exit.OK


def reload() -> int:
    """Have the running daemon read its files anew. If something in them is wrong it is said here, and the
    daemon goes on as before; else runs under way come to their end and the new configuration takes over.
    What arrives meanwhile waits. The same as SIGHUP, which answers in the log only.

    For example:
      syncd reload
    """
    done = session.reload()
    data = done.model_dump(mode="json")
    emit(data, [data], [Column("message", "DONE")])
    return Exit.OK


def _log() -> None:
    """These programs are followed by their log; other commands only warn in it."""
    from syncd.logs import configure  # noqa: PLC0415

    chosen = options()
    configure(logging.DEBUG if chosen.verbose else logging.WARNING if chosen.quiet else logging.INFO)


def bridge(
    file: Path | None = None,
    /,
    *,
    hub_url: str | None = None,
    token: str | None = None,
    ca_file: Path | None = None,
    outbox: Path | None = None,
    sql_url: str | None = None,
    readers: int | None = None,
    object: Literal["com", "sandbox"] | None = None,  # noqa: A002 - the setting's own name
    com_class: str | None = None,
    sandbox_url: str | None = None,
    data_source: str | None = None,
    company: str | None = None,
    user: str | None = None,
    password: str | None = None,
    exclusive: bool | None = None,
) -> int:
    """Run the bridge beside an on-premises ERP until it is told to stop. It dials out to the daemon,
    runs read-only SQL and submits MBXML for one connection, and remembers what it has begun.

    Settings come from FILE (bridge.yaml if it is there); an option given here wins.

    For example:
      syncd bridge bridge.yaml
      syncd bridge --hub-url wss://sync.example.com --token env:TOKEN

    Parameters
    ----------
    file
        The bridge's settings.
    hub_url
        Where the daemon is: wss://host[:port].
    token
        Reference to this connection's token: env:NAME, file:PATH or keyring:SERVICE/NAME.
    ca_file
        Certificates to trust, for a daemon behind a private authority.
    outbox
        Where begun submits are remembered. Keep this file.
    sql_url
        Database to read, or a reference to its address if that holds a password.
    readers
        SQL statements run at once.
    object
        What takes MBXML; without it this bridge only reads.
    com_class
        The object's registered name at this site, for --object com.
    sandbox_url
        Where the sandbox's object serves, for --object sandbox.
    data_source
        The SQL instance, as the product names it.
    company
        The company to open.
    user
        The API user.
    password
        Reference to the API user's password.
    exclusive
        Demand exclusive access while submitting.
    """
    settings = locals()
    _log()
    del settings["file"]
    from syncd.bridge import program  # noqa: PLC0415
    from syncd.bridge.settings import load  # noqa: PLC0415

    default = Path("bridge.yaml")
    chosen = file or (default if default.is_file() else None)
    given = {name: value for name, value in settings.items() if value is not None}
    return asyncio.run(program.run(load(chosen, given)))
