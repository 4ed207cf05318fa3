"""API keys: what is kept of them, and who they are."""

import pytest
from pydantic import ValidationError

from app.core.api_keys import PREFIX, ApiKeys, hash_of, new_key
from app.core.config import Settings


def test_a_key_is_known_by_its_hash_alone() -> None:
    made = new_key("alice")
    keys = ApiKeys(Settings(api_keys=made.entry).key_hashes)

    assert made.key.startswith(PREFIX)
    assert made.key not in made.entry
    assert keys.are_asked_for
    assert keys.name_of(made.key) == "alice"
    assert keys.name_of(made.key + "x") is None
    assert keys.name_of("") is None
    assert keys.name_of(hash_of(made.key)) is None


def test_two_keys_are_two_people() -> None:
    alice, bob = new_key("alice"), new_key("bob")
    keys = ApiKeys(Settings(api_keys=f"{alice.entry}, {bob.entry}").key_hashes)

    assert alice.key != bob.key
    assert (keys.name_of(alice.key), keys.name_of(bob.key)) == ("alice", "bob")


def test_without_keys_none_is_asked_for() -> None:
    assert not ApiKeys({}).are_asked_for


@pytest.mark.parametrize("entry", ["alice", "alice:secret", ":" + "0" * 64, "al ice:" + "0" * 64])
def test_what_is_no_entry_is_told_at_the_start(entry: str) -> None:
    with pytest.raises(ValidationError, match="transcriber key NAME"):
        Settings(api_keys=(entry,))
