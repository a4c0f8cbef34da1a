"""Rhumbix as a local server: one company, the current API and the older one's asynchronous imports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.rhumbix.server import RhumbixSandbox
from syncd.sandbox.sandbox import Keep, SandboxPlatform


def _settings(told: Mapping[str, str], keep: Keep) -> Mapping[str, Any]:
    return {
        "base_url": told["base_url"],
        "api_key": keep("api_key", told["secret"]),
        "imports": {"base_url": told["imports_url"], "company_key": told["company_key"], "poll_s": 0.2},
        "requests_per_s": 1_000,
    }


SANDBOX = SandboxPlatform("rhumbix", RhumbixSandbox, _settings)
