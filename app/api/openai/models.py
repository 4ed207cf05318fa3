"""`/v1/models`: the models, and all names that clients may call them by."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from app.api.auth import CallerDep
from app.api.deps import ServicesDep
from app.api.openapi.dialects import ANY_OPENAI_ERROR
from app.core.config import Settings
from app.core.errors import UnknownModel
from app.schemas.model import ModelFacts
from app.weights.aliases import OPENAI_MODELS, other_names
from app.weights.catalog import ALIASES, available_models, cached_models
from app.weights.model_choice import named_model

router = APIRouter(prefix="/v1", tags=["openai"])


@router.get("/models", summary="OpenAI: which models there are", responses=ANY_OPENAI_ERROR)
async def models(services: ServicesDep, _: CallerDep) -> dict[str, Any]:
    """Those whose weights lie here first; the others are fetched when they are first asked for.

    `aliases` are other names of a model. A few of them, and the operator's own, are listed as models too, for
    clients that look a name up before they use it; `root` is the model that they stand for. Models tell what
    people choose them by: `accuracy` (1 to 5), `size_mb`, whether their weights are `present`, and
    `real_time_factor`, the seconds that a second of a recording has taken here of late; null: not known.
    """
    settings, facts = services.settings, await services.models.facts()
    here = cached_models(settings.cache_dir)
    names = [*here, *(name for name in available_models(settings.cache_dir) if name not in here)]
    listed = [*ALIASES, *OPENAI_MODELS[:1], *settings.own_model_names]
    data = [_model(name, settings, facts) for name in dict.fromkeys([*names, *listed])]
    return {"object": "list", "data": data}


@router.get("/models/{name:path}", summary="OpenAI: one model", responses=ANY_OPENAI_ERROR)
async def model(name: str, services: ServicesDep, _: CallerDep) -> dict[str, Any]:
    """404 where nothing is known by that name, which may be an id of the Hugging Face Hub."""
    try:
        return _model(name, services.settings, await services.models.facts())
    except UnknownModel as error:
        raise HTTPException(404) from error


def _model(name: str, settings: Settings, facts: Mapping[str, ModelFacts]) -> dict[str, Any]:
    """A model in OpenAI's form. Raises UnknownModel."""
    canonical = named_model(name, settings)
    described: dict[str, Any] = {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "openai",
        "root": canonical,
    }
    if name != canonical:
        return described
    described["aliases"] = other_names(name, settings.default_model, settings.own_model_names)
    return described | (facts[name].model_dump(mode="json") if name in facts else {})
