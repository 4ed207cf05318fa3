"""Makes two texts comparable: what is written differently but said alike must not count as an error.

English goes through Whisper's own normaliser (Radford et al. 2022, appendix C: contractions, spelling,
numbers, titles); every other language loses case, punctuation and the difference between ё and е, and keeps
its letters.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

Normaliser = Callable[[str], str]

ENGLISH = "en"
FOREIGN_LETTERS_SHARE = 0.02
"""English has borrowed letters too (café); above this share of them a text is taken for another language."""

ELLIPSIS = re.compile(r"\.{2,}|…")  # Whisper's normaliser leaves a dot of one that ends a text: a false word

STRESS_MARK = (
    "\u0301"  # Russian textbooks write it on vowels; where it makes a letter (é), NFKC has merged it
)


def is_english(reference: str, language: str | None = None) -> bool:
    """Whether English rules apply: `language` decides, else the letters of the reference.

    The hypothesis has no say: a recogniser that takes the language wrongly must not choose how it is judged.
    Languages written in plain ASCII (Dutch, Indonesian …) need `language`.
    """
    if language is not None:
        return language.lower() == ENGLISH
    letters = [character for character in unicodedata.normalize("NFKC", reference) if character.isalpha()]
    foreign = sum(not letter.isascii() for letter in letters)
    return foreign <= FOREIGN_LETTERS_SHARE * len(letters)


def normaliser_for(reference: str, language: str | None = None) -> Normaliser:
    """The rules by which `reference`, and whatever is compared to it, is normalised."""
    return _english() if is_english(reference, language) else _other


@cache
def _english() -> Normaliser:
    normalise = EnglishTextNormalizer()
    return lambda text: str(normalise(ELLIPSIS.sub(" ", text))).strip()


@cache
def _basic() -> BasicTextNormalizer:
    return BasicTextNormalizer(preserve_marks=True)


def _other(text: str) -> str:
    composed = unicodedata.normalize("NFKC", text).replace(STRESS_MARK, "")
    return str(_basic()(composed)).replace("ё", "е").strip()
