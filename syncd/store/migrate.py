"""Schema revisions: which one a state is at, which code may work on it, and bringing it there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, func, inspect, select, text

from syncd.core.errors import FixInput, StateLocked
from syncd.store.dialects import altering, database_now
from syncd.store.dispatch_tables import worker
from syncd.store.postgres import plainly
from syncd.store.revisions import HEAD, fits, reach
from syncd.store.workers import LOST_AFTER_S


def scripts() -> Path:
    """The folder of revisions: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def current(engine: Engine) -> str | None:
    """The state's revision; None for an empty database. Raises ``StateUnavailable``."""
    with plainly(engine), engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(
            text("select version_num from alembic_version")
        ).scalar_one_or_none()
        return found


def require_fit(engine: Engine) -> None:
    """Raise ``FixInput`` unless this code works on the state as it is."""
    _refuse_unless(fits, current(engine))


def require_head(engine: Engine) -> None:
    """The same for who handles all there is (a copy, a removal): the state is at this code's own revision."""
    _refuse_unless(lambda found: found == HEAD, current(engine))


def _refuse_unless(suits: Callable[[str | None], bool], found: str | None) -> None:
    if suits(found):
        return
    if found is None:
        raise FixInput("the state is empty", remedy="run: syncd db upgrade")
    remedy = "install a newer syncd" if found > HEAD else "run: syncd db upgrade"
    raise FixInput(f"the state is at revision {found}, this syncd needs {HEAD}", remedy=remedy)


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the state to ``revision``, each step in a transaction of its own. One of a newer version that
    this code works on is left as it is.

    Raises ``FixInput`` for a newer one that it does not, ``StateLocked`` while somebody works on the state
    who could not go on afterwards.
    """
    found = current(engine)
    if found is not None and found > HEAD:
        require_fit(engine)
    else:
        _run(engine, "upgrade", revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the state back to ``revision`` (``base``: empty)."""
    _run(engine, "downgrade", revision)


def _run(engine: Engine, direction: str, revision: str) -> None:
    # imported here: alembic costs a third of a second, and only these commands need it
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts()))
    with plainly(engine), engine.connect() as connection, altering(connection):
        if direction == "upgrade":
            _nobody_left_behind(connection, HEAD if revision == "head" else revision)
        config.attributes["connection"] = connection
        getattr(command, direction)(config, revision)
        connection.commit()


def _nobody_left_behind(c: Connection, revision: str) -> None:
    """Raise ``StateLocked`` while somebody works on the state by code older than ``revision`` allows."""
    names: list[str] = []
    if "revision" in _columns(c, worker.name):
        _, oldest = reach(revision)
        silent = c.execute(select(database_now())).scalar_one() - timedelta(seconds=LOST_AFTER_S)
        older = func.coalesce(worker.c.revision, "") < oldest
        names = list(c.execute(select(worker.c.name).where(worker.c.seen_at > silent, older)).scalars())
    c.rollback()
    if names:
        raise StateLocked(
            f"an older version still works on the state: {', '.join(sorted(names)[:5])}",
            remedy="stop it first: this upgrade takes away what it uses. To go without a gap, install the "
            "releases between one by one",
        )


def _columns(c: Connection, table: str) -> set[str]:
    known = inspect(c)
    return {column["name"] for column in known.get_columns(table)} if known.has_table(table) else set()
