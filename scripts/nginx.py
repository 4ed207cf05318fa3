"""nginx for the tests of proxies: `python3 -m scripts.nginx` installs Debian's where it is missing."""

from __future__ import annotations

import shutil
import sys

from scripts.debian import ProgramMissing, provide

SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
"""Where it lies, besides the folders of a user's PATH."""


def nginx_path() -> str:
    """Where it is installed. Raises ProgramMissing."""
    found = shutil.which("nginx") or shutil.which("nginx", path=SYSTEM_FOLDERS)
    if found:
        return found
    raise ProgramMissing(
        "The tests of proxies need nginx: install it (on Debian: `sudo apt-get install nginx-light`) and run "
        "the same command again."
    )


def main() -> int:
    """Exit status: 1 where there is none in the end."""
    return provide(nginx_path, ("nginx-light",), "the tests of proxies")


if __name__ == "__main__":
    sys.exit(main())
