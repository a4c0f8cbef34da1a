"""Acumatica as a local server: one tenant behind the contract-based REST API, in both contract versions."""

from __future__ import annotations

from syncd.sandbox.acumatica.server import AcumaticaSandbox
from syncd.sandbox.sandbox import SandboxPlatform

SANDBOX = SandboxPlatform("acumatica", AcumaticaSandbox)
