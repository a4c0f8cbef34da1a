"""The engine's memory in SQL: tables, the transactions on them, and who commits them.

Open it wherever it is: ``opening.open_engine(url, password)``, ``migrate.require_head(engine)``,
``opening.open_database(engine)``, and ``sql.SqlStore`` over that. What SQLite and PostgreSQL say differently
stands in ``dialects``; what a server can do to a transaction that a file cannot, in ``postgres``.

In tests the fixtures ``postgres`` (a server, ``tests/postgres.py``) and ``postgres_url`` (a state on it)
need nothing installed but the ``dev`` extra.
"""
