"""The error tree: what programs compare and what people read."""

import re
from collections.abc import Iterator

import pytest

from app.core import errors
from app.core.errors import CapacityError, RequestError, ServiceError, TaskError


def tree(root: type[ServiceError]) -> Iterator[type[ServiceError]]:
    """`root` and all that derives from it in that room."""
    yield root
    for child in root.__subclasses__():
        if child.__module__.startswith(errors.__name__):
            yield from tree(child)


ALL = list(tree(ServiceError))


def test_codes_are_unique() -> None:
    codes = [error.code for error in ALL]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_each_class_has_its_own_words(error: type[ServiceError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
    assert error.title[0].isupper()
    assert error.__doc__ is not None
    if error is not ServiceError:
        assert "code" in vars(error), "a code that is inherited cannot be told from its parent's"


def test_statuses_fit_their_branch() -> None:
    assert all(400 <= error.status < 500 for error in tree(RequestError))
    assert all(error.status in (423, 429) or error.status >= 500 for error in tree(CapacityError))


def test_a_request_is_never_retried_by_the_queue() -> None:
    assert not any(error.retryable for error in tree(RequestError))
    assert errors.EngineCrashed.retryable
    assert not errors.AudioUndecodable.retryable


def test_every_class_is_drawn_in_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn = re.findall(r"── (\w+)", errors.__doc__)
    assert sorted(drawn) == sorted(error.__name__ for error in ALL if error is not ServiceError)


def test_what_an_error_carries() -> None:
    error = errors.QueueFull("Full.", retry_after_seconds=7, queue_length=10)
    assert str(error) == error.detail == "Full."
    assert error.retry_after_seconds == 7
    assert error.extra == {"queue_length": 10}
    assert isinstance(errors.AudioMissing("Gone."), TaskError)
