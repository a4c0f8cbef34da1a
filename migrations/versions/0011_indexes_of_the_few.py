"""indexes of the few rows that are asked for: pairs that are due or wait, records merged into others

Most pairs are neither due nor waiting, and each had its place in the index of both; whether any record was
merged was asked of all that ever went.

Revision ID: 0011_from_0010
Revises: 0010_from_0009
Create Date: 2026-11-22 02:45:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0011_from_0010"
down_revision = "0010_from_0009"
branch_labels = None
depends_on = None

_DUE = sa.text("due_at is not null")
_WAITING = sa.text("waits_entity is not null")
_MERGED = sa.text("merged_into <> ''")


def upgrade() -> None:
    op.create_index(
        "ix_pair_flow_id_due", "pair", ["flow_id", "due_at"], sqlite_where=_DUE, postgresql_where=_DUE
    )
    op.create_index(
        "ix_pair_waiting",
        "pair",
        ["waits_entity", "waits_key"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index(
        "ix_removal_merged", "removal", ["remote_id"], sqlite_where=_MERGED, postgresql_where=_MERGED
    )
    op.drop_index("ix_pair_flow_id_due_at", table_name="pair")
    op.drop_index("ix_pair_waits_entity_waits_key", table_name="pair")


def downgrade() -> None:
    op.create_index("ix_pair_waits_entity_waits_key", "pair", ["waits_entity", "waits_key"])
    op.create_index("ix_pair_flow_id_due_at", "pair", ["flow_id", "due_at"])
    op.drop_index("ix_removal_merged", table_name="removal")
    op.drop_index("ix_pair_waiting", table_name="pair")
    op.drop_index("ix_pair_flow_id_due", table_name="pair")
