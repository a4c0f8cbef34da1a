"""many workers: when it is a link's turn, who works, what happened to them

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-21 18:50:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "turn",
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("next_start", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("woken", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("served", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("scheduled", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("wanted_since", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("link", name=op.f("pk_turn")),
    )
    op.create_index("ix_turn_due_at", "turn", ["due_at"])
    op.create_index("ix_turn_wanted_since", "turn", ["wanted_since"])
    op.create_table(
        "lease",
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("link", name=op.f("pk_lease")),
    )
    op.create_index("ix_lease_until", "lease", ["until"])
    op.create_table(
        "worker",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("lost_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker")),
    )
    op.create_table(
        "mishap",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_mishap")),
    )
    op.create_table(
        "allowance",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("opens_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("connection", name=op.f("pk_allowance")),
    )
    op.create_table(
        "place",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("waits_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "holder", name=op.f("pk_place")),
    )
    op.create_index("ix_link_line_updated_at", "link_line", ["updated_at"])


def downgrade() -> None:
    op.drop_index("ix_link_line_updated_at", table_name="link_line")
    op.drop_table("place")
    op.drop_table("allowance")
    op.drop_table("mishap")
    op.drop_table("worker")
    op.drop_table("lease")
    op.drop_table("turn")
