"""Look whether anything that is installed has a known vulnerability: ``python -m deploy.audit``.

Exit code 1 if something has. Without a way to a vulnerability service nothing can be said: then it says
so, loudly, and exits 0, because a build must not depend on somebody else's server.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCK = Path(__file__).with_name("requirements.lock")


@dataclass(frozen=True, slots=True)
class Verdict:
    code: int
    words: str


def verdict(report: Mapping[str, Any] | None, expected: int) -> Verdict:
    """From pip-audit's report (None: it gave none) on ``expected`` packages. Pure."""
    found: Sequence[Mapping[str, Any]] = (report or {}).get("dependencies", [])
    looked_at = [one for one in found if "skip_reason" not in one]
    vulnerable = [one for one in looked_at if one.get("vulns")]
    if vulnerable:
        lines = [
            f"{one['name']} {one['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions'])}"
            for one in vulnerable
            for flaw in one["vulns"]
        ]
        return Verdict(1, "VULNERABLE\n" + "\n".join(lines))
    if len(looked_at) < expected:
        return Verdict(
            0,
            f"NOT AUDITED: {len(looked_at)} of {expected} packages (no service answers from here)",
        )
    return Verdict(0, f"audited: {expected} packages, none with a known vulnerability")


def locked(text: str) -> dict[str, str]:
    """Name -> version of what a lock file pins."""
    pins = (
        line.split(" ")[0].split(";")[0] for line in text.splitlines() if "==" in line and line[0].isalnum()
    )
    return dict(tuple(pin.split("==", 1)) for pin in pins)  # type: ignore[misc]


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--require-hashes"]
    options = ["--disable-pip", "--format", "json", "--progress-spinner", "off"]
    ran = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=300)  # noqa: S603
    try:
        report = json.loads(ran.stdout)
    except json.JSONDecodeError:
        report = None
    found = verdict(report, len(locked(LOCK.read_text(encoding="utf-8"))))
    print(found.words)
    return found.code


if __name__ == "__main__":
    sys.exit(main())
