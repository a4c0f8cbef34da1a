"""Every table, in one MetaData that alembic shares.

Integer ids and rowid tables throughout; what is large and sealed stands in tables of its own, so
that look-ups by the thousand touch small rows only. What they are made of: ``table_parts``.

Sealed columns hold AES-GCM bound to connection (or link) and field, see ``syncd.secrets.sealed``.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from syncd.store.table_parts import Instant, chained, identity, metadata, only, reference

stream = Table(
    "stream",
    metadata,
    identity(),
    Column("connection", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("watermark", Text),
    Column("resume", Text),
    Column("walk_since", Text),
    Column("fingerprint", Text, nullable=False, server_default=""),
    Column("seq", BigInteger, nullable=False, server_default="0"),
    Column("last_ok_at", Instant),
    Column("incomplete", Boolean, nullable=False, server_default=text("false")),
    Column("last_error", Text, nullable=False, server_default=""),
    UniqueConstraint("connection", "entity"),
)
"""What one connection offers for one entity; read once, however many flows consume it."""

remote = Table(
    "remote",
    metadata,
    identity(),
    reference("stream_id", "stream"),
    Column("key", Text, nullable=False),
    Column("raw_hash", LargeBinary, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("gone", Boolean, nullable=False, server_default=text("false")),
    Column("seen_at", Instant, nullable=False),
    UniqueConstraint("stream_id", "key"),
    Index("ix_remote_stream_id_seq", "stream_id", "seq"),
)
"""One record of a stream. ``seq`` rises with every change of content: flows consume by it."""

MERGED: Final = text("merged_into <> ''")
"""Records that go on as others: in these very words a look-up uses the index below."""

removal = Table(
    "removal",
    metadata,
    Column("remote_id", BigInteger, ForeignKey("remote.id", ondelete="CASCADE"), primary_key=True),
    Column("missing_since", Instant),
    Column("merged_into", Text, nullable=False, server_default=""),
    Column("evidence", Text, nullable=False, server_default=""),
    Index("ix_removal_merged", "remote_id", **only(MERGED)),  # before every cycle
)
"""What is known of a record that its platform does not show any more; of few, so it stands apart."""

remote_body = Table(
    "remote_body",
    metadata,
    Column("remote_id", BigInteger, ForeignKey("remote.id", ondelete="CASCADE"), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""The latest raw JSON of a record, sealed."""

remote_natural = Table(
    "remote_natural",
    metadata,
    Column("remote_id", BigInteger, ForeignKey("remote.id", ondelete="CASCADE"), primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("stream_id", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Index("ix_remote_natural_stream_id_rank_digest", "stream_id", "rank", "digest"),
)
"""Keyed digests of natural keys, for matching without showing them."""

flow = Table(
    "flow",
    metadata,
    identity(),
    Column("link", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("left_offset", BigInteger, nullable=False, server_default="0"),
    Column("right_offset", BigInteger, nullable=False, server_default="0"),
    Column("first_sync_done", Boolean, nullable=False, server_default=text("false")),
    Column("fingerprint", Text, nullable=False, server_default=""),
    Column("ceiling", Integer, nullable=False, server_default="0"),
    Column("last_cycle_at", Instant),
    Column("last_success_at", Instant),
    Column("last_error", Text, nullable=False, server_default=""),
    UniqueConstraint("link", "entity"),
)

pair = Table(
    "pair",
    metadata,
    identity(),
    reference("flow_id", "flow"),
    reference("left_id", "remote", nullable=True),
    reference("right_id", "remote", nullable=True),
    Column("left_hash", LargeBinary),
    Column("right_hash", LargeBinary),
    Column("state", Text, nullable=False),
    Column("due_at", Instant),
    Column("since", Instant, nullable=False),
    Column("code", Text, nullable=False, server_default=""),
    Column("reason", LargeBinary),
    Column("field", Text, nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("intents", Integer, nullable=False, server_default="0"),
    Column("historical", Boolean, nullable=False, server_default=text("false")),
    Column("forced", Boolean, nullable=False, server_default=text("false")),
    Column("waits_side", Text),
    Column("waits_entity", Text),
    Column("waits_key", Text),
    UniqueConstraint("flow_id", "left_id"),
    UniqueConstraint("flow_id", "right_id"),
    Index("ix_pair_flow_id_due", "flow_id", "due_at", **only(text("due_at is not null"))),
    # batches are taken in the order of the pairs: without it a large backlog is sorted anew for each
    Index("ix_pair_flow_id_id_due", "flow_id", "id", **only(text("due_at is not null"))),
    Index("ix_pair_flow_id_state", "flow_id", "state"),
    Index("ix_pair_waiting", "waits_entity", "waits_key", **only(text("waits_entity is not null"))),
    Index("ix_pair_left_id", "left_id"),
    Index("ix_pair_right_id", "right_id"),
)
"""A left record bound to a right one, or one side alone. ``*_hash``: the content last decided on;
``intents``: how many it ever had, which numbers their references.

``due_at`` set: to be decided then. What is pending is driven by it, never skipped by a gate.
"""

pair_base = Table(
    "pair_base",
    metadata,
    Column("pair_id", BigInteger, ForeignKey("pair.id", ondelete="CASCADE"), primary_key=True),
    Column("side", Text, primary_key=True),
    Column("base", LargeBinary, nullable=False),
)
"""What a side looked like when both last agreed: canonical bytes, sealed."""

conflict = Table(
    "conflict",
    metadata,
    identity(),
    reference("pair_id", "pair"),
    Column("unit", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("since", Instant, nullable=False),
    UniqueConstraint("pair_id", "unit"),
)
"""One unit that no rule settles. Base, left and right stand in the pair's own rows."""

resolution = Table(
    "resolution",
    metadata,
    Column("pair_id", BigInteger, ForeignKey("pair.id", ondelete="CASCADE"), primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("take", Text, nullable=False),
    Column("seen_left", LargeBinary, nullable=False),
    Column("seen_right", LargeBinary, nullable=False),
    Column("values", LargeBinary, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
"""A person's word on one unit in conflict, until it is carried out or what it was given for has changed."""

# quoted: PostgreSQL has a use of its own for the word
OPEN_NATURAL: Final = text(
    "state in ('planned', 'sent', 'uncertain', 'accepted', 'held') and \"natural\" is not null"
)
"""Creates that may yet happen, or may have: in these very words a look-up uses the index below."""

intent = Table(
    "intent",
    metadata,
    identity(),
    reference("flow_id", "flow"),
    reference("pair_id", "pair"),
    Column("side", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("reference", Text, nullable=False, unique=True),
    Column("natural", LargeBinary),
    Column("state", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("remote_key", Text),
    Column("error_class", Text, nullable=False, server_default=""),
    Column("words", LargeBinary),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("settled_at", Instant),
    Column("actor", Text, nullable=False, server_default=""),
    Index("ix_intent_flow_id_state_due_at", "flow_id", "state", "due_at"),
    Index("ix_intent_pair_id", "pair_id"),
    Index(
        "uq_intent_open_natural",
        "connection",
        "entity",
        "natural",
        unique=True,
        **only(OPEN_NATURAL),
    ),
    sqlite_autoincrement=True,  # an id in the journal never comes to mean another intent
)
"""A decision on disk before its remote write. ``reference`` is ours and never used twice."""

reconciliation = Table(
    "reconciliation",
    metadata,
    identity(),
    reference("flow_id", "flow"),
    Column("at", Instant, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("pairs", Integer, nullable=False),
    Column("differences", Integer, nullable=False),
    Column("unexplained", Integer, nullable=False),
    Column("amounts", Text, nullable=False),
    Column("actor", Text, nullable=False, server_default=""),
    Index("ix_reconciliation_flow_id_at", "flow_id", "at"),
)
"""What a full comparison of one flow came to. ``amounts``: sums by field, as JSON."""

hold = Table(
    "hold",
    metadata,
    identity(),
    Column("scope", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("size", Integer, nullable=False, server_default="0"),
    Column("released_at", Instant),
    Column("released_by", Text),
    Index("ix_hold_scope_released_at", "scope", "released_at"),
    Index("ix_hold_scope_open", "scope", **only(text("released_at is null"))),  # before every write
)

journal = Table(
    "journal",
    metadata,
    identity(),
    Column("at", Instant, nullable=False),
    Column("flow_id", BigInteger),
    Column("pair_id", BigInteger),
    Column("intent_id", BigInteger),
    Column("kind", Text, nullable=False),
    Column("text", LargeBinary),
    Column("actor", Text, nullable=False, server_default=""),
    *chained(),
    Index("ix_journal_pair_id", "pair_id"),
    Index("ix_journal_link_seq", "link", "seq"),
)
"""What happened, append only. ``text`` is sealed: it may hold a platform's own words."""

hint = Table(
    "hint",
    metadata,
    identity(),
    Column("connection", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    UniqueConstraint("connection", "entity", "key"),
    sqlite_autoincrement=True,  # announced again while being read: a new id, so it is read again
)
"""Changes announced and not read yet; one row a record, however often it was announced."""

delivery = Table(
    "delivery",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("delivery", Text, primary_key=True),
    Column("received_at", Instant, nullable=False),
    Index("ix_delivery_received_at", "received_at"),
)
"""The replay cache of announcements."""

token = Table(
    "token",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("saved_at", Instant, nullable=False),
)
"""Rotating credentials, sealed."""

# -- the daemon's own -----------------------------------------------------------------------------

api_token = Table(
    "api_token",
    metadata,
    identity(),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
)
"""Tokens of the control API: their digests only. A revoked one keeps its name for the audit."""

action = Table(
    "action",
    metadata,
    identity(),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("text", LargeBinary),
    *chained(),
    Index("ix_action_link_id", "link", "id"),
    Index("ix_action_link_seq", "link", "seq"),
    sqlite_autoincrement=True,  # a line of the audit never gets the number of another
)
"""Who asked for what, append only: written before it is done, and once more if it fails. ``text`` (what
was asked, as JSON) is sealed."""

link_line = Table(
    "link_line",
    metadata,
    Column("link", Text, primary_key=True),
    Column("customer", Text, nullable=False),
    Column("left", Text, nullable=False),
    Column("right", Text, nullable=False),
    Column("health", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("since", Instant, nullable=False),
    Column("late_at", Instant),
    Column("backlog", Integer, nullable=False, server_default="0"),
    Column("oldest_due_at", Instant),
    Column("in_flight", Integer, nullable=False, server_default="0"),
    Column("uncertain", Integer, nullable=False, server_default="0"),
    Column("waiting", Integer, nullable=False, server_default="0"),
    Column("conflicts", Integer, nullable=False, server_default="0"),
    Column("quarantined", Integer, nullable=False, server_default="0"),
    Column("held", Integer, nullable=False, server_default="0"),
    Column("holds", Integer, nullable=False, server_default="0"),
    Column("last_cycle_at", Instant),
    Column("last_success_at", Instant),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Instant),
    Column("updated_at", Instant, nullable=False),
    Index("ix_link_line_rank_link", "rank", "link"),
    Index("ix_link_line_updated_at", "updated_at"),
)
"""How each link stands, kept by whoever runs it: the fleet is read without counting anything."""

cycle = Table(
    "cycle",
    metadata,
    identity(),
    Column("link", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("error", Text, nullable=False, server_default=""),
    Index("ix_cycle_link_id", "link", "id"),
    Index("ix_cycle_started_at", "started_at"),
    sqlite_autoincrement=True,
)
"""Runs that did something or failed. ``counts``: what each flow did, as JSON."""

written = Table(
    "written",
    metadata,
    Column("link", Text, primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("records", Integer, nullable=False),
)
"""Writes carried out per link and hour."""

job = Table(
    "job",
    metadata,
    identity(),
    Column("kind", Text, nullable=False),
    Column("selection", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", LargeBinary),
    Column("planned_at", Instant, nullable=False),
    Column("applies_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("after", BigInteger, nullable=False, server_default="0"),
    Column("message", Text, nullable=False, server_default=""),
    Index("ix_job_state_applies_at", "state", "applies_at"),
    sqlite_autoincrement=True,
)
"""Bulk work that outlives whoever asked for it; ``after``: how far it is, by pair."""

# -- the audit, and what a state has gone through ---------------------------------------------------

chain = Table(
    "chain",
    metadata,
    Column("link", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("floor_seq", BigInteger, nullable=False, server_default="0"),
    Column("floor_hash", LargeBinary),
    Column("anchored_seq", BigInteger, nullable=False, server_default="0"),
)
"""The end of each link's chain of audit lines, and where it begins since older lines were forgotten.
The link ``""`` is the site's own chain, in which the ends of all others are anchored."""

generation = Table(
    "generation",
    metadata,
    identity(),
    Column("at", Instant, nullable=False),
    Column("backup_at", Instant),
)
"""One row for every time this state was put back from a backup: what it says may be behind the truth."""
