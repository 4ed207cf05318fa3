"""Which corrections a summary was made with; of those that are there it is not known."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column."""
    op.add_column("summaries", sa.Column("version", sa.BigInteger, nullable=True))
