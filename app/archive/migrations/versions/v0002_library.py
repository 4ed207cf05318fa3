"""What people call their transcripts, and the words by which they are found.

Both tables begin empty, so that no start waits for them: the transcripts that are there are indexed
afterwards, some at a time (`app.services.archive_service`).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

WORDS = """
CREATE VIRTUAL TABLE library_words USING fts5(
    words, content='', detail=none, columnsize=0, tokenize="ascii tokenchars '#@_'"
)
"""


def upgrade() -> None:
    """Make the table, and the index in it or beside it."""
    bytewise = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
    op.create_table(
        "library",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("task_id", bytewise, nullable=False, unique=True),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("title", sa.String, nullable=True),
        sa.Column("tags", sa.String, nullable=True),
        sa.Column("rules", sa.Integer, nullable=True),
        sa.Column("version", sa.BigInteger, nullable=True),
        sa.Column("words", postgresql.TSVECTOR().with_variant(sa.LargeBinary, "sqlite"), nullable=True),
    )
    op.create_index("ix_library_created", "library", ["created_ms", "task_id"])
    if op.get_context().dialect.name == "sqlite":
        op.execute(WORDS)
    else:
        op.create_index("ix_library_words", "library", ["words"], postgresql_using="gin")
