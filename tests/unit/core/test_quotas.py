"""KEY_QUOTAS, read."""

import pytest
from pydantic import ValidationError

from app.core.config import Settings
from app.core.quotas import Quota, Quotas


def test_entries_name_keys_and_limits() -> None:
    quotas = Quotas.parse(("alice:audio_hours_day=2.5:open_tasks=3", "*:mebibytes_month=100"))
    assert quotas.of("alice") == Quota(audio_hours_day=2.5, open_tasks=3)
    assert quotas.of("bob") == Quota(mebibytes_month=100)
    assert quotas.of(None) == Quota()
    assert Quotas.parse(()).of("alice") == Quota()


@pytest.mark.parametrize(
    "entry",
    [
        *("alice", "alice:", "alice:hours=1", "alice:open_tasks", "alice:open_tasks=-1"),
        *("alice:open_tasks=nan", "alice:open_tasks=inf", "al ice:open_tasks=1", ":open_tasks=1"),
    ],
)
def test_what_is_none_is_refused(entry: str) -> None:
    with pytest.raises(ValidationError, match="key_quotas"):
        Settings(key_quotas=(entry,))
