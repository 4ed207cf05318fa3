"""The tables of the archive; `migrations` makes them, step by step."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    and_,
    false,
    not_,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

ID_LENGTH = 128

BYTEWISE = String(ID_LENGTH).with_variant(String(ID_LENGTH, collation="C"), "postgresql")
"""Ids are ordered as Redis orders them, whatever the language of the database."""

metadata = MetaData()

transcripts = Table(
    "transcripts",
    metadata,
    Column("task_id", BYTEWISE, primary_key=True),
    Column("owner", String, nullable=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("archived_ms", BigInteger, nullable=False),
    Column("filename", String, nullable=True),
    Column("model", String, nullable=True),
    Column("language", String, nullable=True),
    Column("duration", Float, nullable=True),
    Column("size", BigInteger, nullable=False),  # bytes of `content`
    # Of a row that only says that its transcript was removed: when it has been there for long enough.
    Column("gone_until_ms", BigInteger, nullable=True),
    Column("version", BigInteger, nullable=False, server_default="0"),  # of `corrections`
    Column("corrections", LargeBinary, nullable=True),
    Column("encoding", String, nullable=False),  # of `content`
    Column("content", LargeBinary, nullable=True),  # last: SQLite reads a row up to what is asked for
    # Whether a mark is that of a deleted task. After `content` all the same: SQLite has 0 and 1 in the row's
    # header.
    Column("deleted", Boolean, nullable=False, server_default=false()),
    Index("ix_transcripts_created", "created_ms", "task_id", "size"),
    Index("ix_transcripts_owner", "owner", "created_ms", "task_id"),
    Index("ix_transcripts_gone", "gone_until_ms"),
)

PRESENT = transcripts.c.gone_until_ms.is_(None)
"""Whether a row is a transcript, and not the mark of one that was removed."""

DELETED = and_(transcripts.c.gone_until_ms.is_not(None), transcripts.c.deleted)
"""Whether a row is the mark of a deleted task: it outlasts its time, so that no copy brings the task back."""

DELETED_ENCODING = "deleted"
"""`encoding` of such a mark, by which APIs of before version 0007 of the tables know it."""

DELETED_BY_OLDER = and_(
    transcripts.c.gone_until_ms.is_not(None),
    transcripts.c.encoding == DELETED_ENCODING,
    not_(transcripts.c.deleted),
)
"""The same, made by such an API that runs beside this one."""

library = Table(
    "library",  # what is short is not in `transcripts`: SQLite would read past `content` for it
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # in `library_words`
    Column("task_id", BYTEWISE, nullable=False, unique=True),
    Column("created_ms", BigInteger, nullable=False),  # as in `transcripts`: hits are listed by it
    Column("title", String, nullable=True),
    Column("tags", String, nullable=True),
    # By which rules, and with which version of the corrections, its words are indexed; NULL: not yet.
    Column("rules", Integer, nullable=True),
    Column("version", BigInteger, nullable=True),
    # PostgreSQL searches these; in SQLite they tell what to take out of `library_words`, which has no rows.
    Column("words", TSVECTOR().with_variant(LargeBinary, "sqlite"), nullable=True),
    Index("ix_library_created", "created_ms", "task_id"),
    Index("ix_library_words", "words", postgresql_using="gin").ddl_if(dialect="postgresql"),
)
"""One row for each transcript that was indexed or got a title or tags."""

WORDS_TABLE = "library_words"
"""SQLite's index (FTS5), of the words alone: neither texts nor places."""

shares = Table(
    "shares",
    metadata,
    Column("share_id", BYTEWISE, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),  # SHA-256: the token is kept nowhere
    Column("task_id", BYTEWISE, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=True),
    Column("revoked_ms", BigInteger, nullable=True),
    Index("ix_shares_task", "task_id", "created_ms"),
)

summaries = Table(
    "summaries",
    metadata,
    Column("task_id", BYTEWISE, primary_key=True),
    # When the next attempt may begin, or a running one counts as lost; NULL: nothing is to be done.
    Column("due_ms", BigInteger, nullable=True),
    Column("token", String(32), nullable=True),  # of the running attempt: whoever lost it writes nothing
    Column("attempts", Integer, nullable=False),
    Column("error_code", String, nullable=True),  # of the last attempt, where it failed
    Column("error_message", String, nullable=True),
    Column("model", String, nullable=True),
    Column("made_ms", BigInteger, nullable=True),
    Column("parts", LargeBinary, nullable=True),  # answers of an unfinished summary, by what was asked
    Column("content", LargeBinary, nullable=True),
    Column("version", BigInteger, nullable=True),  # of the corrections in `content`; NULL: not known
    Index("ix_summaries_due", "due_ms"),
)

failures = Table(
    "failures",
    metadata,
    Column("task_id", BYTEWISE, primary_key=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, nullable=False),
    Column("owner", String, nullable=True),
    Column("filename", String, nullable=True),
    Column("model", String, nullable=True),
    Column("duration", Float, nullable=True),
    Column("code", String, nullable=False),
    Column("message", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("found_by", String, nullable=False),  # file, code and sentence in small letters
    Index("ix_failures_created", "created_ms", "task_id"),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("task_id", BYTEWISE, primary_key=True),
    Column("fingerprint", String(64), nullable=False),  # of what was asked of which recording
    Index("ix_fingerprints", "fingerprint"),
)
