"""first tables

Revision ID: 0001
Revises:
Create Date: 2026-11-21 12:39:58.448129
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# quoted: PostgreSQL has a use of its own for the word
_OPEN = sa.text("state in ('planned', 'sent', 'uncertain', 'accepted', 'held') and \"natural\" is not null")


def upgrade() -> None:

    op.create_table(
        "delivery",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "delivery", name=op.f("pk_delivery")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_received_at", ["received_at"], unique=False)

    op.create_table(
        "flow",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("left_offset", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("right_offset", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("first_sync_done", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False),
        sa.Column("ceiling", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_cycle_at", sa.BigInteger(), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow")),
        sa.UniqueConstraint("link", "entity", name=op.f("uq_flow_link_entity")),
    )
    op.create_table(
        "hint",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hint")),
        sa.UniqueConstraint("connection", "entity", "key", name=op.f("uq_hint_connection_entity_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index("ix_hold_scope_released_at", ["scope", "released_at"], unique=False)

    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("flow_id", sa.BigInteger(), nullable=True),
        sa.Column("pair_id", sa.BigInteger(), nullable=True),
        sa.Column("intent_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index("ix_journal_pair_id", ["pair_id"], unique=False)

    op.create_table(
        "stream",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("watermark", sa.Text(), nullable=True),
        sa.Column("resume", sa.Text(), nullable=True),
        sa.Column("walk_since", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_ok_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stream")),
        sa.UniqueConstraint("connection", "entity", name=op.f("uq_stream_connection_entity")),
    )
    op.create_table(
        "token",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "name", name=op.f("pk_token")),
    )
    op.create_table(
        "remote",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("raw_hash", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["stream.id"], name=op.f("fk_remote_stream_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote")),
        sa.UniqueConstraint("stream_id", "key", name=op.f("uq_remote_stream_id_key")),
    )
    with op.batch_alter_table("remote", schema=None) as batch_op:
        batch_op.create_index("ix_remote_stream_id_seq", ["stream_id", "seq"], unique=False)

    op.create_table(
        "pair",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("left_id", sa.BigInteger(), nullable=True),
        sa.Column("right_id", sa.BigInteger(), nullable=True),
        sa.Column("left_hash", sa.LargeBinary(), nullable=True),
        sa.Column("right_hash", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("field", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("intents", sa.Integer(), server_default="0", nullable=False),
        sa.Column("historical", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("forced", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("waits_side", sa.Text(), nullable=True),
        sa.Column("waits_entity", sa.Text(), nullable=True),
        sa.Column("waits_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name=op.f("fk_pair_flow_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["left_id"], ["remote.id"], name=op.f("fk_pair_left_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["right_id"], ["remote.id"], name=op.f("fk_pair_right_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair")),
        sa.UniqueConstraint("flow_id", "left_id", name=op.f("uq_pair_flow_id_left_id")),
        sa.UniqueConstraint("flow_id", "right_id", name=op.f("uq_pair_flow_id_right_id")),
    )
    with op.batch_alter_table("pair", schema=None) as batch_op:
        batch_op.create_index("ix_pair_flow_id_due_at", ["flow_id", "due_at"], unique=False)
        batch_op.create_index("ix_pair_flow_id_state", ["flow_id", "state"], unique=False)
        batch_op.create_index("ix_pair_left_id", ["left_id"], unique=False)
        batch_op.create_index("ix_pair_right_id", ["right_id"], unique=False)
        batch_op.create_index("ix_pair_waits_entity_waits_key", ["waits_entity", "waits_key"], unique=False)

    op.create_table(
        "remote_body",
        sa.Column("remote_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["remote_id"], ["remote.id"], name=op.f("fk_remote_body_remote_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("remote_id", name=op.f("pk_remote_body")),
    )
    op.create_table(
        "remote_natural",
        sa.Column("remote_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["remote_id"], ["remote.id"], name=op.f("fk_remote_natural_remote_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("remote_id", "rank", name=op.f("pk_remote_natural")),
    )
    with op.batch_alter_table("remote_natural", schema=None) as batch_op:
        batch_op.create_index(
            "ix_remote_natural_stream_id_rank_digest", ["stream_id", "rank", "digest"], unique=False
        )

    op.create_table(
        "conflict",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pair_id", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pair_id"], ["pair.id"], name=op.f("fk_conflict_pair_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
        sa.UniqueConstraint("pair_id", "unit", name=op.f("uq_conflict_pair_id_unit")),
    )
    op.create_table(
        "intent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("pair_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("natural", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("remote_key", sa.Text(), nullable=True),
        sa.Column("error_class", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name=op.f("fk_intent_flow_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["pair_id"], ["pair.id"], name=op.f("fk_intent_pair_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent")),
        sa.UniqueConstraint("reference", name=op.f("uq_intent_reference")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.create_index("ix_intent_flow_id_state_due_at", ["flow_id", "state", "due_at"], unique=False)
        batch_op.create_index("ix_intent_pair_id", ["pair_id"], unique=False)
        batch_op.create_index(
            "uq_intent_open_natural",
            ["connection", "entity", "natural"],
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        )

    op.create_table(
        "pair_base",
        sa.Column("pair_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("base", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pair_id"], ["pair.id"], name=op.f("fk_pair_base_pair_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pair_id", "side", name=op.f("pk_pair_base")),
    )


def downgrade() -> None:

    op.drop_table("pair_base")
    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_intent_open_natural",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        )
        batch_op.drop_index("ix_intent_pair_id")
        batch_op.drop_index("ix_intent_flow_id_state_due_at")

    op.drop_table("intent")
    op.drop_table("conflict")
    with op.batch_alter_table("remote_natural", schema=None) as batch_op:
        batch_op.drop_index("ix_remote_natural_stream_id_rank_digest")

    op.drop_table("remote_natural")
    op.drop_table("remote_body")
    with op.batch_alter_table("pair", schema=None) as batch_op:
        batch_op.drop_index("ix_pair_waits_entity_waits_key")
        batch_op.drop_index("ix_pair_right_id")
        batch_op.drop_index("ix_pair_left_id")
        batch_op.drop_index("ix_pair_flow_id_state")
        batch_op.drop_index("ix_pair_flow_id_due_at")

    op.drop_table("pair")
    with op.batch_alter_table("remote", schema=None) as batch_op:
        batch_op.drop_index("ix_remote_stream_id_seq")

    op.drop_table("remote")
    op.drop_table("token")
    op.drop_table("stream")
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_index("ix_journal_pair_id")

    op.drop_table("journal")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index("ix_hold_scope_released_at")

    op.drop_table("hold")
    op.drop_table("hint")
    op.drop_table("flow")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_received_at")

    op.drop_table("delivery")
