"""An old Redis, first on the PATH."""

import shutil
from pathlib import Path

from app.launcher import redis_programs

PRETENDER = """#!/bin/sh
# The bundled server in the clothes of an old Redis: it writes commands alone, which have no header.
[ "$1" = --version ] && echo "Redis server v=7.0.15 sha=00000000:0 malloc=libc bits=64" && exit
exec {server} "$@" --aof-use-rdb-preamble no --save ""
"""


def old_redis_in(folder: Path) -> Path:
    """Put a redis-server there: that of this machine, or what says that it is one; the folder."""
    folder.mkdir()
    program = folder / "redis-server"
    installed = shutil.which("redis-server")
    if installed is not None:
        program.symlink_to(installed)
    else:
        program.write_text(PRETENDER.format(server=redis_programs.bundled_server()))
        program.chmod(0o755)
    return folder
