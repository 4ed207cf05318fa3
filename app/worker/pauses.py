"""How often a worker that is at work looks for more."""

BUSY_CLAIM_SECONDS, LONGEST_BUSY_CLAIM_SECONDS = 0.1, 1.0
"""Pause after a worker that is at work has found no further task, where it is one of at most FEW_WORKERS, and
at most."""

FEW_WORKERS = 10
"""So many look ten times a second each. More share these looks: some worker looks as soon, and Redis is asked
no more often."""


def busy_pause(workers: int) -> float:
    """Seconds until one of so many workers looks for a further task again."""
    return min(LONGEST_BUSY_CLAIM_SECONDS, BUSY_CLAIM_SECONDS * max(1.0, workers / FEW_WORKERS))
