"""Certificates are verified, and there is no switch."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from syncd.core.errors import FixInput, RetryLater
from syncd.core.outcome import Retry
from tests.integration.http.conftest import ClientFor, FaultServer

Starter = Callable[..., Awaitable[FaultServer]]
NOW = datetime.now(UTC)


class Authority:
    """A certificate authority of our own, as companies have them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        certificate = (
            _builder(self.name, self.name, self.key, ends=NOW + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(_signs_certificates(), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        self.file = directory / "ca.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, *, address: str = "127.0.0.1", ends: datetime | None = None) -> ssl.SSLContext:
        """A server's context with a certificate for ``address``."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test server")])
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        certificate = (
            _builder(name, self.name, key, ends=ends or NOW + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
            .add_extension(authority_key, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        file = self.directory / "server.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(ends)
    )


def _signs_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_a_private_authority_is_trusted_where_its_file_is_given(
    start: Starter, client_for: ClientFor, authority: Authority
) -> None:
    server = await start(ssl_context=authority.context())
    base_url = f"https://127.0.0.1:{server.port}/api"
    client = client_for(server, base_url=base_url, ca_file=authority.file)
    assert (await client.read("/invoice")).ok


@pytest.mark.parametrize("flaw", ["unknown authority", "expired", "another host"])
async def test_a_certificate_with_a_flaw_is_refused_before_anything_is_sent(
    start: Starter, client_for: ClientFor, authority: Authority, flaw: str
) -> None:
    context = authority.context(
        address="127.0.0.2" if flaw == "another host" else "127.0.0.1",
        ends=NOW - timedelta(days=1) if flaw == "expired" else None,
    )
    server = await start(ssl_context=context)
    ca_file = None if flaw == "unknown authority" else authority.file
    client = client_for(server, base_url=f"https://127.0.0.1:{server.port}/api", ca_file=ca_file)
    with pytest.raises(RetryLater, match="not trusted"):
        await client.read("/invoice")
    got = await client.write("POST", "/invoice", json={})
    assert isinstance(got, Retry)
    assert server.heard == []


async def test_a_server_that_only_speaks_old_tls_is_refused(
    start: Starter, client_for: ClientFor, authority: Authority
) -> None:
    context = authority.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    server = await start(ssl_context=context)
    base_url = f"https://127.0.0.1:{server.port}/api"
    client = client_for(server, base_url=base_url, ca_file=authority.file)
    got = await client.write("POST", "/invoice", json={})
    assert isinstance(got, Retry)
    assert server.heard == []


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_a_ca_file_that_holds_none_is_a_persons_to_mend(
    server: FaultServer, client_for: ClientFor, tmp_path: Path, content: bytes | None
) -> None:
    ca_file = tmp_path / "site.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with pytest.raises(FixInput, match=r"site\.pem"):
        await client_for(server, ca_file=ca_file).read("/invoice")
