"""How a run ends: the exit codes, and what is said about an error. The one place that maps them."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from secrets import token_hex
from typing import Final

from syncd.core import errors
from syncd.state_folder import state_folder


class Exit(IntEnum):
    """Stable: scripts depend on them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    """An argument or a file must be mended; nothing was done."""
    PARTLY = 3
    """Something went on and something did not."""
    NOTHING = 4
    """What was named does not exist; or a list is empty and ``--fail-if-empty`` was given."""
    CONFIRM = 5
    """Only safe if a person agrees: ``--yes``."""
    UNREACHABLE = 6
    """The daemon does not answer."""
    INTERRUPTED = 130


_MEANING: Final[tuple[tuple[type[errors.SyncdError], Exit, str, str], ...]] = (
    # error, exit code, what happened, what to try where the error itself does not say
    (errors.FixInput, Exit.USAGE, "Something must be mended first", ""),
    (errors.NothingMatched, Exit.NOTHING, "Nothing matched", "`syncd status` lists links and flows"),
    (errors.NeedsConfirmation, Exit.CONFIRM, "This needs a person's agreement", "add --yes"),
    (errors.DaemonUnreachable, Exit.UNREACHABLE, "The daemon does not answer", "is `syncd run` alive?"),
    (errors.StateLocked, Exit.FAILED, "Another process owns this state", "stop it, or ask it: `syncd run`"),
    (errors.StateUnavailable, Exit.FAILED, "The state's database takes nothing now", "try again"),
    (errors.Fenced, Exit.FAILED, "Another worker took this link over", "nothing more was written"),
    (errors.RenewCredentials, Exit.FAILED, "A login was refused", "renew it, then `syncd check --live`"),
    (errors.RetryLater, Exit.FAILED, "A platform cannot serve us now", "nothing was executed; try again"),
    (errors.UnreadableAnswer, Exit.FAILED, "A platform's answer makes no sense", "`syncd check --live`"),
    (errors.ForbiddenDestination, Exit.FAILED, "A request was led elsewhere", "check the base address"),
    (errors.RefuseRecord, Exit.FAILED, "A record was refused", "`syncd quarantine list`"),
    (errors.AwaitReference, Exit.FAILED, "A record waits for another", "`syncd explain` shows for which"),
    (errors.SyncdError, Exit.FAILED, "It did not work", "`syncd check` looks for the cause"),
)


def meaning(error: errors.SyncdError) -> tuple[Exit, str, str]:
    """(exit code, what happened, what to try)."""
    for kind, code, what, remedy in _MEANING:
        if isinstance(error, kind):
            return code, what, error.remedy or remedy
    raise AssertionError("SyncdError is the last row")


def told(error: errors.SyncdError) -> Iterator[tuple[str, str]]:
    """(why, what to try) of every problem the error holds."""
    problems = getattr(error, "problems", ()) or (error,)
    for problem in problems:
        yield problem.message, meaning(problem)[2]


def report_file(error: BaseException) -> tuple[str, Path | None]:
    """Write the traceback of an unexpected error where only its owner reads it: (error id, file).

    The file is None where no folder can be written to.
    """
    ident = token_hex(4)
    text = "".join(traceback.format_exception(error))
    for make in (state_folder, _temporary_folder):
        with suppress(OSError):
            path = make() / f"error-{ident}.log"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
            return ident, path
    return ident, None


def _temporary_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="syncd-"))
