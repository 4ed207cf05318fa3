"""Words of any language as tokens: what is searched and what is searched for become tokens the same way.

Russian and English words lose their endings (Snowball's stemmers), each by its own letters, so that nobody
has to tell in which language they ask. Other languages are found by whole words, whatever their capitals;
those that put no spaces between words by each character and each two neighbours.
"""

import re
import threading
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from snowballstemmer.english_stemmer import EnglishStemmer
from snowballstemmer.russian_stemmer import RussianStemmer

RULES = 2
"""Number of these rules; it grows with each change of them, and all transcripts are indexed anew."""

LONGEST_TOKEN = 40
"""Characters of a word that count."""

LONGEST_LABEL = 200
"""Characters of a label that count; foreign workers may call a speaker anything."""

CHANGED_LETTERS = 2
"""Letters of a stem that may be others than those of the word."""

KNOWN_WORDS = 50_000
"""Words of which the tokens are remembered: some 10 MiB; to find a stem takes 40 µs."""

_UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan, Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_MARKS = "".join(char for char in map(chr, range(0x300, 0xFE30)) if unicodedata.category(char)[0] == "M")
"""Signs that belong to the letter before them, vowels of Hindi among them; `\\w` does not know them."""

_WORD = re.compile(
    rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}][^\W_{_UNSPACED}{_MARKS}]*(?:[{_MARKS}]+[^\W_{_UNSPACED}]*)*"
)
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_FIRST_UNSPACED = _UNSPACED[0]
_RUSSIAN = re.compile(r"[а-яё]+")
_ENGLISH = re.compile(r"[a-z]+")
_NO_TOKEN = {code: None for code in range(128) if not chr(code).isalnum()}

_stemmers = threading.Lock()  # a stemmer keeps what it works on in itself
_english, _russian = EnglishStemmer(), RussianStemmer()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A token, and the part of a text that it stands for: characters `start` to before `end`."""

    start: int
    end: int
    token: str


def tokens_of(text: str) -> set[str]:
    """All tokens of a text. They hold letters and digits, and no other character of ASCII."""
    return set().union(*map(_tokens, set(_WORD.findall(text))))


class Wanted:
    """Tokens that are looked for in many texts: to stem each word that is said would take far too long."""

    def __init__(self, tokens: Collection[str]) -> None:
        self.tokens = frozenset(tokens)
        # A stem differs from its word in the last letters only: happy, happi; dying, die.
        self._heads = tuple({token[: max(1, len(token) - CHANGED_LETTERS)] for token in tokens})

    def may_be_in(self, text: str) -> bool:
        """False where none of them is in a text: most texts can be told quickly."""
        folded = _folded(text)
        return any(head in folded for head in self._heads)

    def found_in(self, text: str) -> Iterator[Occurrence]:
        """Where they stand, in their order."""
        for found in _WORD.finditer(text):
            word = found[0]
            if _is_unspaced(word):
                yield from (each for each in _grams(word, found.start()) if each.token in self.tokens)
            elif _folded(word).startswith(self._heads) and token_of(word) in self.tokens:
                yield Occurrence(found.start(), found.end(), token_of(word))


def wanted_tokens(question: str) -> set[str]:
    """What a transcript must hold, all of it, to answer a question."""
    wanted: set[str] = set()
    for word in _WORD.findall(question):
        if not _is_unspaced(word):
            wanted.add(token_of(word))
        elif len(word) == 1:
            wanted.add(word)
        else:  # two neighbours are found less often by chance than two characters anywhere
            wanted.update(word[place : place + 2] for place in range(len(word) - 1))
    return wanted - {""}


def label_token(kind: str, label: str) -> str:
    """The token of a label as a whole, of a `kind` that is one of # (tags), @ (speakers) and = (the
    first task of a recording that was done again)."""
    folded = " ".join(unicodedata.normalize("NFKC", label).casefold().split())[:LONGEST_LABEL]
    return kind + "".join(
        char if char.isalnum() or ord(char) > 127 else f"_{ord(char):02x}" for char in folded
    )


@lru_cache(KNOWN_WORDS)
def token_of(word: str) -> str:
    """Of one word; empty where nothing of it is a letter or a digit."""
    folded = _folded(word).translate(_NO_TOKEN)[:LONGEST_TOKEN]
    stemmer = _russian if _RUSSIAN.fullmatch(folded) else _english if _ENGLISH.fullmatch(folded) else None
    if stemmer is None:
        return folded
    with _stemmers:
        return str(stemmer.stemWord(folded)) or folded


def _folded(text: str) -> str:
    """In one of the ways in which it can be written; of Turkish the dotted I is any i."""
    return unicodedata.normalize("NFKC", text).casefold().replace("ё", "е").replace("i\u0307", "i")


def _tokens(run: str) -> set[str]:
    if _is_unspaced(run):
        return {each.token for each in _grams(run, 0)}
    return {token_of(run)} - {""}


def _is_unspaced(run: str) -> bool:
    return run >= _FIRST_UNSPACED and _IS_UNSPACED.match(run) is not None


def _grams(run: str, start: int) -> Iterator[Occurrence]:
    for place, char in enumerate(run):
        yield Occurrence(start + place, start + place + 1, char)
        if place + 1 < len(run):
            yield Occurrence(start + place, start + place + 2, run[place : place + 2])
