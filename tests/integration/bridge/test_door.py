"""Who may dial in, where a bridge may dial to, and what its settings may say."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from syncd.bridge.desk import Desk
from syncd.bridge.dial import Dial, Dialling
from syncd.bridge.hub import BridgeHub
from syncd.bridge.outbox import Outbox
from syncd.bridge.settings import BridgeOptions, load
from syncd.core.errors import FixInput, RetryLater, StateLocked
from syncd.secrets.bearer import digest, new_token
from syncd.secrets.reference import SecretRef
from syncd.service.access import Handler
from syncd.service.application import PROTECTED, build_bridge
from syncd.service.listen import serve, server_tls
from tests.integration.bridge.site import TOKEN, bridge_to, eventually, hub_at, ledger


async def test_without_a_bridge_nothing_is_executed() -> None:
    hub = BridgeHub({"sage": digest(TOKEN)})
    for name in ("sage", "never configured"):
        with pytest.raises(RetryLater, match="no bridge is connected"):
            await hub.channel(name).query("SELECT 1", {})
        with pytest.raises(RetryLater, match="no bridge is connected"):
            await hub.channel(name).submit(b"<a/>")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN])
async def test_an_unknown_token_is_refused_in_one_way(header: str) -> None:
    async with hub_at() as (hub, url), aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await http.ws_connect(f"{url}/bridge/v1", headers={"Authorization": header} if header else {})
        assert refusal.value.status == 401
        assert not hub.channel("sage").connected


async def test_a_token_is_good_for_its_own_connection_only(tmp_path: Path) -> None:
    other = new_token("bridge")
    hub = BridgeHub({"sage": digest(TOKEN), "other": digest(other)})
    assert hub.connection_of(TOKEN) == "sage"
    assert hub.connection_of(other) == "other"
    assert hub.connection_of("") is None
    async with (
        serve(build_bridge(hub), shutdown_s=0.1) as url,
        bridge_to(url.replace("http", "ws"), tmp_path / "o", reads=ledger(tmp_path / "c.db"), token=other),
    ):
        await eventually(lambda: hub.channel("other").connected)
        assert not hub.channel("sage").connected


async def test_a_refused_bridge_goes_on_dialling(tmp_path: Path) -> None:
    hub = BridgeHub({"sage": digest("another token")})
    async with (
        serve(build_bridge(hub), shutdown_s=0.1) as url,
        bridge_to(url.replace("http", "ws"), tmp_path / "o", reads=ledger(tmp_path / "c.db")),
    ):
        assert not hub.channel("sage").connected
        hub._tokens["sage"] = digest(TOKEN)
        await eventually(lambda: hub.channel("sage").connected)


async def test_the_newest_bridge_of_a_connection_serves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = ledger(tmp_path / "1.db", customers=1), ledger(tmp_path / "2.db", customers=2)
    async with hub_at() as (hub, url), bridge_to(url, tmp_path / "o1", reads=one) as first:
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        async with bridge_to(url, tmp_path / "o2", reads=two):
            await eventually(lambda: first._post is None)
            assert await channel.query("SELECT count(*) AS n FROM reccln", {}) == [{"n": 2}]
    out = "".join(capsys.readouterr())
    assert "bridge replaced" in out
    assert "another bridge with this token dialled in" in out


async def test_one_outbox_serves_one_bridge(tmp_path: Path) -> None:
    first, second = Outbox(tmp_path / "o"), Outbox(tmp_path / "o")
    await first.open()
    with pytest.raises(StateLocked, match="another bridge"):
        await second.open()
    await first.close()
    memory = await second.open()
    assert memory.journal
    await second.close()


async def test_an_outbox_that_is_no_outbox_is_refused(tmp_path: Path) -> None:
    (tmp_path / "o").write_text("this is not a database, and long enough to be taken for one" * 50)
    outbox = Outbox(tmp_path / "o")
    with pytest.raises(FixInput, match="cannot be used"):
        await outbox.open()


async def test_a_redirect_is_never_followed(tmp_path: Path) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append("elsewhere")
        return web.Response()

    async with _served(elsewhere) as target:

        async def redirect(_request: web.Request) -> web.Response:
            asked.append("redirect")
            raise web.HTTPTemporaryRedirect(f"{target}/bridge/v1")

        async with (
            _served(redirect) as url,
            bridge_to(url.replace("http", "ws"), tmp_path / "o", reads=ledger(tmp_path / "c.db")),
        ):
            await eventually(lambda: len(asked) >= 3)
    assert set(asked) == {"redirect"}


@asynccontextmanager
async def _served(handler: Handler) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_get("/{any:.*}", handler)
    application[PROTECTED] = True
    async with serve(application, shutdown_s=0.1) as url:
        yield url


# -- TLS ---------------------------------------------------------------------------------------


def _certificate(folder: Path, host: str, *, days: int = 1) -> tuple[Path, Path]:
    """A self-signed certificate for ``host`` and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / f"{host}-{days}.pem", folder / f"{host}-{days}.key"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return chain, private


@pytest.mark.parametrize(
    ("host", "days", "trusted", "welcome"),
    [
        ("127.0.0.1", 1, True, True),
        ("127.0.0.1", 1, False, False),
        ("127.0.0.1", -1, True, False),
        ("192.0.2.1", 1, True, False),
    ],
    ids=["private authority", "self-signed", "expired", "wrong host"],
)
async def test_the_daemon_must_prove_who_it_is(
    tmp_path: Path, host: str, days: int, trusted: bool, welcome: bool
) -> None:
    chain, key = _certificate(tmp_path, host, days=days)
    hub = BridgeHub({"sage": digest(TOKEN)})
    async with serve(build_bridge(hub), tls=server_tls(chain, key), shutdown_s=0.1) as url:
        options = load(
            None,
            {**MINIMAL, "hub_url": url.replace("https", "wss"), **({"ca_file": chain} if trusted else {})},
        )
        outbox = Outbox(tmp_path / "o")
        desk = Desk(None, None, outbox)
        await desk.open()
        dialling = asyncio.create_task(
            Dial(Dialling(options.dial_url, TOKEN, options.tls(), 0.01, 0.01), desk).run()
        )
        if welcome:
            await eventually(lambda: hub.channel("sage").connected)
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await dialling
            assert not hub.channel("sage").connected
        dialling.cancel()
        await asyncio.wait([dialling])
        await outbox.close()


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    chain, _ = _certificate(tmp_path, "127.0.0.1")
    with pytest.raises(FixInput, match="cannot be used with its key"):
        server_tls(chain, tmp_path / "missing.key")


# -- settings ----------------------------------------------------------------------------------

MINIMAL: dict[str, Any] = {"hub_url": "wss://sync.example.com", "token": "env:T", "sql_url": "sqlite:///c.db"}


def test_a_small_file_is_enough_and_flags_win(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text("hub_url: wss://sync.example.com/\ntoken: env:T\nsql_url: env:SQL\n")
    options = load(file, {"readers": 2})
    assert options.dial_url == "wss://sync.example.com/bridge/v1"
    assert options.base_dir == tmp_path
    assert options.readers == 2
    assert isinstance(options.sql_url, SecretRef)
    assert options.tls() is not None
    assert not isinstance(load(None, MINIMAL).sql_url, SecretRef)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hub_url": "ws://sync.example.com"}, "only this machine"),
        ({"hub_url": "https://sync.example.com"}, "wss://"),
        ({"token": "plain-canary"}, "by reference"),
        ({"sql_url": None}, "at least one of them"),
        ({"object": "com", "company": "c", "user": "u", "password": "env:P"}, "com_class"),
        ({"object": "com"}, "company, user and password"),
        ({"object": "sandbox", "company": "c", "user": "u", "password": "env:P"}, "sandbox_url"),
        ({"verify": False}, "verify"),
    ],
)
def test_settings_that_cannot_work_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FixInput, match=message) as refusal:
        load(None, {**MINIMAL, **change})
    assert "canary" not in refusal.value.message


def test_a_mistake_in_the_file_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text("hub_url: wss://sync.example.com\ntoken: env:T\nsql_url: sqlite:///c.db\nreaders: many\n")
    with pytest.raises(FixInput, match=r"bridge\.yaml:4 \(readers\)"):
        load(file, {})
    file.write_text("just words")
    with pytest.raises(FixInput, match="settings by name expected"):
        load(file, {})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_may_be_dialled_in_clear(host: str) -> None:
    assert BridgeOptions(**{**MINIMAL, "hub_url": f"ws://{host}:8322"}).tls() is None
