"""Blank values in the environment."""

from pydantic import BeforeValidator


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


NONE_IF_BLANK = BeforeValidator(_none_if_blank)
"""In the environment a blank takes back what `.env` says; an empty value would let it through."""
