"""hash chains over the audit, generations of a state

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-21 15:24:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # lines from before stay as they are, in no chain: the key that makes one is not known here
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("link", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("seq", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("hash", sa.LargeBinary(), nullable=True))
        batch_op.create_index("ix_journal_link_seq", ["link", "seq"], unique=False)

    with op.batch_alter_table("action", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seq", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("hash", sa.LargeBinary(), nullable=True))
        batch_op.create_index("ix_action_link_seq", ["link", "seq"], unique=False)

    op.create_table(
        "chain",
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("floor_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("floor_hash", sa.LargeBinary(), nullable=True),
        sa.Column("anchored_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("link", name=op.f("pk_chain")),
    )
    op.create_table(
        "generation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("backup_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generation")),
    )


def downgrade() -> None:
    op.drop_table("generation")
    op.drop_table("chain")
    with op.batch_alter_table("action", schema=None) as batch_op:
        batch_op.drop_index("ix_action_link_seq")
        batch_op.drop_column("hash")
        batch_op.drop_column("seq")

    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_index("ix_journal_link_seq")
        batch_op.drop_column("hash")
        batch_op.drop_column("seq")
        batch_op.drop_column("link")
