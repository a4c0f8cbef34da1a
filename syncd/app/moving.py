"""A state moved from one database into another: the files' locks, the addresses, the words afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from syncd.api.upkeep import StateMoved, TableMoved
from syncd.app.beacon import own
from syncd.app.upkeep import site_keeper
from syncd.config.load import Site
from syncd.core.errors import FixInput
from syncd.secrets.reference import SecretRef, resolve
from syncd.store import transfer
from syncd.store.opening import open_engine

Told = Callable[[str, int, int], None]


def move(
    site: Site, source: str, target: str, password: SecretRef | None, actor: str, told: Told
) -> StateMoved:
    """Everything of the state at ``source`` into the empty place ``target``, sealed as it is; both are
    addresses as in ``state.url``. ``password``: of the one that is a server, if it asks for one.

    Raises ``FixInput`` for addresses that cannot be, ``StateLocked`` while anybody uses either.
    """
    secret = None if password is None else resolve(password, site.folder).reveal()
    with ExitStack() as open_now:
        opened = open_now.enter_context(_opened(site, source, secret, must_be_there=True))
        into = open_now.enter_context(_opened(site, target, secret, must_be_there=False))
        if str(opened.url) == str(into.url):
            raise FixInput("both addresses are the same state", remedy="name the place it is to be moved to")
        tables = transfer.move(opened, into, site_keeper(site), actor, told)
        return StateMoved(
            source=transfer.where(opened),
            target=transfer.where(into),
            tables=[TableMoved(table=one.table, rows=one.rows, digest=one.digest) for one in tables],
        )


@contextmanager
def _opened(site: Site, address: str, secret: str | None, *, must_be_there: bool) -> Iterator[Engine]:
    """An engine on a state, and a file's lock for as long."""
    try:
        url = make_url(address)
    except ArgumentError:
        raise FixInput(
            f"{address!r} is no address", remedy="use sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        ) from None
    if url.password:
        raise FixInput("no password in an address", remedy="give it as --password env:NAME")
    if url.get_backend_name() != "sqlite":
        engine = open_engine(address, secret)
        try:
            yield engine
        finally:
            engine.dispose()
        return
    path = site.folder / Path(url.database or "")
    if must_be_there and not path.is_file():
        raise FixInput(f"there is no state at {path}")
    with own(path):
        engine = open_engine(f"sqlite:///{path}")
        try:
            yield engine
        finally:
            engine.dispose()
