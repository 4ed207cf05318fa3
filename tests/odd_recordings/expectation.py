"""Compares what came with an expectation that is written in words.

Clauses are separated by `;`, `,` or `:`; what is in brackets is for people. A clause is one of

    done | error | accepted | accepted as LANGUAGE | 422 | 422 that names WORDS
    no text | words | … speech … | LANGUAGE | WORD | WORD twice | A/B/C in CHANNEL | words, or a warning …
    warning | warning of WORDS | no warning
    first word >= N s | duration = N s | duration = the container's
    N tracks | track N is read | N channels

Of all single words together two of three must be heard, since the model is a small one. Every transcript must
have its times in order and within the recording, and the text of its segments. A clause of another kind is
not judged, and told.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import av

from app.core.languages import LANGUAGES
from app.schemas.transcript import Transcript
from tests.odd_recordings.case import Case
from tests.odd_recordings.sending import Outcome

SECONDS_OFF = 0.2
_NUMBERS = {"one": 1, "two": 2, "three": 3}
_CODES = {name: code for code, name in LANGUAGES.items()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Clauses that do not hold, and those that nobody but a reader can judge."""

    broken: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    is_open: bool = False
    """Nothing was expected."""

    def __str__(self) -> str:
        if self.is_open and not self.broken:
            return "–"
        said = "NOT " + "; ".join(self.broken) if self.broken else "as expected"
        return f"{said} (not judged: {'; '.join(self.unjudged)})" if self.unjudged else said


def judge(case: Case, outcome: Outcome) -> Verdict:
    """Whether what came is what was expected."""
    results: dict[str, bool | None] = {}
    words: list[str] = []
    for clause in _clauses(case.expected):
        if re.fullmatch(r"[\w'-]+", clause) and clause.lower() not in _CODES and not _rule_of(clause):
            words.append(clause)
        else:
            results[clause] = _holds(clause, outcome, case.path)
    if words:
        heard = sum(_count(word, _text(outcome)) > 0 for word in words)
        results["words " + ", ".join(words)] = heard >= ceil(len(words) * 2 / 3)
    results |= _sanity(outcome.transcript) if outcome.transcript else {}
    return Verdict(
        tuple(clause for clause, holds in results.items() if holds is False),
        tuple(clause for clause, holds in results.items() if holds is None),
        is_open=not case.expected,
    )


def _clauses(expected: str) -> list[str]:
    plain = re.sub(r"\([^)]*\)", "", expected).replace(", or ", " or ")
    return [clause.strip() for clause in re.split("[;,:]", plain) if clause.strip()]


def _holds(clause: str, outcome: Outcome, path: Path) -> bool | None:
    """Whether a clause holds; None where no rule knows it."""
    if clause.lower() in _CODES:
        return _transcript(outcome).language == _CODES[clause.lower()]
    found = _rule_of(clause)
    if found is None:
        return None
    match, rule = found
    return rule(match, outcome, path)


def _rule_of(clause: str) -> "tuple[re.Match[str], Rule] | None":
    for pattern, rule in _RULES.items():
        if match := re.fullmatch(pattern, clause, re.IGNORECASE):
            return match, rule
    return None


_NOTHING = Transcript(
    text="",
    language=None,
    language_probability=None,
    duration=0,
    segments=(),
    model="",
    engine="",
    compute_type="",
    device="",
    processing_seconds=0,
    trimmed=False,
)


def _transcript(outcome: Outcome) -> Transcript:
    return outcome.transcript or _NOTHING


def _text(outcome: Outcome) -> str:
    return _transcript(outcome).text


def _count(word: str, text: str) -> int:
    """How often a word, or one that begins so, is in a text."""
    return len(re.findall(rf"\b{re.escape(word)}", text, re.IGNORECASE))


Rule = Callable[["re.Match[str]", Outcome, Path], bool]


def _refused(match: "re.Match[str]", outcome: Outcome, _: Path) -> bool:
    """With that status, and a sentence that has one of the words; short ones (`the`, `or`) do not count."""
    named = [word for word in re.findall(r"\w+", match[2] or "") if len(word) > 4]
    in_sentence = any(_count(word, outcome.problem) for word in named)
    return outcome.status == match[1] and (in_sentence or not named)


def _accepted(match: "re.Match[str]", outcome: Outcome, _: Path) -> bool:
    code = _CODES.get((match[1] or "").lower())
    return outcome.status == "done" and (match[1] is None or _transcript(outcome).language == code)


def _warns(match: "re.Match[str]", outcome: Outcome, _: Path) -> bool:
    return any(match[1].lower() in warning.lower() for warning in _transcript(outcome).warnings)


def _in_channel(match: "re.Match[str]", outcome: Outcome, _: Path) -> bool:
    """Two of three words in that channel, and none in another."""
    sides = {True: "", False: ""}
    for segment in _transcript(outcome).segments:
        sides[segment.channel == int(match[2])] += segment.text
    words = match[1].split("/")
    heard = sum(_count(word, sides[True]) > 0 for word in words)
    return heard >= ceil(len(words) * 2 / 3) and not any(_count(word, sides[False]) for word in words)


def _begins(match: "re.Match[str]", outcome: Outcome, _: Path) -> bool:
    segments = _transcript(outcome).segments
    return bool(segments) and segments[0].start >= float(match[1])


def _lasts(match: "re.Match[str]", outcome: Outcome, path: Path) -> bool:
    if match[2] is not None:
        seconds = float(match[2])
    else:
        with av.open(str(path)) as container:
            seconds = (container.duration or 0) / av.time_base
    return abs(_transcript(outcome).duration - seconds) <= SECONDS_OFF


def _number(word: str) -> int:
    return _NUMBERS.get(word) or int(word)


def _source_has(match: "re.Match[str]", outcome: Outcome, _: Path) -> bool:
    source = _transcript(outcome).source
    return source is not None and getattr(source, match[2]) == _number(match[1])


def _reads(match: "re.Match[str]", outcome: Outcome, _: Path) -> bool:
    source = _transcript(outcome).source
    return source is not None and source.tracks_read == (int(match[1]),)


_RULES: dict[str, Rule] = {
    r"done|error": lambda match, outcome, _: outcome.status == match[0].lower(),
    r"accepted(?: as (\w+))?": _accepted,
    r"(4\d\d)(?: that names (.+))?": _refused,
    r"no text": lambda _, outcome, __: _transcript(outcome).text == "",
    r"words or a warning.*": lambda _, outcome, __: bool(_text(outcome) or _transcript(outcome).warnings),
    r"words|.*\bspeech\b.*": lambda _, outcome, __: bool(_text(outcome)),
    r"([\w']+) twice": lambda match, outcome, _: _count(match[1], _text(outcome)) == 2,
    r"([\w']+(?:/[\w']+)*) in (\d+)": _in_channel,
    r"warning": lambda _, outcome, __: bool(_transcript(outcome).warnings),
    r"warning of (.+)": _warns,
    r"no warning": lambda _, outcome, __: _transcript(outcome).warnings == (),
    r"first word >= ([\d.]+) s": _begins,
    r"duration = (the container's|([\d.]+) s)": _lasts,
    r"every time <= duration|in time order": lambda _, outcome, __: all(
        _sanity(_transcript(outcome)).values()
    ),
    r"(?:the result names )?(one|two|three|\d+) (tracks|channels)": _source_has,
    r"track (\d+) is read": _reads,
}


def _sanity(transcript: Transcript) -> dict[str, bool]:
    """What holds of every transcript."""
    segments = transcript.segments
    spans = [(each.start, each.end) for each in segments]
    spans += [(word.start, word.end) for each in segments for word in each.words or ()]
    starts = [segment.start for segment in segments]
    return {
        "0 <= start < end <= duration": all(0 <= start < end <= transcript.duration for start, end in spans),
        "segments in time order": starts == sorted(starts),
        "text is that of the segments": transcript.text == "".join(each.text for each in segments).strip(),
    }
