"""Summaries of transcripts: those that are wanted, and those that were made."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    bytewise = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
    op.create_table(
        "summaries",
        sa.Column("task_id", bytewise, primary_key=True),
        sa.Column("due_ms", sa.BigInteger, nullable=True),
        sa.Column("token", sa.String(32), nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error_code", sa.String, nullable=True),
        sa.Column("error_message", sa.String, nullable=True),
        sa.Column("model", sa.String, nullable=True),
        sa.Column("made_ms", sa.BigInteger, nullable=True),
        sa.Column("parts", sa.LargeBinary, nullable=True),
        sa.Column("content", sa.LargeBinary, nullable=True),
    )
    op.create_index("ix_summaries_due", "summaries", ["due_ms"])
