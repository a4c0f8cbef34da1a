"""Tables of what people are asked: possible duplicates, who is not whom, what a link has sent."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from syncd.store.table_parts import Instant, metadata

remote_block = Table(
    "remote_block",
    metadata,
    Column("remote_id", BigInteger, ForeignKey("remote.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("stream_id", BigInteger, nullable=False),
    Index("ix_remote_block_stream_id_digest", "stream_id", "digest"),
)
"""Keyed digests under which a record is found as a possible duplicate: phone, words of a name, digits."""

apart = Table(
    "apart",
    metadata,
    Column("flow_id", BigInteger, ForeignKey("flow.id", ondelete="CASCADE"), primary_key=True),
    Column("left_id", BigInteger, ForeignKey("remote.id", ondelete="CASCADE"), primary_key=True),
    Column("right_id", BigInteger, ForeignKey("remote.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
)
"""Two records that look alike and, a person said, are not the same. They are never asked about again."""

spending = Table(
    "spending",
    metadata,
    Column("link", Text, primary_key=True),
    Column("minute", BigInteger, primary_key=True),
    Column("writes", Integer, nullable=False),
    Column("cents", BigInteger, nullable=False),
)
"""What a link has sent, minute by minute: what its budget is weighed against, also after a restart."""
