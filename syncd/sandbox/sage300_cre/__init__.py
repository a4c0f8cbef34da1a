"""Sage 300 CRE's import, played: documents that fail are put aside with a reason, good ones are in."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from syncd.sandbox.importing import ImportSandbox
from syncd.sandbox.sandbox import SandboxPlatform

LAYOUTS = Path(__file__).with_name("layouts")

SANDBOX = SandboxPlatform("sage300-cre", partial(ImportSandbox, layouts=LAYOUTS, whole=False))
