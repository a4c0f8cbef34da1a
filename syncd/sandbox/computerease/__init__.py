"""ComputerEase's import, played: a file with one error is cancelled whole."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from syncd.sandbox.importing import ImportSandbox
from syncd.sandbox.sandbox import SandboxPlatform

LAYOUTS = Path(__file__).with_name("layouts")

SANDBOX = SandboxPlatform("computerease", partial(ImportSandbox, layouts=LAYOUTS, whole=True))
