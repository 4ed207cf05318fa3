"""Transcripts, and the marks of those that were removed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    bytewise = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
    op.create_table(
        "transcripts",
        sa.Column("task_id", bytewise, primary_key=True),
        sa.Column("owner", sa.String, nullable=True),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("archived_ms", sa.BigInteger, nullable=False),
        sa.Column("filename", sa.String, nullable=True),
        sa.Column("model", sa.String, nullable=True),
        sa.Column("language", sa.String, nullable=True),
        sa.Column("duration", sa.Float, nullable=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("gone_until_ms", sa.BigInteger, nullable=True),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("corrections", sa.LargeBinary, nullable=True),
        sa.Column("encoding", sa.String, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=True),
    )
    op.create_index("ix_transcripts_created", "transcripts", ["created_ms", "task_id", "size"])
    op.create_index("ix_transcripts_owner", "transcripts", ["owner", "created_ms", "task_id"])
    op.create_index("ix_transcripts_gone", "transcripts", ["gone_until_ms"])
