"""Other machines reach a daemon over TLS and with a token, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.app.site import configuration, site

OPEN = "host: 0.0.0.0, port: 0"
TOKENS = "control_tokens: {ops: 'file:ops.token'}"


@pytest.mark.parametrize(
    ("service", "why"),
    [
        (OPEN, "listening beyond this machine needs control_tokens"),
        (f"{OPEN}, {TOKENS}", "refusing to listen on 0.0.0.0"),
        (
            f"{OPEN}, tls_certificate: c.pem, tls_key: k.pem",
            "listening beyond this machine needs control_tokens",
        ),
        (f"{OPEN}, {TOKENS}, tls_certificate: c.pem", "tls_certificate and tls_key belong together"),
    ],
)
def test_without_both_the_daemon_does_not_start(tmp_path: Path, service: str, why: str) -> None:
    here = site(tmp_path, configuration("acme").replace("service: {port: 0}", f"service: {{{service}}}"))
    token = here.folder / "ops.token"
    token.touch(mode=0o600)
    token.write_text("a-token-of-32-characters-and-more")
    ended = here.syncd("run")
    assert ended.code == 2
    assert why in ended.err
