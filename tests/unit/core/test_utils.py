"""The name that the agreed layout gives to validation."""

from app.core import utils, validation


def test_it_has_every_function_of_validation() -> None:
    functions = {
        name
        for name, value in vars(validation).items()
        if callable(value) and getattr(value, "__module__", "") == validation.__name__ and name[0] != "_"
    }
    assert functions - {"Choice"} == {name for name in utils.__all__ if callable(getattr(utils, name))}
    assert all(getattr(utils, name) is getattr(validation, name) for name in utils.__all__)
