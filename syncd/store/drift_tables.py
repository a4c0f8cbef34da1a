"""The monitor's tables: learned shapes, drift events, grants, proposals, notices, facts about logins."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, Table, Text, text

from syncd.store.table_parts import Instant, identity, metadata, only, reference

shape = Table(
    "shape",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("records", Integer, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
"""What a connection's answers look like, learned record by record. Sealed: counts and digests."""

drift = Table(
    "drift",
    metadata,
    identity(),
    Column("fingerprint", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("facets", Text, nullable=False),
    Column("hits", Integer, nullable=False),
    Column("distance", Float, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("held_at", Instant),
    Column("closed_at", Instant),
    Column("muted_until", Instant),
    Column("actor", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Index("ix_drift_state_connection", "state", "connection"),
    Index(
        "uq_drift_live",
        "connection",
        "fingerprint",
        unique=True,
        **only(text("state in ('open', 'acked')")),
    ),
    sqlite_autoincrement=True,  # holds and reports name an event by its number for ever
)
"""One row a drift of one connection. ``facets``: before, after, evidence, mappings, repair, as JSON."""

drift_grant = Table(
    "drift_grant",
    metadata,
    identity(),
    reference("drift_id", "drift"),
    Column("connection", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index("ix_drift_grant_connection_expires_at", "connection", "expires_at"),
)
"""Releases that end by themselves."""

proposal = Table(
    "proposal",
    metadata,
    identity(),
    reference("drift_id", "drift"),
    Column("platform", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("correction", Text),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Index("ix_proposal_connection_closed_at", "connection", "closed_at"),
)
"""Contract edits that were accepted here and are to be merged into a file."""

notice = Table(
    "notice",
    metadata,
    Column("cause", Text, primary_key=True),
    Column("severity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("times", Integer, nullable=False),
    Column("closed_at", Instant),
)
"""What was told about each cause."""

fact = Table(
    "fact",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)
"""What a connection's logins, certificates and headers say, as last seen; never a token."""
