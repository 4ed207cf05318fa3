"""Links by which people read one transcript without a key."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    bytewise = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
    op.create_table(
        "shares",
        sa.Column("share_id", bytewise, primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("task_id", bytewise, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=True),
        sa.Column("revoked_ms", sa.BigInteger, nullable=True),
    )
    op.create_index("ix_shares_task", "shares", ["task_id", "created_ms"])
