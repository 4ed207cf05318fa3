"""Is this run worse than an earlier one, beyond chance? `benchmark.run --against results.json`.

The recordings that both runs have are compared pairwise, by the bootstrap (benchmark.bootstrap): a difference
counts only if its 95 % interval lies on one side.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.bootstrap import difference_interval, ratio_interval
from benchmark.results import Errors, FileScore, Variant, VariantScore, pooled_by_subject

SLOWER = 1.1
"""Processing time over that of the earlier run from which a run counts as slower: machines are noisy."""


class Unreadable(Exception):
    """The earlier results cannot be compared with; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class _Earlier:
    """A recording in the earlier run."""

    words: Errors | None
    processing_seconds: float


def regressions(
    scores: Sequence[VariantScore], path: Path, *, speed: bool = True, worse_by: float = 0
) -> list[str]:
    """What is worse than in the results at `path`, a sentence each. Raises Unreadable.

    The word error rate may rise by `worse_by` points before it counts.
    """
    earlier = _read(path)
    found: list[str] = []
    for score in scores:
        known = earlier.get(score.variant.label, {})
        pairs = [(file, known[_name(file)]) for file in score.files if _name(file) in known]
        if not pairs:
            raise Unreadable(f"{path} has no recording in common with this run of {score.variant.label}.")
        found += _errors_of(score.variant.label, pairs, worse_by)
        if speed:
            found += _slowness_of(score.variant.label, pairs)
    return found


def _errors_of(label: str, pairs: Sequence[tuple[FileScore, _Earlier]], worse_by: float) -> Iterator[str]:
    both = [(now.subject, now.words, then.words) for now, then in pairs if now.words and then.words]
    interval = difference_interval(
        pooled_by_subject((subject, now) for subject, now, _ in both),
        pooled_by_subject((subject, then) for subject, _, then in both),
    )
    if interval is not None and 100 * interval.low > worse_by:
        yield (
            f"{label}: the word error rate rose by {100 * interval.low:.1f} to {100 * interval.high:.1f} "
            f"points (95 %, {len(both)} recordings)."
        )


def _slowness_of(label: str, pairs: Sequence[tuple[FileScore, _Earlier]]) -> Iterator[str]:
    interval = ratio_interval(
        [now.transcription.processing_seconds for now, _ in pairs],
        [then.processing_seconds for _, then in pairs],
    )
    if interval is not None and interval.low > SLOWER:
        yield (
            f"{label}: it takes {interval.low:.2f} to {interval.high:.2f} times as long (95 %, {len(pairs)} "
            "recordings)."
        )


def _read(path: Path) -> dict[str, dict[str, _Earlier]]:
    """Recordings by the variant's label, then by name; older files know model and engine only."""
    found: dict[str, dict[str, _Earlier]] = {}
    try:
        for record in json.loads(path.read_text("utf-8"))["files"]:
            label = record.get("variant") or Variant(record["model"], record["engine"]).label
            each = _Earlier(_words(record), float(record["processing_seconds"]))
            found.setdefault(label, {})[record["file"]] = each
    except OSError as error:
        raise Unreadable(f"The results at {path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{path} is no results.json of benchmark.run.") from error
    return found


def _words(record: dict[str, Any]) -> Errors | None:
    if record["words"] is None:
        return None
    return Errors(record["words"], record["substitutions"], record["deletions"], record["insertions"])


def _name(file: FileScore) -> str:
    return file.transcription.name
