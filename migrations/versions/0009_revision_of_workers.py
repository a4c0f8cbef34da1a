"""which version each worker is of, for who wants to take away what it uses

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-21 22:30:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("worker", sa.Column("revision", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("worker") as batch:
        batch.drop_column("revision")
