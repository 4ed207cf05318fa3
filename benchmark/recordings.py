"""Which recordings there are, and which reference text belongs to each."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

REFERENCE_SUFFIX = ".txt"


@dataclass(frozen=True, slots=True)
class Recording:
    """One audio file and, where there is one, the file with what is said in it."""

    audio: Path
    reference: Path | None

    @property
    def name(self) -> str:
        """File name of the audio, unique within its folder."""
        return self.audio.name

    @property
    def subject(self) -> str:
        """What is said in it, the same for all variants of a recording: the stem of its reference."""
        return self.audio.stem if self.reference is None else self.reference.stem

    @property
    def variant(self) -> str:
        """What was done to it: `loud` for `sample1-loud.m4a`, of `sample1.txt`; or nothing."""
        return self.audio.stem.removeprefix(self.subject).removeprefix("-")


def find_recordings(audios: Path, references: Path, extensions: Collection[str]) -> list[Recording]:
    """Files of `audios` with one of `extensions` (lower case, no dot), by name, with their references."""
    if not audios.is_dir():
        return []
    texts = _references(references)
    return [
        Recording(path, reference_for(path.stem, texts))
        for path in sorted(audios.iterdir())
        if path.is_file() and path.suffix.lower().removeprefix(".") in extensions
    ]


def reference_for(stem: str, texts: dict[str, Path]) -> Path | None:
    """The reference of the longest stem: `a-b-c` belongs to `a-b-c`, else to `a-b`, else to `a`."""
    while stem not in texts:
        stem, dash, _ = stem.rpartition("-")
        if not dash:
            return None
    return texts[stem]


def _references(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in folder.iterdir() if path.suffix.lower() == REFERENCE_SUFFIX}
