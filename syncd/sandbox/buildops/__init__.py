"""BuildOps as a local server: one tenant, in whichever way its site profile settles what sources dispute."""

from __future__ import annotations

from syncd.sandbox.buildops.server import BuildopsSandbox
from syncd.sandbox.sandbox import SandboxPlatform

SANDBOX = SandboxPlatform("buildops", BuildopsSandbox)
