"""ServiceTrade as a local server: its documented API, with the traps that were seen on live accounts."""

from __future__ import annotations

from syncd.sandbox.sandbox import SandboxPlatform
from syncd.sandbox.servicetrade.server import ServiceTradeSandbox

SANDBOX = SandboxPlatform("servicetrade", ServiceTradeSandbox)
