"""What is published on a host and what its certificate says, over real sockets."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from monitor import credentials
from monitor.probing import certificate, published
from syncd.service.listen import serve, server_tls
from tests.integration.engine.world import VirtualClock

ENDS = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for 127.0.0.1, and the file a client trusts it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example CA")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ENDS - timedelta(days=90))
        .not_valid_after(ENDS)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    chain, private = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(made.public_bytes(Encoding.PEM))
    private.touch(mode=0o600)
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return server_tls(chain, private), chain


async def test_a_certificate_that_ends_in_five_days_is_a_page(
    certified: tuple[ssl.SSLContext, Path],
) -> None:
    tls, chain = certified
    async with serve(web.Application(), "127.0.0.1", 0, tls) as url:
        facts = await certificate(url, chain)
        assert await certificate(url) == {}, "what is not trusted says nothing"
    assert facts == {"certificate_expires_at": ENDS.isoformat(), "certificate_issuer": "Example CA"}
    (found,) = credentials.countdown(facts, datetime.now(UTC))
    assert (found.kind, found.after, found.severity.pages) == ("expiry", {"days": 7}, True)


async def test_published_login_documents_are_read_with_their_keys() -> None:
    application = web.Application()

    async def metadata(request: web.Request) -> web.Response:
        origin = f"http://{request.host}"
        return web.json_response(
            {"issuer": origin, "token_endpoint": f"{origin}/token", "jwks_uri": f"{origin}/keys"}
        )

    async def keys(_request: web.Request) -> web.Response:
        return web.json_response({"keys": [{"kid": "k1", "n": "..."}]})

    application.router.add_get("/.well-known/openid-configuration", metadata)
    application.router.add_get("/keys", keys)
    async with serve(application, "127.0.0.1", 0, None) as url:
        facts = await published("field", f"{url}/api", VirtualClock())
        assert facts["metadata_token_endpoint"] == f"{url}/token"
        assert facts["signing_keys"] == ["k1"]


async def test_a_platform_that_publishes_nothing_says_nothing() -> None:
    async with serve(web.Application(), "127.0.0.1", 0, None) as url:
        assert await published("field", url, VirtualClock()) == {}
    assert await certificate(url) == {}
