"""The engine's memory in SQL: tables, the transactions on them, and who commits them.

Open it wherever it is: ``opening.open_engine(url, password)``, ``migrate.require_head(engine)``,
``opening.open_database(engine)``, and ``sql.SqlStore`` over that. What SQLite and PostgreSQL say differently
stands in ``dialects``; what a server can do to a transaction that a file cannot, in ``postgres``.

Whose a link is stands in ``leases``: ``SqlLeases`` takes, renews and gives back by the database's clock, and
``FencedDatabase`` in the place of a database lets nobody write whose lease is gone (``Fenced``).

In tests the fixtures ``postgres`` (a server, ``tests/postgres.py``) and ``postgres_url`` (a state on it)
need nothing installed but the ``dev`` extra. What runs on the fixture ``database`` of the store's tests is
planned over a filled state as well (``tests/plans.py``): a query without an index fails its test.
"""
