"""Queue elements, as anybody may have written them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue.payload import created_at_of, failure_of, identity_of, payload_of, task_of
from app.schemas.task import Task, TaskFailure

TASK = Task(task_id="t", file_path="a.wav", model="tiny", filename="Запись.m4a")


def test_an_element_is_the_task() -> None:
    assert task_of(payload_of(TASK)) == TASK
    assert identity_of(payload_of(TASK)) == "t"
    assert created_at_of(payload_of(TASK)) == TASK.created_at


@pytest.mark.parametrize(
    ("payload", "identity"),
    [
        (b'{"task_id": "a b/c"}', "a b/c"),
        ('{"task_id": "задача"}'.encode(), "задача"),
        (b'{"task_id": 12}', "12"),
        (b'{"task_id": true}', None),
        (b'{"task_id": 1.5}', None),
        (b'{"task_id": ""}', None),
        (b'{"task_id": "a\\nb"}', None),
        (b'{"task_id": "\\ud800"}', None),
        (b'{"task_id": "%s"}' % (b"x" * 513), None),
        (b'"t"', None),
    ],
)
def test_identity_is_whatever_can_name_a_key(payload: bytes, identity: str | None) -> None:
    assert identity_of(payload) == identity
    assert task_of(payload) is None


@given(st.binary())
def test_no_bytes_are_too_strange(payload: bytes) -> None:
    identity = identity_of(payload)
    assert identity is None or identity.encode()
    assert created_at_of(payload) is None or identity_of(payload) == identity


@pytest.mark.parametrize("stored", [None, b"", b"no json", b"{}"])
def test_a_failure_that_cannot_be_read_is_none(stored: bytes | None) -> None:
    assert failure_of(stored) is None


def test_a_failure_is_read_back() -> None:
    failure = TaskFailure(code="x", message="y")
    assert failure_of(failure.model_dump_json().encode()) == failure


@pytest.mark.parametrize("value", ['"yesterday"', "null", "true"])
def test_a_date_that_is_no_number_is_none(value: str) -> None:
    assert created_at_of(f'{{"created_at": {value}}}'.encode()) is None
