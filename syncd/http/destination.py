"""Where a connection's requests may go: its own origin, and nowhere else.

The host comes from configuration, paths come from connectors and, through them, from what a
platform sent. So every address is built here and every name is resolved here: the addresses that
were checked are the ones that are dialled, whatever the name service says a second later.
"""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from syncd.core.errors import FixInput, ForbiddenDestination

_REMEDY: Final = "correct base_url of the connection"


class Destination:
    """The one origin (scheme, host, port) and path prefix of a connection.

    Raises ``FixInput`` for an address that must not be used: no http(s), credentials inside it, http
    to another machine, or a link-local address (cloud metadata services live there).
    """

    def __init__(self, base_url: str) -> None:
        try:
            url = URL(base_url)
        except ValueError:
            raise FixInput("base_url is not an address", remedy=_REMEDY) from None
        if url.scheme not in {"http", "https"} or not url.host:
            raise FixInput("base_url must start with https:// and name a host", remedy=_REMEDY)
        if url.user or url.password or url.query_string or url.fragment:
            raise FixInput(
                "base_url must not hold a user, password, query or fragment", remedy=f"{_REMEDY}; see `auth`"
            )
        literal = _literal(url.host)
        self.loopback = url.host == "localhost" or (literal is not None and literal.is_loopback)
        if literal is not None and _never(literal):
            raise FixInput("base_url is an address no platform can have", remedy=_REMEDY)
        if url.scheme == "http" and not self.loopback:
            raise FixInput("base_url must be https: http would send the login in the clear", remedy=_REMEDY)
        self._origin = (url.scheme, url.host, url.port)
        self._base = url.with_path(url.path.rstrip("/"))
        self._prefix = str(self._base).rstrip("/")
        self.url = lru_cache(maxsize=64)(self._url)
        """``url(path)``: the address of ``path`` ("/invoice/7", appended to base_url), or of an absolute
        address that a platform gave, if it is our own. Raises ``ForbiddenDestination``. A walk asks for
        one path again and again, hence the cache."""

    @property
    def host(self) -> str:
        return str(self._base.host)

    def _url(self, path: str) -> URL:
        url = URL(self._prefix + path) if path.startswith("/") else self._absolute(path)
        # yarl has folded "..": what is left of our prefix shows whether the path climbed out of it
        inside = f"{url.path}/".startswith(f"{self._base.path.rstrip('/')}/")
        if (url.scheme, url.host, url.port) != self._origin or not inside or _climbs(url):
            raise ForbiddenDestination(
                f"a request would leave {self.host}",
                remedy="the platform gave a foreign address, or a record id is not what it should be",
            )
        return url

    def _absolute(self, text: str) -> URL:
        try:
            url = URL(text)
            if url.absolute and not url.user and not url.password:
                return url
        except ValueError:
            pass
        raise ForbiddenDestination(f"a request to {self.host} has a path that is none")


class GuardedResolver(AbstractResolver):
    """Resolves names and refuses answers that point inside: rebinding cannot reach our own network.

    ``private_network`` allows private addresses, for a platform that runs on the customer's own
    network; ``loopback`` allows 127.0.0.1 and ::1. Link-local is always refused.
    """

    def __init__(self, *, private_network: bool, loopback: bool) -> None:
        self._inner = ThreadedResolver()
        self._private_network = private_network
        self._loopback = loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Addresses of ``host``. Raises ``ForbiddenDestination`` if any of them is refused."""
        found = await self._inner.resolve(host, port, family)
        if not all(self.allows(result["host"]) for result in found):
            raise ForbiddenDestination(
                f"{host} resolves to an address inside a private network",
                remedy="if the platform really runs there, set private_network on the connection; "
                "otherwise the name service is not to be trusted",
            )
        return found

    def allows(self, address: str) -> bool:
        """Whether ``address`` (an IP in text) may be dialled."""
        literal = _literal(address)
        if literal is None or _never(literal):
            return False
        if literal.is_loopback:
            return self._loopback
        return literal.is_global or self._private_network

    async def close(self) -> None:
        await self._inner.close()


def _climbs(url: URL) -> bool:
    # encoded separators and dots that a server may decode into a path of its own
    return ".." in url.path.replace("\\", "/").split("/")


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        literal = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(literal, IPv6Address) and literal.ipv4_mapped is not None:
        return literal.ipv4_mapped
    return literal


def _never(literal: IPv4Address | IPv6Address) -> bool:
    return literal.is_link_local or literal.is_multicast or literal.is_unspecified or literal == _BROADCAST


_BROADCAST: Final = IPv4Address("255.255.255.255")
