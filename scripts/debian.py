"""Programs of Debian that tests need: installed where we may (root, apt-get), else asked for.

Runs before anything is installed, hence the standard library alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class ProgramMissing(Exception):
    """A program is not there; the message says what to do."""


def provide(find: Callable[[], str], packages: Sequence[str], purpose: str) -> int:
    """Install `packages` where `find` raises ProgramMissing; exit status: 1 where it still does then."""
    try:
        find()
    except ProgramMissing:
        _install(packages, purpose)
    try:
        find()
    except ProgramMissing as missing:
        sys.stderr.write(f"==> {missing}\n")
        return 1
    return 0


def _install(packages: Sequence[str], purpose: str) -> None:
    if not shutil.which("apt-get") or os.getuid() != 0:
        return
    sys.stderr.write(f"==> Installing {packages[0]} for {purpose} …\n")
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.call(["apt-get", "update", "-qq"], env=quiet)
    subprocess.call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=quiet)
