"""Listening: on this machine only, unless TLS and tokens protect what is served."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from syncd.bridge.settings import is_loopback
from syncd.core.errors import FixInput
from syncd.service.application import PROTECTED


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer. Raises ``FixInput``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as trouble:
        raise FixInput(
            f"the certificate {certificate} cannot be used with its key ({type(trouble).__name__})",
            remedy="tls_certificate: the chain as PEM; tls_key: its unencrypted private key as PEM",
        ) from None
    return context


def _open(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


async def _let_nobody_in(listening: socket.socket) -> None:
    """Whoever was just accepted becomes a connection two turns of the loop later: had the server closed by
    then, asyncio would neither serve nor close it."""
    asyncio.get_running_loop().remove_reader(listening)
    for _ in range(3):
        await asyncio.sleep(0)


class Doors:
    """Sockets that stay open while what is behind them is changed: who calls meanwhile waits and is heard."""

    def __init__(self) -> None:
        self._sockets: dict[tuple[str, int], socket.socket] = {}

    def at(self, host: str, port: int) -> socket.socket:
        """One that listens there, for the caller to close. Raises ``OSError``."""
        listening = self._sockets.get((host, port))
        if listening is None:
            listening = self._sockets[host, port] = _open(host, port)
        return listening.dup()

    def keep_only(self, wanted: Collection[tuple[str, int]]) -> None:
        """Close the others."""
        for at in self._sockets.keys() - set(wanted):
            self._sockets.pop(at).close()


@asynccontextmanager
async def serve(
    application: web.Application,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    shutdown_s: float = 10.0,
    doors: Doors | None = None,
) -> AsyncIterator[str]:
    """Serves while the block runs; yields the URL (port 0 took a free one). ``doors``: whose sockets.

    Raises ``FixInput``: a public address without TLS or without tokens, or one that cannot be taken.
    ``shutdown_s``: for requests under way when the block ends.
    """
    if not is_loopback(host) and (tls is None or not application[PROTECTED]):
        raise FixInput(
            f"refusing to listen on {host}: other machines reach it, and TLS or tokens are missing",
            remedy="listen on 127.0.0.1, or set tls_certificate, tls_key and control_tokens",
        )
    # no access log: a webhook's path holds its token. Bodies stay as sent: a small one must not grow.
    runner = web.AppRunner(application, access_log=None, auto_decompress=False, shutdown_timeout=shutdown_s)
    await runner.setup()
    try:
        try:
            listening = _open(host, port) if doors is None else doors.at(host, port)
        except OSError as trouble:
            raise FixInput(
                f"cannot listen on {host}:{port} ({trouble.strerror or type(trouble).__name__})",
                remedy="another program may have the port: choose another, or 0 for any free one",
            ) from None
        await web.SockSite(runner, listening, ssl_context=tls).start()
        bound = runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        try:
            yield f"{'https' if tls else 'http'}://{shown}:{bound}"
        finally:
            await _let_nobody_in(listening)
    finally:
        await runner.cleanup()
