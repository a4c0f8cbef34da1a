"""Schema revisions: which one a state is at, and bringing it to the one this code needs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text

from syncd.core.errors import FixInput
from syncd.store.dialects import altering
from syncd.store.postgres import plainly
from syncd.store.tables import HEAD


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


def require_head(engine: Engine) -> None:
    """Raise ``FixInput`` unless the state is at the revision this code needs."""
    found = current(engine)
    if found == HEAD:
        return
    if found is None:
        raise FixInput("the state is empty", remedy="run: syncd db upgrade")
    newer = found > HEAD
    remedy = "install a newer syncd" if newer else "run: syncd db upgrade"
    raise FixInput(f"the state is at revision {found}, this syncd needs {HEAD}", remedy=remedy)


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the state to ``revision``, each step in a transaction of its own."""
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
        config.attributes["connection"] = connection
        getattr(command, direction)(config, revision)
        connection.commit()
