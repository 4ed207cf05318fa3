"""Who sends a request: the API key that it carries, where the service asks for keys."""

from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from app.api.deps import ServicesDep
from app.core.errors import Unauthorized
from app.schemas.caller import ANYBODY, Caller

_bearer = HTTPBearer(auto_error=False, description="`Authorization: Bearer KEY`, where keys are on.")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key in another header.")


async def caller_of(
    services: ServicesDep,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    header: Annotated[str | None, Depends(_header)],
) -> Caller:
    """The caller. Raises Unauthorized where a key is asked for and none that is known was sent."""
    if not services.keys.are_asked_for:
        return ANYBODY
    key = bearer.credentials if bearer is not None else header
    if not key:
        raise Unauthorized("This service asks for an API key; send it as `Authorization: Bearer KEY`.")
    name = services.keys.name_of(key)
    if name is None:
        raise Unauthorized("The API key is not known here; ask the operator for one.")
    return Caller(name)


CallerDep = Annotated[Caller, Depends(caller_of)]
