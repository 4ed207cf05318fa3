"""Tasks that failed; and by what of which recording transcripts are found again.

Transcripts that are there get no fingerprints: what was asked for is not known any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    bytewise = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
    op.create_table(
        "failures",
        sa.Column("task_id", bytewise, primary_key=True),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.String, nullable=True),
        sa.Column("filename", sa.String, nullable=True),
        sa.Column("model", sa.String, nullable=True),
        sa.Column("duration", sa.Float, nullable=True),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("found_by", sa.String, nullable=False),
    )
    op.create_index("ix_failures_created", "failures", ["created_ms", "task_id"])
    op.create_table(
        "fingerprints",
        sa.Column("task_id", bytewise, primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
    )
    op.create_index("ix_fingerprints", "fingerprints", ["fingerprint"])
