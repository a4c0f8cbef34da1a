"""ComputerEase's import, played: a file with one error is cancelled whole."""

from __future__ import annotations

from functools import partial

from syncd.sandbox.importing import ImportSandbox
from syncd.sandbox.sandbox import SandboxPlatform

SANDBOX = SandboxPlatform("computerease", partial(ImportSandbox, whole=True))
