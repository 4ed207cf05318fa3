"""All that a transcript is found by."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.search.moments import said, text_of
from app.search.words import label_token, tokens_of

TAG, SPEAKER, AGAIN_OF = "#", "@", "="
"""Kinds of labels, which are found as a whole."""

MOST_BYTES = 900_000
"""Of the tokens of one transcript: PostgreSQL takes no tsvector of 1 MiB. All words of a week of speech."""


def tokens_of_transcript(result: Mapping[str, Any], title: str | None, tags: Sequence[str]) -> set[str]:
    """Tokens of the title, of the tags, of who speaks and of what is said; the first ones, where they are
    beyond all measure."""
    found = tokens_of(title or "")
    for tag in tags:
        found |= {label_token(TAG, tag)} | tokens_of(tag)
    found |= {label_token(SPEAKER, name) for name in _speakers(result)}
    if isinstance(first := result.get("again_of"), str):
        found.add(label_token(AGAIN_OF, first))
    text = "\n".join(map(text_of, said(result)))
    left = MOST_BYTES - sum(len(token.encode()) for token in found)
    for token in sorted(tokens_of(text) - found):
        left -= len(token.encode())
        if left < 0:
            break
        found.add(token)
    return found


def _speakers(result: Mapping[str, Any]) -> Iterator[str]:
    """Ids and names."""
    speakers = result.get("speakers")
    for each in speakers if isinstance(speakers, list) else []:
        names = (each.get("id"), each.get("name")) if isinstance(each, Mapping) else ()
        yield from (name for name in names if isinstance(name, str) and name.strip())
