"""Requests go to the connection's own origin and nowhere else, whatever a platform or a name server says."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from syncd.core.errors import FixInput, ForbiddenDestination, RetryLater
from syncd.http.destination import Destination, GuardedResolver
from tests.integration.http.conftest import ClientFor, FaultServer


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.example.com/api",
        "http://10.0.0.5/api",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "api.example.com",
        "",
        "https://",
        "https://user:pw@api.example.com/",
        "https://api.example.com/?key=1",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://0.0.0.0/",
        "https://[::]/",
        "https://255.255.255.255/",
        "https://224.0.0.1/",
        "https://api.example.com:99999/",
    ],
)
def test_such_an_address_is_no_base(base_url: str) -> None:
    with pytest.raises(FixInput) as refused:
        Destination(base_url)
    assert "base_url" in refused.value.remedy
    assert "pw" not in str(refused.value)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.example.com/api",
        "https://api.example.com",
        "https://10.0.0.5:8443/",
        "http://127.0.0.1:8080/api",
        "http://localhost:8080",
        "http://[::1]:8080/api/",
    ],
)
def test_such_an_address_is(base_url: str) -> None:
    assert str(Destination(base_url).url("/invoice/7")) == base_url.rstrip("/") + "/invoice/7"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/api/x",
        "https://api.example.com.evil.example/api/x",
        "https://api.example.com@evil.example/api/x",
        "https://me:pw@api.example.com/api/x",
        "https://app.example.com/api/x",
        "http://api.example.com/api/x",
        "https://api.example.com:444/api/x",
        "https://api.example.com/other",
        "https://api.example.com/apix",
        "https://2852039166/api/x",
        "invoice/7",
        "",
        "/../admin",
        "/invoice/../../admin",
        "/invoice/..%2f..%2fadmin",
        "/invoice/%2e%2e/%2e%2e/admin",
        "/invoice/..\\..\\admin",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ],
)
def test_a_request_that_would_leave_is_refused(path: str) -> None:
    with pytest.raises(ForbiddenDestination):
        Destination("https://api.example.com/api").url(path)


@pytest.mark.parametrize(
    "path",
    [
        "/invoice?page=2",
        "//evil.example/x",
        "https://api.example.com/api/invoice",
        "https://API.example.com:443/api/x",
    ],
)
def test_our_own_addresses_are_taken(path: str) -> None:
    assert Destination("https://api.example.com/api").url(path).host == "api.example.com"


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", (True, True, True)),
        ("2606:2800:220:1::1", (True, True, True)),
        ("10.0.0.5", (False, True, False)),
        ("192.168.1.1", (False, True, False)),
        ("172.16.0.1", (False, True, False)),
        ("100.64.0.1", (False, True, False)),
        ("fd00::1", (False, True, False)),
        ("127.0.0.1", (False, False, True)),
        ("::1", (False, False, True)),
        ("::ffff:127.0.0.1", (False, False, True)),
        ("::ffff:10.0.0.5", (False, True, False)),
        ("169.254.169.254", (False, False, False)),
        ("::ffff:169.254.169.254", (False, False, False)),
        ("fe80::1", (False, False, False)),
        ("0.0.0.0", (False, False, False)),
        ("::", (False, False, False)),
        ("224.0.0.1", (False, False, False)),
        ("not an address", (False, False, False)),
    ],
)
async def test_where_a_name_may_lead(address: str, allowed: tuple[bool, bool, bool]) -> None:
    public = GuardedResolver(private_network=False, loopback=False)
    private = GuardedResolver(private_network=True, loopback=False)
    local = GuardedResolver(private_network=False, loopback=True)
    assert tuple(each.allows(address) for each in (public, private, local)) == allowed


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.5"])
async def test_a_name_that_is_rebound_to_the_inside_is_not_dialled(
    server: FaultServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def rebound(host: str, port: int, *rest: Any, **options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    client = client_for(server, base_url=f"https://api.example.com:{server.port}/api")
    with pytest.raises(ForbiddenDestination, match=r"api\.example\.com resolves"):
        await client.read("/invoice")
    assert server.heard == []


async def test_proxies_of_the_environment_are_not_used(
    server: FaultServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch, start: Any
) -> None:
    proxy: FaultServer = await start()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    assert (await client_for(server).read("/invoice")).ok
    assert proxy.heard == []


async def test_a_name_that_cannot_be_resolved_may_come_back(
    server: FaultServer, client_for: ClientFor
) -> None:
    with pytest.raises(RetryLater, match="cannot be resolved"):
        await client_for(server, base_url="https://nothing.invalid/api").read("/invoice")
