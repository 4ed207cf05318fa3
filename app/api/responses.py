"""Answers that carry what foreign programs wrote."""

from typing import Any

from pydantic_core import to_json
from starlette.responses import JSONResponse


def dump_json(content: Any) -> bytes:
    """The content in UTF-8; NaN and infinities become null."""
    return to_json(content, inf_nan_mode="null")


class TolerantJSONResponse(JSONResponse):
    """JSON of whatever a worker stored: a foreign one may have written NaN, which JSON does not know."""

    def render(self, content: Any) -> bytes:
        """As `dump_json` does."""
        return dump_json(content)
