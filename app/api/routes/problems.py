"""What the `type` of a problem leads to."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from app.core.errors import ServiceError

router = APIRouter(prefix="/problems", include_in_schema=False)


@router.get("/{code}")
async def explain(code: str) -> dict[str, object]:
    """Title and meaning of an error code."""
    error = next((kind for kind in _kinds(ServiceError) if kind.code == code), None)
    if error is None:
        raise HTTPException(404)
    return {"code": code, "title": error.title, "status": error.status, "description": error.__doc__}


def _kinds(kind: type[ServiceError]) -> list[type[ServiceError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in _kinds(child))]
