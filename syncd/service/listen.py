"""Listening: on this machine only, unless TLS and tokens protect what is served."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
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


@asynccontextmanager
async def serve(
    application: web.Application,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    shutdown_s: float = 10.0,
) -> AsyncIterator[str]:
    """Serves while the block runs; yields the URL (port 0 took a free one).

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
        site = web.TCPSite(runner, host, port, ssl_context=tls)
        try:
            await site.start()
        except OSError as trouble:
            raise FixInput(
                f"cannot listen on {host}:{port} ({trouble.strerror or type(trouble).__name__})",
                remedy="another program may have the port: choose another, or 0 for any free one",
            ) from None
        bound = runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        yield f"{'https' if tls else 'http'}://{shown}:{bound}"
    finally:
        await runner.cleanup()
