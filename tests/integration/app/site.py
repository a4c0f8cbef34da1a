"""A site on disk whose platforms live in the daemon's own process, and that daemon as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.commands import Ran, syncd

REPOSITORY = Path(__file__).parents[3]
_PATIENCE_S = 60.0


def configuration(*links: str, every: str = "1h", more: str = "") -> str:
    """``syncd.yaml`` with these links, each between two platforms of its own."""
    connections = "".join(
        f"  {link}-{side}:\n    platform: memory\n    settings: {{shape: {shape}}}\n"
        for link in links
        for side, shape in (("field", "field"), ("books", "ledger"))
    )
    flows = "".join(
        f"  {link}:\n    left: {link}-field\n    right: {link}-books\n    schedule: {{every: {every}}}\n"
        f"    flows: {{customer: }}\n"
        for link in links
    )
    return (
        f"master_key: file:master.key\nservice: {{port: 0}}\n{more}connections:\n{connections}links:\n{flows}"
    )


@dataclass
class Site:
    """The folder."""

    folder: Path

    def write(self, text: str) -> None:
        (self.folder / "syncd.yaml").write_text(text)

    def syncd(self, *arguments: str) -> Ran:
        """One command, ended."""
        return syncd(*arguments, cwd=self.folder, env=self._environment())

    @property
    def beacon(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state.db.daemon.json").read_text())
        return found

    def links(self) -> list[str]:
        """Those that the daemon runs."""
        ended = self.syncd("status", "--json")
        if ended.code:
            return []
        return [link["link"] for link in ended.data["links"]]

    @property
    def log(self) -> str:
        return (self.folder / "run.log").read_text()

    def daemon(self, *, says: str = "daemon started") -> AbstractContextManager[subprocess.Popen[bytes]]:
        return self.running("run", says=says)

    @contextmanager
    def running(self, *command: str, says: str) -> Iterator[subprocess.Popen[bytes]]:
        """A ``syncd`` command that keeps running; ``says``: what stands in its log once it has begun."""
        with (self.folder / "run.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "syncd", *command],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            try:
                until(lambda: says in self.log or process.poll() is not None, "it has begun")
                assert process.poll() is None, self.log
                yield process
            finally:
                process.terminate()
                process.wait(_PATIENCE_S)

    @staticmethod
    def _environment() -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1"}


def site(folder: Path, text: str) -> Site:
    key = folder / "master.key"
    key.write_text(b64encode(bytes(range(32))).decode())
    key.chmod(0o600)
    made = Site(folder)
    made.write(text)
    return made


def until(holds: Callable[[], object], what: str) -> None:
    """Wait for something that a process does; its own time, not ours."""
    end = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.05)
