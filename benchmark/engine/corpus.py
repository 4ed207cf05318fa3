"""Recordings with exact references, in one folder a part: `voice/`, `long/`, `nonspeech/`."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from benchmark.normalise import normaliser_for
from benchmark.recordings import Recording
from benchmark.results import Errors, Problem, pooled, pooled_by_subject
from benchmark.scoring import read_references, word_errors

MANIFEST = "MANIFEST.tsv"
AUDIO = frozenset({".flac", ".mp3", ".m4a", ".ogg", ".opus", ".wav"})


class CorpusMissing(Exception):
    """There is nothing to measure with; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording; `language` as ISO 639-1, `reference` what is said; empty: not known, nothing.

    All variants of a recording have its `subject`; empty: it has no variants.
    """

    path: Path
    language: str
    seconds: float
    reference: str
    subject: str = ""


def read_corpus(folder: Path, part: str) -> list[Clip]:
    """The recordings of a part, by path. Raises CorpusMissing.

    Languages come from MANIFEST.tsv (columns path, language), else from the name of the recording's folder.
    """
    languages = _languages(folder / MANIFEST)
    paths = sorted(path for path in (folder / part).rglob("*") if path.suffix.lower() in AUDIO)
    clips = [
        Clip(
            path=path.absolute(),
            language=languages.get(str(path.relative_to(folder)), path.parent.name),
            seconds=_seconds(path),
            reference=path.with_suffix(".txt").read_text("utf-8-sig").strip(),
        )
        for path in paths
        if path.with_suffix(".txt").is_file()
    ]
    if not clips:
        raise CorpusMissing(
            f"{folder / part} holds no recording with a .txt file beside it: name a corpus with --corpus."
        )
    return clips


def clips_of(
    recordings: Sequence[Recording], language: str | None, *, needs_reference: bool = True
) -> tuple[list[Clip], list[Problem]]:
    """The recordings that can be opened and have the reference they need; what is wrong with the others."""
    texts, problems = read_references(recordings)
    clips = []
    for recording in recordings:
        if recording.name in texts or not needs_reference:
            try:
                seconds = _seconds(recording.audio)
            except (av.FFmpegError, OSError) as error:
                problems.append(Problem(recording.name, f"Cannot be opened: {error}."))
            else:
                path = recording.audio.absolute()
                text = texts.get(recording.name, "")
                clips.append(Clip(path, language or "", seconds, text, recording.subject))
    return clips, problems


def errors_by_clip(clips: Sequence[Clip], texts: Mapping[str, str]) -> list[Errors]:
    """Word errors of each recording; `texts` by its path."""
    found = []
    for clip in clips:
        normalise = normaliser_for(clip.reference, clip.language or None)
        found.append(word_errors(normalise(clip.reference), normalise(texts[str(clip.path)])))
    return found


def errors_by_subject(clips: Sequence[Clip], errors: Sequence[Errors]) -> list[Errors]:
    """Those of each recording with all its variants."""
    named = (clip.subject or str(clip.path) for clip in clips)
    return pooled_by_subject(zip(named, errors, strict=True))


def errors_by_language(clips: Sequence[Clip], errors: Sequence[Errors]) -> dict[str, Errors]:
    """Word errors of each language, and of `all`."""
    found: dict[str, list[Errors]] = {}
    for clip, each in zip(clips, errors, strict=True):
        for key in (clip.language, "all"):
            found.setdefault(key, []).append(each)
    return {language: pooled(each) for language, each in sorted(found.items())}


def _languages(manifest: Path) -> dict[str, str]:
    if not manifest.is_file():
        return {}
    with manifest.open(encoding="utf-8", newline="") as file:
        return {row["path"]: row["language"] for row in csv.DictReader(file, delimiter="\t")}


def _seconds(path: Path) -> float:
    with av.open(str(path)) as container:
        return (container.duration or 0) / av.time_base
