"""The one shape of errors, pinned."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.api.problems import add_problem_handlers
from app.api.request_id import RequestId
from app.api.routes import problems
from app.core.errors import QueueFull, UnknownModel


def raising(error: Exception) -> TestClient:
    app = FastAPI()
    add_problem_handlers(app)
    app.add_middleware(RequestId)
    app.include_router(problems.router)

    @app.get("/fail")
    async def fail() -> None:
        raise error

    @app.get("/number/{number}")
    async def number(number: int) -> int:
        return number

    return TestClient(app, raise_server_exceptions=False)


def test_an_error_of_the_service() -> None:
    error = UnknownModel("There is no model 'x'.", choices=["base"])
    answer = raising(error).get("/fail", headers={"X-Request-ID": "me-1"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "me-1"
    assert answer.json() == {
        "type": "/problems/unknown_model",
        "title": "Unknown model",
        "status": 422,
        "detail": "There is no model 'x'.",
        "instance": "/fail",
        "code": "unknown_model",
        "choices": ["base"],
    }


def test_when_to_come_back() -> None:
    answer = raising(QueueFull("Full.", retry_after_seconds=30)).get("/fail")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")


def test_an_unexpected_error_tells_nothing_but_where_to_look() -> None:
    answer = raising(RuntimeError("secret /etc/path")).get("/fail")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["detail"]


def test_errors_of_the_router_and_of_validation() -> None:
    client = raising(RuntimeError())
    missing = client.get("/nowhere")
    assert missing.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this address; see /docs for what there is.",
        "instance": "/nowhere",
        "code": "not_found",
    }
    wrong = client.post("/fail")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET"
    invalid = client.get("/number/x")
    assert (invalid.status_code, invalid.json()["code"]) == (422, "invalid_parameter")
    assert "path.number" in invalid.json()["detail"]


def test_the_type_of_a_problem_explains_it() -> None:
    client = raising(RuntimeError())
    assert client.get("/problems/queue_full").json()["title"] == "Queue full"
    assert client.get("/problems/internal_error").status_code == 200
    assert client.get("/problems/nonsense").status_code == 404


@pytest.mark.parametrize("sent", ["", "two words", "x" * 65, "line\\break"])
def test_a_strange_request_id_is_replaced(sent: str) -> None:
    answer = raising(RuntimeError()).get("/nowhere", headers={"X-Request-ID": sent})
    assert answer.headers["x-request-id"] != sent
    assert len(answer.headers["x-request-id"]) == 32
