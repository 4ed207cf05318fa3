"""Where transcripts go, and how they get there whole."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.cli.inputs import InputError, Recording
from app.client import TranscriptFormat


@dataclass(frozen=True, slots=True)
class Job:
    """A recording and its outputs. `folder` keeps the state file; None: the transcript goes to stdout."""

    recording: Recording
    folder: Path | None
    targets: Mapping[TranscriptFormat, Path]

    def missing(self) -> dict[TranscriptFormat, Path]:
        """The outputs that are not there yet."""
        return {form: path for form, path in self.targets.items() if not path.exists()}


def planned_jobs(
    recordings: Sequence[Recording], formats: Iterable[TranscriptFormat], output_dir: Path | None
) -> list[Job]:
    """One job for each recording. Raises InputError where two of them would write the same file."""
    forms = tuple(dict.fromkeys(formats))
    if output_dir is None and len(recordings) == 1:
        if len(forms) > 1:
            raise InputError("Several formats do not fit on stdout: name a folder with --output-dir.")
        return [Job(recordings[0], None, {})]
    places = [_place(recording, output_dir) for recording in recordings]
    shared = Counter(place.with_name(place.stem) for place in places)
    jobs = []
    for recording, place in zip(recordings, places, strict=True):
        # talk.mp3 and talk.wav become talk.mp3.txt and talk.wav.txt
        stem = place.stem if shared[place.with_name(place.stem)] == 1 else place.name
        targets = {form: place.with_name(f"{stem}.{form.extension}") for form in forms}
        jobs.append(Job(recording, output_dir or place.parent, targets))
    _check_distinct(jobs)
    return jobs


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file that is either not there or complete; its folder is made where needed.

    The last line of a text is ended; bytes are written as they are.
    """
    if isinstance(content, str):
        content = (content if content.endswith("\n") else f"{content}\n").encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _place(recording: Recording, output_dir: Path | None) -> Path:
    if output_dir is not None:
        return output_dir / recording.place
    return recording.place if recording.path is None else recording.path


def _check_distinct(jobs: Sequence[Job]) -> None:
    owners: dict[Path, Recording] = {}
    for job in jobs:
        for path in job.targets.values():
            owner = owners.setdefault(path, job.recording)
            if owner is not job.recording:
                raise InputError(
                    f"{owner.name} and {job.recording.name} would both be written to {path}; send them apart."
                )
