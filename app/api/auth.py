"""Who sends a request: the API key that it carries, where the service asks for keys."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param

from app.api.deps import services_of
from app.core.errors import Forbidden, Unauthorized
from app.schemas.caller import ANYBODY, Caller

KEY_HEADER = "X-API-Key"
SCHEMES = frozenset({"bearer", "token"})
"""Words before a key in the Authorization header; `Token` is Deepgram's."""


class _CallerOf(SecurityBase):
    """The caller of a request.

    One dependency, and not one a header: FastAPI resolves every one on every poll.
    """

    scheme_name: str = "ApiKey"
    model = HTTPBearer(description=f"Where keys are on. The same key may come in the header `{KEY_HEADER}`.")

    async def __call__(self, request: Request) -> Caller:
        """Raises Unauthorized where a key is asked for and none that is known was sent."""
        keys = services_of(request).keys
        if not keys.are_asked_for:
            return ANYBODY
        scheme, credentials = get_authorization_scheme_param(request.headers.get("Authorization"))
        key = credentials if scheme.lower() in SCHEMES else request.headers.get(KEY_HEADER)
        if not key:
            raise Unauthorized("This service asks for an API key; send it as `Authorization: Bearer KEY`.")
        name = keys.name_of(key)
        if name is None:
            raise Unauthorized("The API key is not known here; ask the operator for one.")
        return Caller(name)


caller_of = _CallerOf()
CallerDep = Annotated[Caller, Depends(caller_of)]


async def _operator(request: Request, caller: CallerDep) -> None:
    """Raises Forbidden where keys are asked for and the caller's is none of OPERATOR_KEYS."""
    if caller.name is not None and caller.name not in services_of(request).settings.operator_keys:
        raise Forbidden("This view is for operators; OPERATOR_KEYS names the keys that may see it.")


OPERATORS_ONLY = Depends(_operator)
