"""Lists in the environment."""

from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode


def list_of(text: str) -> list[str]:
    """Items of `a,b`, `a b` or `["a", "b"]`: people write lists in `.env` in all three ways."""
    return text.strip("[]() ").replace('"', " ").replace("'", " ").replace(",", " ").replace(";", " ").split()


def _items(value: object) -> object:
    return tuple(list_of(value)) if isinstance(value, str) else value


Items = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_items)]
"""A setting that is a list, in the order in which it is written."""
