"""Marks of deleted tasks in a column of their own.

Until now `encoding` said `deleted` in them. In those that are there it says so still: an API of the version
before that runs on would else forget them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column, and carry the marks over."""
    op.add_column("transcripts", sa.Column("deleted", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE transcripts SET deleted = true WHERE gone_until_ms IS NOT NULL AND encoding = 'deleted'"
    )
