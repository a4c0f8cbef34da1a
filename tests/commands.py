"""``syncd`` commands as processes of their own, that begin with everything imported: starting the
interpreter anew takes longer than most of what is tested."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["syncd.cli.program", "syncd.cli.session", "syncd.api.client", "syncd.app.daemon"]
)


@dataclass(frozen=True)
class Ran:
    """One command line, ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)


def syncd(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None, timeout_s: float = 120.0) -> Ran:
    """Run ``syncd ARGUMENTS`` to its end, with nothing to read on stdin."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        out_at, err_at = (f"/proc/{os.getpid()}/fd/{file.fileno()}" for file in (out, err))
        process = _FORKS.Process(
            target=_run, args=(arguments, cwd, dict(env or os.environ), out_at, err_at), daemon=True
        )
        process.start()
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            process.join()
        out.seek(0)
        err.seek(0)
        ran = Ran(process.exitcode or 0, out.read(), err.read())
    assert process.exitcode is not None
    assert process.exitcode >= 0, f"killed after {timeout_s:g} s: {arguments}\n{ran.err}"
    return ran


def _run(arguments: tuple[str, ...], cwd: Path, env: dict[str, str], out: str, err: str) -> None:
    """In the new process: as if it had been started with these."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for number, path in ((1, out), (2, err)):
        opened = os.open(path, os.O_WRONLY)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["syncd", *arguments]
    from syncd.cli import main  # noqa: PLC0415 - imported by the server already, in this process only now

    main()
