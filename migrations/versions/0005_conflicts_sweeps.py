"""resolutions of conflicts, what is known of removed records, results of full comparisons

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-21 15:40:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("stream", schema=None) as batch_op:
        batch_op.add_column(sa.Column("incomplete", sa.Boolean(), server_default=sa.false(), nullable=False))

    op.create_table(
        "removal",
        sa.Column("remote_id", sa.BigInteger(), nullable=False),
        sa.Column("missing_since", sa.BigInteger(), nullable=True),
        sa.Column("merged_into", sa.Text(), server_default="", nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["remote_id"], ["remote.id"], name=op.f("fk_removal_remote_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("remote_id", name=op.f("pk_removal")),
    )
    op.create_table(
        "resolution",
        sa.Column("pair_id", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("take", sa.Text(), nullable=False),
        sa.Column("seen_left", sa.LargeBinary(), nullable=False),
        sa.Column("seen_right", sa.LargeBinary(), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pair_id"], ["pair.id"], name=op.f("fk_resolution_pair_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pair_id", "unit", name=op.f("pk_resolution")),
    )
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("unexplained", sa.Integer(), nullable=False),
        sa.Column("amounts", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["flow_id"], ["flow.id"], name=op.f("fk_reconciliation_flow_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation")),
    )
    with op.batch_alter_table("reconciliation", schema=None) as batch_op:
        batch_op.create_index("ix_reconciliation_flow_id_at", ["flow_id", "at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("reconciliation", schema=None) as batch_op:
        batch_op.drop_index("ix_reconciliation_flow_id_at")

    op.drop_table("reconciliation")
    op.drop_table("resolution")
    op.drop_table("removal")
    with op.batch_alter_table("stream", schema=None) as batch_op:
        batch_op.drop_column("incomplete")
