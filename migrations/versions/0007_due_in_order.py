"""what is due, in the order of the pairs

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-21 16:55:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_DUE = sa.text("due_at is not null")


def upgrade() -> None:
    op.create_index(
        "ix_pair_flow_id_id_due", "pair", ["flow_id", "id"], sqlite_where=_DUE, postgresql_where=_DUE
    )


def downgrade() -> None:
    op.drop_index("ix_pair_flow_id_id_due", table_name="pair")
