"""who is not whom, under what possible duplicates are found, what a link has sent

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-21 15:40:12.310344
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "apart",
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("left_id", sa.BigInteger(), nullable=False),
        sa.Column("right_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name=op.f("fk_apart_flow_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["left_id"], ["remote.id"], name=op.f("fk_apart_left_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["right_id"], ["remote.id"], name=op.f("fk_apart_right_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("flow_id", "left_id", "right_id", name=op.f("pk_apart")),
    )
    op.create_table(
        "remote_block",
        sa.Column("remote_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["remote_id"], ["remote.id"], name=op.f("fk_remote_block_remote_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("remote_id", "digest", name=op.f("pk_remote_block")),
    )
    with op.batch_alter_table("remote_block", schema=None) as batch_op:
        batch_op.create_index("ix_remote_block_stream_id_digest", ["stream_id", "digest"], unique=False)

    op.create_table(
        "spending",
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("writes", sa.Integer(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("link", "minute", name=op.f("pk_spending")),
    )
    # what was read before has no blocks: everything is read and mapped once more, and found to be equal
    op.execute("update stream set fingerprint = 'before 0006' where fingerprint <> ''")
    op.execute("update remote set content_hash = ''")


def downgrade() -> None:
    op.drop_table("spending")
    with op.batch_alter_table("remote_block", schema=None) as batch_op:
        batch_op.drop_index("ix_remote_block_stream_id_digest")

    op.drop_table("remote_block")
    op.drop_table("apart")
