"""Results, as foreign workers write them."""

from typing import Any

import pytest

from app.queue.results import state_of_result
from app.schemas.task import TaskFailure, TaskStatus


@pytest.mark.parametrize(
    ("stored", "result"),
    [
        (b'{"text": "hi", "language": "en"}', {"text": "hi", "language": "en"}),
        (b"plain words", {"text": "plain words"}),
        (b'"a JSON string"', {"text": "a JSON string"}),
        (b'{"status": "done", "result": {"text": "hi"}}', {"text": "hi"}),
        (b'{"result": "hi"}', {"text": "hi"}),
        (
            b'{"text": "error is only a word", "status": "error"}',
            {"text": "error is only a word", "status": "error"},
        ),
        (b'{"status": "done"}', {"status": "done", "text": ""}),
        (b"", {"text": ""}),
        (b"42", {"text": "42"}),
        (b"\xff", {"text": "\ufffd"}),
    ],
)
def test_a_result_is_done(stored: bytes, result: dict[str, Any]) -> None:
    state = state_of_result("t", stored)
    assert (state.status, state.result, state.error) == (TaskStatus.DONE, result, None)


@pytest.mark.parametrize(
    ("stored", "code", "message"),
    [
        (b'{"status": "error", "error": {"code": "c", "message": "m"}}', "c", "m"),
        (b'{"error": "it broke"}', "foreign_error", "it broke"),
        (b'{"error": {"detail": "it broke"}}', "foreign_error", "it broke"),
        (b'{"status": "failed", "message": "it broke"}', "foreign_error", "it broke"),
        (b'{"status": "error"}', "foreign_error", "The worker reported a failure."),
        (b'{"status": "done", "result": {"error": "it broke"}}', "foreign_error", "it broke"),
    ],
)
def test_a_failure_is_an_error(stored: bytes, code: str, message: str) -> None:
    state = state_of_result("t", stored)
    assert state.status is TaskStatus.ERROR
    assert state.error == TaskFailure(code=code, message=message)
