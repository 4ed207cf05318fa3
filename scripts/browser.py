"""Chromium for the tests of the page: `python3 -m scripts.browser` installs Debian's where it is missing."""

from __future__ import annotations

import os
import shutil
import sys

from scripts.debian import ProgramMissing, provide

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PACKAGES = ("chromium", "fonts-dejavu-core")


def browser_path() -> str:
    """Of the variable CHROMIUM, or the first that is installed. Raises ProgramMissing."""
    for name in (os.environ.get("CHROMIUM") or "", *NAMES):
        found = shutil.which(name)
        if found:
            return found
    raise ProgramMissing(
        "The tests of the page need Chromium: install it (on Debian: `sudo apt-get install chromium`), or "
        "name one in the variable CHROMIUM, and run the same command again."
    )


def main() -> int:
    """Exit status: 1 where there is no browser in the end."""
    return provide(browser_path, PACKAGES, "the tests of the page")


if __name__ == "__main__":
    sys.exit(main())
