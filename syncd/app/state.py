"""Where a site keeps its state, and an engine on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.config.load import Site
from syncd.secrets.reference import resolve

if TYPE_CHECKING:
    from sqlalchemy import Engine


def state_engine(site: Site) -> Engine:
    """Where the site keeps its state; nothing is connected to yet."""
    from syncd.store.opening import open_engine  # noqa: PLC0415 - who asks a daemon needs no database

    password = site.config.state.password
    return open_engine(site.state_url, resolve(password, site.folder).reveal() if password else None)


def state_path(site: Site) -> Path:
    """The state's file; for a state on a server, the name beside which this machine's daemon is found."""
    scheme, _, rest = site.state_url.partition(":///")
    return Path(rest) if scheme == "sqlite" else site.folder / "state"


def shared(site: Site) -> bool:
    """Whether several processes may work on the state at once."""
    return not site.state_url.startswith("sqlite:")


@contextmanager
def state_opened(site: Site) -> Iterator[Engine]:
    """An engine on the state, for as long as the block runs."""
    engine = state_engine(site)
    try:
        yield engine
    finally:
        engine.dispose()
