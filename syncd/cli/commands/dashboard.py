"""``tui``: the on-call dashboard, over the control API of whatever installation is named."""

from __future__ import annotations

import asyncio
from pathlib import Path

from syncd.api import endpoints, requests
from syncd.cli import session
from syncd.cli.exits import Exit
from syncd.cli.options import options
from syncd.core.errors import FixInput
from syncd.demo import kept
from syncd.secrets.reference import SecretRef


def tui(*, url: str | None = None, token: str | None = None, ca_file: Path | None = None) -> int:
    """Open the on-call dashboard: what is sick, since when, why, and one key to mend it.

    Beside a running daemon (also that of `syncd demo --keep`) nothing need be said. From elsewhere, name
    the installation and a token of yours; with a token that may only read, keys that act are greyed.
    Press ? in it for the keys of the screen that is shown.

    For example:
      syncd tui
      syncd tui --url https://sync.example.com:8420 --token env:SYNCD_TOKEN
      syncd tui --url https://10.0.0.5:8420 --token file:~/.syncd-token --ca-file ca.pem

    Parameters
    ----------
    url
        Address of the control API; without it, the daemon of the site here.
    token
        Where the token is kept: env:NAME, file:PATH or keyring:SERVICE/NAME. Never the token itself.
    ca_file
        Trust this authority instead of the system's.
    """
    try:
        reference = None if token is None else SecretRef(token)
    except ValueError as wrong:
        raise FixInput(f"--token: {wrong}") from None
    return asyncio.run(_shown(url, reference, ca_file))


async def _shown(url: str | None, token: SecretRef | None, ca_file: Path | None) -> int:
    from tui.app import Dashboard  # noqa: PLC0415 - only this command paints

    here = options().config
    config = here if here.exists() else kept.find() or here
    async with session.composition().daemon(config, url, token, ca_file) as daemon:
        # before the screen is taken: a refused token is told where it can be read
        holder = await daemon.call(endpoints.WHOAMI, requests.WhoAmI())
        await Dashboard(daemon, frozenset(holder.scopes)).run_async()
    return Exit.OK
