"""The command line, in this process (quick) and as people start it (a process of its own)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncd.cli import program, session
from tests.integration.cli.composition import FakeComposition

REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ran:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs of unexpected errors go where the test can see them."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``syncd ARGUMENTS`` in this process; ``mode`` chooses what goes wrong behind it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "composition", FakeComposition)

    def command(*arguments: str, mode: str = "") -> Ran:
        monkeypatch.setenv("FAKE_MODE", mode)
        code = program.run(arguments)
        written = capsys.readouterr()
        return Ran(code, written.out, written.err)

    return command


def started(*arguments: str) -> list[str]:
    """The command line of a process with the fake composition behind it."""
    return [sys.executable, "-m", "tests.integration.cli", *arguments]


def environment(home: Path, mode: str = "") -> dict[str, str]:
    """As little as a process needs."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUTF8": "1",
        "COLUMNS": "120",
        "FAKE_MODE": mode,
    }


@pytest.fixture
def start(tmp_path: Path) -> Run:
    """``syncd ARGUMENTS`` in a process of its own."""

    def command(*arguments: str, mode: str = "") -> Ran:
        ran = subprocess.run(
            started(*arguments),
            cwd=tmp_path,
            env=environment(tmp_path / "home", mode),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    return command
