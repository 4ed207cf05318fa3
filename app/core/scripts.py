"""In which characters Chinese is written."""

from enum import StrEnum

from langcodes import Language
from langcodes.tag_parser import LanguageTagError

CHINESE = frozenset({"zh", "yue"})
"""Whisper's codes of the languages that are written in either script."""


class ChineseScript(StrEnum):
    """ISO 15924 codes."""

    SIMPLIFIED = "Hans"
    TRADITIONAL = "Hant"


def script_of(language: str) -> ChineseScript | None:
    """The script that a name of Chinese asks for (`zh-Hant`, `zh-TW`, `Simplified Chinese`); None: either.

    `language` is a name that `parse_language` takes for Chinese.
    """
    try:
        found = Language.get(language.strip())
    except LanguageTagError:
        found = Language.find(language.strip())
    if found.script is None and found.territory is None:
        return None
    script = found.maximize().script
    return ChineseScript(script) if script in frozenset(ChineseScript) else None
