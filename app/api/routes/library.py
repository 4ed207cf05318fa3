"""The library: what transcripts are called, and the search through all of them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError

from app.api.auth import CallerDep
from app.api.deps import ServicesDep
from app.api.json_body import body_docs, read_body
from app.api.openapi.library import DETAILS_RESPONSES, SEARCH_RESPONSES
from app.core.errors import InvalidParameter
from app.core.languages import parse_language
from app.core.names import refuse_unknown
from app.core.validation import quoted
from app.schemas.library import (
    LONGEST_QUESTION,
    LONGEST_TAG,
    MOST_TAGS,
    Details,
    DetailsChange,
    Search,
    SearchPage,
    SearchRequest,
    Versions,
)
from app.schemas.position import CURSOR_PATTERN
from app.schemas.task import LONGEST_SECONDS
from app.search.entry import SPEAKER, TAG
from app.search.words import label_token, wanted_tokens

router = APIRouter(tags=["library"])

MOST_BYTES = 64 * 1024
"""Of title and tags: far more than they may have."""

SEARCH_PARAMETERS = (
    *("q", "tag", "speaker", "from", "to", "language", "min_duration", "max_duration"),
    *("limit", "cursor"),
)


@router.get(
    "/transcribe/{task_id}/details",
    summary="Title and tags of a transcript",
    responses=DETAILS_RESPONSES,
)
async def read_details(task_id: str, services: ServicesDep, caller: CallerDep) -> Details:
    """Without a title of its own a transcript has that of its file, without the extension."""
    return await services.library.details(task_id, caller)


@router.patch(
    "/transcribe/{task_id}/details",
    summary="Name a transcript",
    responses=DETAILS_RESPONSES,
    openapi_extra=body_docs(DetailsChange),
)
async def change_details(task_id: str, request: Request, services: ServicesDep, caller: CallerDep) -> Details:
    """`title`, at most 200 characters, and `tags`, at most 20 of at most 50; what is left out stays, and the
    answer is what they are now. An empty title brings the file's name back."""
    change = _change(await read_body(request, max_bytes=MOST_BYTES))
    return await services.library.describe(task_id, caller, change)


@router.get(
    "/transcribe/{task_id}/versions",
    summary="Other transcripts of the same recording",
    responses=DETAILS_RESPONSES,
)
async def versions(task_id: str, services: ServicesDep, caller: CallerDep) -> Versions:
    """That of the first task and those of the tasks that did it again (`again_of` in `POST /transcribe/`)."""
    return Versions(versions=await services.library.versions(task_id, caller))


async def _known_only(request: Request) -> None:
    """Raises UnknownParameter: a misspelt filter would find what nobody asked for."""
    refuse_unknown(request.query_params, SEARCH_PARAMETERS)


async def _question(
    q: Annotated[
        str,
        Query(
            max_length=LONGEST_QUESTION,
            description="Words, all of which are said in it or stand in its title or tags, in any form of "
            "Russian and English words; capitals and signs do not count. None: all transcripts.",
        ),
    ] = "",
    tag: Annotated[
        list[str] | None, Query(max_length=MOST_TAGS, description="Only with this tag; may be repeated.")
    ] = None,
    speaker: Annotated[
        str | None, Query(max_length=100, description="Only where this one speaks: name or id, such as S1.")
    ] = None,
) -> tuple[frozenset[str], frozenset[str]]:
    """All that is wanted, and the words among it. Raises InvalidParameter."""
    words = frozenset(wanted_tokens(q))
    if q.strip() and not words:
        raise InvalidParameter(f"`q` must hold a word; it was {quoted(q)}.", parameter="q")
    labels = [label_token(TAG, each[: LONGEST_TAG + 1]) for each in tag or ()]
    labels += [label_token(SPEAKER, speaker)] if speaker else []
    return words | frozenset(labels), words


async def _times(
    begin: Annotated[
        str | None,
        Query(
            alias="from",
            max_length=40,
            description="Only those sent at this time or later: ISO 8601, such as 2026-05-01 or "
            "2026-05-01T12:00:00+02:00; without an offset UTC.",
        ),
    ] = None,
    end: Annotated[
        str | None,
        Query(alias="to", max_length=40, description="Only those sent before that; a day counts as a whole."),
    ] = None,
) -> tuple[int | None, int | None]:
    """The first and the last ms since 1970. Raises InvalidParameter."""
    return (
        _time("from", begin, is_end=False) if begin else None,
        _time("to", end, is_end=True) if end else None,
    )


async def _search(
    question: Annotated[tuple[frozenset[str], frozenset[str]], Depends(_question)],
    times: Annotated[tuple[int | None, int | None], Depends(_times)],
    language: Annotated[
        str | None, Query(max_length=60, description="Only in this language, by its code or name.")
    ] = None,
    min_duration: Annotated[
        float | None,
        Query(ge=0, le=LONGEST_SECONDS, description="Only recordings of so many seconds or more."),
    ] = None,
    max_duration: Annotated[
        float | None,
        Query(ge=0, le=LONGEST_SECONDS, description="Only recordings of so many seconds or less."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=50, description="Most transcripts of one page.")] = 10,
    cursor: Annotated[
        str | None, Query(pattern=CURSOR_PATTERN, description="`next_cursor` of the page before.")
    ] = None,
) -> SearchRequest:
    wanted, words = question
    code = parse_language(language) if language else None
    search = Search(wanted, *times, code, min_duration, max_duration)
    return SearchRequest(search, words, limit, cursor)


@router.get(
    "/search",
    dependencies=[Depends(_known_only)],
    summary="Find transcripts by what is said in them",
    responses=SEARCH_RESPONSES,
)
async def search(
    asked: Annotated[SearchRequest, Depends(_search)], services: ServicesDep, caller: CallerDep
) -> SearchPage:
    """Archived transcripts, newest first, page by page; with API keys, those of the key that asks.

    Corrected texts are searched, not those before. Each hit has up to three moments, those with the most of
    the words, in pieces of text of which some were `found`.
    """
    return await services.library.search(caller, asked)


def _change(body: bytes) -> DetailsChange:
    """Raises InvalidParameter."""
    try:
        return DetailsChange.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "body"
        raise InvalidParameter(f"`{name}` is wrong: {first['msg']}.", parameter=name) from error


def _time(name: str, text: str, *, is_end: bool) -> int:
    """A time or a day in ms since 1970; of an end the last that still counts. Raises InvalidParameter."""
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if is_end:
            is_day = len(text.strip()) <= len("2026-05-01")
            moment += timedelta(days=1) if is_day else timedelta()
        return int(moment.timestamp() * 1000) - is_end
    except (ValueError, OverflowError) as error:
        raise InvalidParameter(
            f"`{name}` must be a day or a time such as 2026-05-01 or 2026-05-01T12:00:00Z; it was "
            f"{quoted(text)}.",
            parameter=name,
        ) from error
