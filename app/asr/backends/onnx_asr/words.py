"""The tokens of a hypothesis as words: how they are spelt, when they are said, how sure they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import exp

from app.asr.words import Aligned

CLOSING = frozenset(".,!?…;:%)]}»”")
"""What stands behind a word without a space, also where the tokenizer has put one before it."""

LETTER_SECONDS = 0.07
"""What a letter takes in ordinary speech: networks tell when a token begins, not when it ends."""

_UNKNOWN = "<unk>"


@dataclass(frozen=True, slots=True)
class SpeltWord:
    """A word as it stands in the text, with the space before it, and the places of its tokens."""

    text: str
    places: tuple[int, ...]


def spelt_words(tokens: Sequence[str]) -> list[SpeltWord]:
    """Words of tokens that begin with a space where a word begins, or are one (alphabets of letters).

    onnx-asr's own text is not used: it leaves out the spaces before dashes and opening quotes.
    """
    groups: list[list[int]] = []
    is_apart = True
    for place, token in enumerate(tokens):
        bare = token.strip()
        if not bare or bare == _UNKNOWN:
            is_apart = True
            continue
        begins = is_apart or token[0].isspace()
        if not groups or (begins and not CLOSING.issuperset(bare)):
            groups.append([])
        groups[-1].append(place)
        is_apart = token[-1].isspace()
    return [
        SpeltWord(" " + "".join(tokens[place].strip() for place in group), tuple(group)) for group in groups
    ]


def aligned_words(
    words: Sequence[SpeltWord],
    tokens: Sequence[str],
    times: Sequence[float],
    probabilities: Sequence[float],
    seconds: float,
) -> Iterable[Aligned]:
    """The words with their times in a sound of so many seconds; the probability is the mean of the tokens'.

    A word lasts as long as the letters of its last token that has any take, but not into the next word.
    """
    letters_of = [sum(map(str.isalnum, token)) for token in tokens]
    for word, following in zip_longest(words, words[1:]):
        spoken = [place for place in word.places if letters_of[place]] or [word.places[0]]
        last, letters = spoken[-1], max(1, letters_of[spoken[-1]])
        start = min(times[word.places[0]], seconds)
        latest = seconds if following is None else min(times[following.places[0]], seconds)
        end = max(start, min(times[last] + LETTER_SECONDS * letters, latest))
        mean = sum(probabilities[place] for place in word.places) / len(word.places)
        yield word.text, start, end, mean


def probabilities_of(logprobs: Sequence[float] | None, count: int) -> list[float]:
    """Those of so many tokens; without figures for each they are taken for certain."""
    if logprobs is None or len(logprobs) != count:
        return [1.0] * count
    return [exp(min(0.0, logprob)) for logprob in logprobs]


def mean_logprob(logprobs: Sequence[float] | None) -> float:
    """The mean of all tokens; 0 (certain) where the network gives no figures."""
    return min(0.0, sum(logprobs) / len(logprobs)) if logprobs else 0.0
