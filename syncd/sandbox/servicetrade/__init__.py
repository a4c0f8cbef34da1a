"""ServiceTrade as a local server: its documented API, with the traps that were seen on live accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.sandbox import Keep, SandboxPlatform
from syncd.sandbox.servicetrade.server import ServiceTradeSandbox


def _settings(told: Mapping[str, str], keep: Keep) -> Mapping[str, Any]:
    auth = {"scheme": "oauth2", "client_id": told["client_id"]}
    return {
        "base_url": told["base_url"],
        "auth": {**auth, "client_secret": keep("client_secret", told["client_secret"])},
        "labour": {"first_day": "2020-01-01"},
    }


SANDBOX = SandboxPlatform("servicetrade", ServiceTradeSandbox, _settings)
