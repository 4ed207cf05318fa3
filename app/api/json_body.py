"""Bodies that are JSON, read within bounds: FastAPI takes any length into memory before it asks for a key."""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from app.api.body import BodyReader
from app.core.errors import InvalidParameter

Model = TypeVar("Model", bound=BaseModel)


def body_docs(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """What the docs tell of such a body."""
    schema = {"schema": model.model_json_schema()}
    return {"requestBody": {"required": required, "content": {"application/json": schema}}}


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """The body as it was sent. Raises UploadTooLarge, UploadStalled."""
    return b"".join([chunk async for chunk in BodyReader(request.stream(), max_bytes=max_bytes).chunks()])


async def json_body(request: Request, model: type[Model], what: str, *, max_bytes: int) -> Model:
    """The body; an empty one is `{}`.

    `what` begins messages: `The corrections are`. Raises InvalidParameter, UploadTooLarge, UploadStalled.
    """
    body = await read_body(request, max_bytes=max_bytes)
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidParameter(f"{what} wrong{f' at `{where}`' if where else ''}: {first['msg']}.") from error
