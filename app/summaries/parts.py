"""Texts that are too long for one request, in parts."""

_ENDS = ("\n\n", "\n", ". ", " ")
"""Where a part may end, the best first: a paragraph, a line, a sentence, a word."""


def parts_of(text: str, longest: int) -> list[str]:
    """Parts of at most so many characters, which end with a paragraph, else a line, a sentence or a word, as
    far as there is one in their second half. Nothing is left out but white space between them."""
    parts = []
    text = text.strip()
    while len(text) > longest:
        end = _end(text[: longest + 1], longest)
        parts.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*parts, text] if text else parts


def _end(text: str, longest: int) -> int:
    for mark in _ENDS:
        found = text.rfind(mark, longest // 2, longest)
        if found > 0:
            return found + len(mark.rstrip())
    return longest
