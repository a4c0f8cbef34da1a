"""An ordinary JSON API as a local server, in the variants that such APIs come in."""

from __future__ import annotations

from syncd.sandbox.rest.server import RestSandbox
from syncd.sandbox.sandbox import SandboxPlatform

SANDBOX = SandboxPlatform("rest", RestSandbox)
