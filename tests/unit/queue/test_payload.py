"""Queue elements, as anybody may have written them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue.payload import dump_task, parse_created_at, parse_failure, parse_task, parse_task_id
from app.schemas.task import Task, TaskFailure

TASK = Task(task_id="t", file_path="a.wav", model="tiny", filename="Запись.m4a")


def test_an_element_is_the_task() -> None:
    assert parse_task(dump_task(TASK)) == TASK
    assert parse_task_id(dump_task(TASK)) == "t"
    assert parse_created_at(dump_task(TASK)) == TASK.created_at


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
    assert parse_task_id(payload) == identity
    assert parse_task(payload) is None


@given(st.binary())
def test_no_bytes_are_too_strange(payload: bytes) -> None:
    identity = parse_task_id(payload)
    assert identity is None or identity.encode()
    assert parse_created_at(payload) is None or parse_task_id(payload) == identity


@pytest.mark.parametrize("stored", [None, b"", b"no json", b"{}"])
def test_a_failure_that_cannot_be_read_is_none(stored: bytes | None) -> None:
    assert parse_failure(stored) is None


def test_a_failure_is_read_back() -> None:
    failure = TaskFailure(code="x", message="y")
    assert parse_failure(failure.model_dump_json().encode()) == failure


@pytest.mark.parametrize("value", ['"yesterday"', "null", "true"])
def test_a_date_that_is_no_number_is_none(value: str) -> None:
    assert parse_created_at(f'{{"created_at": {value}}}'.encode()) is None
