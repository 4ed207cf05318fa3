"""PostgreSQL for the tests of the archive: `python3 -m scripts.postgres` installs Debian's where need be."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from scripts.debian import ProgramMissing, provide

DEBIAN_FOLDER = Path("/usr/lib/postgresql")
"""Below it lies a folder for each version: only the clients are on the PATH."""


def postgres_folder() -> Path:
    """The folder of `initdb` and `postgres`, of the newest version. Raises ProgramMissing."""
    found = sorted(DEBIAN_FOLDER.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    if found or on_path:
        return Path(found[-1] if found else str(on_path)).parent
    raise ProgramMissing(
        "The tests of the archive need PostgreSQL: install it (on Debian: `sudo apt-get install postgresql`) "
        "and run the same command again."
    )


def main() -> int:
    """Exit status: 1 where there is none in the end."""
    return provide(lambda: str(postgres_folder()), ("postgresql",), "the tests of the archive")


if __name__ == "__main__":
    sys.exit(main())
