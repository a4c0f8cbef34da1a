"""Business Central as a local server: one company behind API v2.0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.business_central.company import TAX_ACCOUNT
from syncd.sandbox.business_central.server import BusinessCentralSandbox
from syncd.sandbox.sandbox import Keep, SandboxPlatform


def _settings(told: Mapping[str, str], keep: Keep) -> Mapping[str, Any]:
    return {
        "base_url": told["base_url"],
        "root": told["root"],
        "company_id": told["company_id"],
        "auth": {
            "tenant": told["tenant"],
            "client_id": told["client_id"],
            "client_secret": keep("client_secret", told["client_secret"]),
            "login_url": told["base_url"],
        },
        "chart": {"tax": {"type": "Account", "number": TAX_ACCOUNT}, "manual_orders": True},
    }


SANDBOX = SandboxPlatform("business-central", BusinessCentralSandbox, _settings)
