"""holds by those that are open: looked at before every write, while those ever placed only grow

Revision ID: 0010_from_0009
Revises: 0009
Create Date: 2026-11-21 23:05:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0010_from_0009"
down_revision = "0009"
branch_labels = None
depends_on = None

_OPEN = sa.text("released_at is null")


def upgrade() -> None:
    op.create_index("ix_hold_scope_open", "hold", ["scope"], sqlite_where=_OPEN, postgresql_where=_OPEN)


def downgrade() -> None:
    op.drop_index("ix_hold_scope_open", table_name="hold")
