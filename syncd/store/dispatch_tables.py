"""The tables of many workers: when it is a link's turn, and what happened to them together."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, Table, Text

from syncd.store.table_parts import Instant, metadata

turn = Table(
    "turn",
    metadata,
    Column("link", Text, primary_key=True),
    Column("next_start", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("woken", BigInteger, nullable=False, server_default="0"),
    Column("served", BigInteger, nullable=False, server_default="0"),
    Column("scheduled", BigInteger, nullable=False, server_default="0"),
    Column("wanted_since", Instant),
    Column("failures", Integer, nullable=False, server_default="0"),
    Index("ix_turn_due_at", "due_at"),
    Index("ix_turn_wanted_since", "wanted_since"),
)
"""One row a link. Wishes are numbered: ``woken`` is the latest, ``served`` the latest that a run has ended
for, ``scheduled`` the latest that came of its schedule; ``wanted_since`` is set while the two differ.
``due_at``: when it is looked at next by itself, ``next_start`` or earlier."""

lease = Table(
    "lease",
    metadata,
    Column("link", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until", Instant),
    Index("ix_lease_until", "until"),
)
"""Who runs a link until when; ``until`` is empty once it was given back. ``epoch`` rises whenever it is
taken, and every transaction of a run checks it."""

worker = Table(
    "worker",
    metadata,
    Column("name", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("lost_at", Instant),
    Column("revision", Text),
)
"""One row a process that works on this state, while it lives and for a while after it was lost.
``revision``: the number of the one that its code was made for."""

mishap = Table(
    "mishap",
    metadata,
    Column("what", Text, primary_key=True),
    Column("times", BigInteger, nullable=False),
)
"""How often what should not happen did."""

allowance = Table(
    "allowance",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("at", Instant, nullable=False),
    Column("opens_at", Instant),
)
"""A connection's token bucket, as full as it was ``at`` that time; whoever takes from it locks its row."""

place = Table(
    "place",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("holder", Text, primary_key=True),
    Column("taken", Integer, nullable=False),
    Column("waits_until", Instant),
)
"""Requests that a process has on the wire of a connection, and until when it counts as waiting for more."""
