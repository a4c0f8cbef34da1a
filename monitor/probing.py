"""A look at what no exchange of the engine shows: a platform's certificate and its published login
documents. Reads only, on the connection's own host, without its login."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from monitor import credentials
from syncd.core.errors import SyncdError
from syncd.http import HttpClient, NoAuth
from syncd.ports import Clock

_PATIENCE_S: Final = 15.0
_DOCUMENTS: Final = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


async def certificate(base_url: str, ca_file: Path | None = None) -> dict[str, Any]:
    """Facts of the certificate that the host shows. Empty where it cannot be reached, is not trusted, or
    speaks no TLS: whoever reads there says so."""
    url = urlsplit(base_url)
    if url.scheme != "https" or url.hostname is None:
        return {}
    try:
        context = ssl.create_default_context(cafile=ca_file)
        async with asyncio.timeout(_PATIENCE_S):
            _, writer = await asyncio.open_connection(url.hostname, url.port or 443, ssl=context)
    except (OSError, ssl.SSLError):
        return {}
    try:
        peer = writer.get_extra_info("peercert") or {}
    finally:
        writer.close()
    return credentials.of_certificate(peer)


async def published(connection: str, base_url: str, clock: Clock, **client: Any) -> dict[str, Any]:
    """Facts of the login metadata that the host publishes (RFC 8414, OpenID Connect) and of its key set.
    Empty where it publishes none. ``client``: what else the HTTP client needs (``ca_file`` ...)."""
    url = urlsplit(base_url)
    origin = f"{url.scheme}://{url.netloc}"
    async with HttpClient(
        connection=connection, base_url=origin, auth=NoAuth(), clock=clock, concurrency=1, **client
    ) as http:
        for path in _DOCUMENTS:
            document = await _document(http, path)
            if "token_endpoint" in document or "issuer" in document:
                address = document.get("jwks_uri")
                keys = await _document(http, str(address)) if address else None
                return credentials.of_metadata(document, keys or None)
    return {}


async def _document(http: HttpClient, path: str) -> Mapping[str, Any]:
    """One JSON document, or nothing: most platforms publish none, and an address elsewhere is not asked."""
    try:
        answer = await http.read(path)
        found = answer.json() if answer.ok else {}
    except SyncdError:
        return {}
    return found if isinstance(found, dict) else {}
