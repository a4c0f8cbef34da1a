"""Acumatica as a local server: one tenant behind the contract-based REST API, in both contract versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.acumatica.server import AcumaticaSandbox
from syncd.sandbox.sandbox import Keep, SandboxPlatform


def _settings(told: Mapping[str, str], keep: Keep) -> Mapping[str, Any]:
    return {
        "base_url": told["base_url"],
        "auth": {
            "client_id": told["client_id"],
            "client_secret": keep("client_secret", told["client_secret"]),
            "refresh_token": keep("consent", told["secret"]),
        },
    }


SANDBOX = SandboxPlatform("acumatica", AcumaticaSandbox, _settings)
