"""QuickBooks Online as a local server: one company behind the Accounting API v3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.quickbooks_online.company import PAYABLES, TAX_ITEM
from syncd.sandbox.quickbooks_online.server import QuickBooksSandbox
from syncd.sandbox.sandbox import Keep, SandboxPlatform


def _settings(told: Mapping[str, str], keep: Keep) -> Mapping[str, Any]:
    return {
        "base_url": told["base_url"],
        "realm_id": told["realm_id"],
        "auth": {
            "client_id": told["client_id"],
            "client_secret": keep("client_secret", told["client_secret"]),
            "refresh_token": keep("refresh_token", told["secret"]),
            "login_url": told["base_url"],
            "revoke_url": told["base_url"],
        },
        "chart": {"tax_item": TAX_ITEM, "payables_account": PAYABLES},
    }


SANDBOX = SandboxPlatform("quickbooks-online", QuickBooksSandbox, _settings)
