"""The index of words: FTS5 beside the table in SQLite, a tsvector in PostgreSQL; the same tokens in both.

A token is found as a whole. Tokens hold letters and digits, of ASCII besides only `#`, `@` and `_`, so that
neither database splits or changes them: SQLite's `ascii` tokenizer with these characters, no parser at all in
PostgreSQL.
"""

from collections.abc import Collection
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, cast, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.types import String

from app.archive.packing import packed, unpacked
from app.archive.tables import WORDS_TABLE, library

MERGE_PAGES = 500
"""Of the index that one step of `tidy` writes anew, while others wait: 2 MB."""


class WordIndex(Protocol):
    """Which row of `library` has which words."""

    def put(self, connection: Connection, number: int, words: Collection[str]) -> None:
        """Index a row by these words instead of those that it had. In a transaction."""

    def drop(self, connection: Connection, number: int) -> None:
        """Take a row out that is about to be removed. In a transaction."""

    def has_all(self, words: Collection[str]) -> Any:
        """The condition that a row has all of these words, of which there is one at least."""


class PostgresWords:
    """A tsvector without places: 'fat':1 would be three times as long, and nobody asks for it."""

    def put(self, connection: Connection, number: int, words: Collection[str]) -> None:
        """See WordIndex."""
        vector = func.array_to_tsvector(cast(sorted(words), ARRAY(String)))
        connection.execute(update(library).where(library.c.number == number).values(words=vector))

    def drop(self, connection: Connection, number: int) -> None:
        """They are in the row itself."""

    def has_all(self, words: Collection[str]) -> Any:
        """See WordIndex."""
        query = " & ".join(f"'{word}'" for word in sorted(words))
        return library.c.words.op("@@")(cast(literal(query), TSQUERY))


class SqliteWords:
    """An FTS5 table that keeps words only, and needs to be told which ones to take out: they lie, packed, in
    the row."""

    def put(self, connection: Connection, number: int, words: Collection[str]) -> None:
        """See WordIndex."""
        self.drop(connection, number)
        joined = "\n".join(sorted(words))
        values = {"words": packed(joined.encode())}
        connection.execute(update(library).where(library.c.number == number).values(values))
        statement = text(f"INSERT INTO {WORDS_TABLE} (rowid, words) VALUES (:number, :words)")
        connection.execute(statement, {"number": number, "words": joined})

    def drop(self, connection: Connection, number: int) -> None:
        """See WordIndex."""
        indexed = connection.scalar(select(library.c.words).where(library.c.number == number))
        if indexed is not None:
            statement = text(
                f"INSERT INTO {WORDS_TABLE} ({WORDS_TABLE}, rowid, words) VALUES ('delete', :number, :words)"
            )
            words = unpacked(indexed).decode()
            connection.execute(statement, {"number": number, "words": words})
            connection.exec_driver_sql(_UNTIDY)

    def has_all(self, words: Collection[str]) -> Any:
        """See WordIndex. For `+ 0` see Library."""
        query = " ".join(f'"{word}"' for word in sorted(words))
        found = text(f"SELECT rowid FROM {WORDS_TABLE} WHERE {WORDS_TABLE} MATCH :wanted_words")
        return (library.c.number + 0).in_(found.bindparams(bindparam("wanted_words", query)))


_UNTIDY, _TIDYING, _TIDY = (f"PRAGMA user_version = {number}" for number in (1, 2, 0))
"""A number in the head of the file that SQLite leaves to its user. Words that were taken out of the index are
in its old parts until these are merged: this tells that it is to be done, over all kills."""


def is_untidy(connection: Connection) -> bool:
    """Whether words of removed transcripts are still in the file (SQLite)."""
    return _state(connection) != 0


def begin_tidying(connection: Connection) -> None:
    """Mark all parts of the index to be merged (SQLite)."""
    connection.exec_driver_sql(_TIDYING)
    _merge(connection, -MERGE_PAGES)


def tidy_on(connection: Connection) -> bool:
    """The next step; False where nothing was left to be done."""
    before = _total_changes(connection)
    _merge(connection, MERGE_PAGES)
    return _total_changes(connection) - before > 1  # the command itself counts as one


def end_tidying(connection: Connection) -> None:
    """All is merged; what was taken out meanwhile is another turn. In a transaction."""
    if _state(connection) == 2:
        connection.exec_driver_sql(_TIDY)


def _state(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)


def _merge(connection: Connection, pages: int) -> None:
    statement = text(f"INSERT INTO {WORDS_TABLE} ({WORDS_TABLE}, rank) VALUES ('merge', :pages)")
    connection.execute(statement, {"pages": pages})


def _total_changes(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT total_changes()").scalar() or 0)
