"""BuildOps as a local server: one tenant, in whichever way its site profile settles what sources dispute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.buildops.server import BuildopsSandbox
from syncd.sandbox.sandbox import Keep, SandboxPlatform


def _settings(told: Mapping[str, str], keep: Keep) -> Mapping[str, Any]:
    return {
        "base_url": told["base_url"],
        "tenant_id": told["tenant_id"],
        "auth": {"client_id": told["client_id"], "client_secret": keep("client_secret", told["secret"])},
        "requests_per_s": 1_000,
    }


SANDBOX = SandboxPlatform("buildops", BuildopsSandbox, _settings)
