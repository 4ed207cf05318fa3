"""Which tests run in the same process of pytest-xdist: those that share what is slow to start.

pytest-xdist's own groups (`--dist loadgroup`) do nothing with pytest 9.2: the names of tests no longer take
the suffix by which it knows them.
"""

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/unit/asr", "tests/web", "tests/integration/whole")
"""Folders whose tests share a running service or loaded weights, the longest first: begun last, they would be
all that is left for one process to do."""

BUCKET = "test_bucket"
"""Files that begin so share an S3 server."""


def group_of(nodeid: str) -> str:
    """The folder or file of a test, or `BUCKET`: what one process runs as a whole."""
    file = PurePosixPath(nodeid.partition("::")[0])
    if file.name.startswith(BUCKET):
        return BUCKET
    return next((folder for folder in TOGETHER if file.is_relative_to(folder)), str(file))


def place_of(nodeid: str) -> int:
    """Order in which groups are begun."""
    group = group_of(nodeid)
    return TOGETHER.index(group) if group in TOGETHER else len(TOGETHER)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a whole group to a process that has nothing left."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
