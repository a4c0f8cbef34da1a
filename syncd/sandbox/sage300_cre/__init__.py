"""Sage 300 CRE's import, played: rows that fail are put aside with a reason, good ones are in."""

from __future__ import annotations

from functools import partial

from syncd.sandbox.importing import ImportSandbox
from syncd.sandbox.sandbox import SandboxPlatform

SANDBOX = SandboxPlatform("sage300-cre", partial(ImportSandbox, whole=False))
