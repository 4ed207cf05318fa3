"""A transcript as Markdown (CommonMark): title, what is known of the recording, paragraphs."""

import re
from collections.abc import Mapping
from typing import Any

from app.formats.about import STALE_SUMMARY, About, facts_of
from app.formats.paragraphs import paragraphs_of

_SPECIAL = re.compile(r"([\\`*_\[\]#~|$])")
_BLOCK = re.compile(r"^([-+=>]|\d{1,9}(?=[.)]))")
"""What would begin a list, a quotation or a line below a heading, where a line begins with it."""


def to_markdown(result: Mapping[str, Any], about: About) -> str:
    """The document; nothing that was said is taken for markup."""
    parts = [f"# {_escaped(about.title)}"]
    if facts := facts_of(result, about):
        parts.append(_escaped(facts))
    if about.summary:
        remark = [f"*{STALE_SUMMARY}*"] if about.summary_stale else []
        parts += ["## Summary", _summary(about.summary), *remark, "## Transcript"]
    for paragraph in paragraphs_of(result):
        parts += [f"**{_escaped(paragraph.head)}**", _escaped(paragraph.text)]
    return "\n\n".join(parts) + "\n"


def _summary(text: str) -> str:
    """Line by line: of the chat model's own markup only lists stay what they are."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(
        f"- {_escaped(line[2:])}" if line[:2] in ("- ", "* ") else _escaped(line) for line in lines
    )


def _escaped(text: str) -> str:
    text = _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))
    found = _BLOCK.match(text)
    if found is None:
        return text
    return f"\\{text}" if not found[1][0].isdigit() else f"{found[1]}\\{text[found.end() :]}"
