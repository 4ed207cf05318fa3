"""Chromium for the tests of the page: `python3 scripts/browser.py` installs Debian's where it is missing.

Runs before anything is installed, hence the standard library alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PACKAGES = ("chromium", "fonts-dejavu-core")


class BrowserMissing(Exception):
    """There is no browser; the message says what to do."""


def browser_path() -> str:
    """Of the variable CHROMIUM, or the first that is installed. Raises BrowserMissing."""
    for name in (os.environ.get("CHROMIUM") or "", *NAMES):
        found = shutil.which(name)
        if found:
            return found
    raise BrowserMissing(
        "The tests of the page need Chromium: install it (on Debian: `sudo apt-get install chromium`), or "
        "name one in the variable CHROMIUM, and run the same command again."
    )


def install() -> None:
    """With apt-get, where we may."""
    if not shutil.which("apt-get") or os.getuid() != 0:
        return
    sys.stderr.write("==> Installing Chromium for the tests of the page …\n")
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.call(["apt-get", "update", "-qq"], env=quiet)
    subprocess.call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES], env=quiet)


def main() -> int:
    """Exit status: 1 where there is no browser in the end."""
    try:
        browser_path()
    except BrowserMissing:
        install()
    try:
        browser_path()
    except BrowserMissing as missing:
        sys.stderr.write(f"==> {missing}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
