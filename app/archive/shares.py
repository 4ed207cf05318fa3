"""Links to transcripts. A revoked one stays, as a mark: no copy of the archive brings it back to life."""

import time
from collections.abc import Collection
from typing import Any

from sqlalchemy import delete, insert, literal, or_, select, update

from app.archive.store import Store
from app.archive.tables import PRESENT, shares, transcripts
from app.schemas.share import Share

SHOWN = (shares.c.share_id, shares.c.created_ms, shares.c.expires_ms)


class Shares:
    """The links in an archive. Every method raises ArchiveUnavailable.

    A link is valid only as long as its transcript is there.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, task_id: str, share: Share, token_hash: str) -> bool:
        """Keep a new link; False where the archive has no such transcript."""
        values = {
            shares.c.share_id: share.share_id,
            shares.c.token_hash: token_hash,
            shares.c.created_ms: _ms(share.created_at),
            shares.c.expires_ms: None if share.expires_at is None else _ms(share.expires_at),
        }
        row = select(
            transcripts.c.task_id, *(literal(value, column.type) for column, value in values.items())
        ).where(transcripts.c.task_id == task_id, PRESENT)
        return self._store.write(insert(shares).from_select([shares.c.task_id, *values], row)) > 0

    def of(self, task_id: str) -> list[Share]:
        """The valid links of a transcript, the newest first."""
        newest_first = (shares.c.created_ms.desc(), shares.c.share_id)
        found = self._store.rows(
            select(*SHOWN).where(shares.c.task_id == task_id, *_valid()).order_by(*newest_first)
        )
        return [_share(*row) for row in found]

    def revoke(self, task_id: str, share_id: str) -> bool:
        """End a link; False where that task has no such valid one."""
        wanted = (shares.c.task_id == task_id, shares.c.share_id == share_id, *_valid())
        return self._store.write(update(shares).where(*wanted).values(revoked_ms=_now_ms())) > 0

    def find(self, token_hash: str) -> tuple[str, Share] | None:
        """The task that a valid link leads to, and the link; None where it leads nowhere (any more)."""
        is_there = transcripts.c.task_id == shares.c.task_id
        query = select(shares.c.task_id, *SHOWN).join(transcripts, is_there)
        found = self._store.rows(query.where(shares.c.token_hash == token_hash, PRESENT, *_valid()))
        return (found[0][0], _share(*found[0][1:])) if found else None

    def forget(self, task_ids: Collection[str]) -> None:
        """Remove all links of tasks that are removed: another task of the same name is another task."""
        if task_ids:
            self._store.write(delete(shares).where(shares.c.task_id.in_(task_ids)))

    def tidy(self) -> None:
        """Remove what leads nowhere: links that have expired, and those whose transcript has gone."""
        there = select(transcripts.c.task_id).where(PRESENT)
        over = or_(shares.c.expires_ms <= _now_ms(), shares.c.task_id.not_in(there))
        self._store.write(delete(shares).where(over))


def _valid() -> tuple[Any, ...]:
    return (
        shares.c.revoked_ms.is_(None),
        or_(shares.c.expires_ms.is_(None), shares.c.expires_ms > _now_ms()),
    )


def _share(share_id: str, created_ms: int, expires_ms: int | None) -> Share:
    expires_at = None if expires_ms is None else expires_ms / 1000
    return Share(share_id=share_id, created_at=created_ms / 1000, expires_at=expires_at)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _now_ms() -> int:
    return _ms(time.time())
