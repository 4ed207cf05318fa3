"""Entry point of the images: give the mounted folders to a plain user, become that user, run the command.

A bind mount keeps the owner it has on the host, which no image can know. The user is therefore the owner of
UPLOAD_DIR; where root owns it (Docker has just made it), it is APP_UID, and what root owns in the folders is
handed over. A container that is started with a user of its own (`--user`) runs the command as it is.
"""

import os
import sys
from pathlib import Path

FOLDERS = ("UPLOAD_DIR", "LOG_DIR", "CACHE_DIR", "BENCHMARK_DIR", "DATA_DIR")


def target_ids(upload_dir: Path) -> tuple[int, int]:
    """User and group that the command runs as."""
    owner = upload_dir.stat()
    fallback = int(os.environ.get("APP_UID", "10001"))
    return (owner.st_uid, owner.st_gid) if owner.st_uid != 0 else (fallback, fallback)


def hand_over(folder: Path, uid: int, gid: int) -> None:
    """Give what root owns below `folder` to the user; a read-only mount stays as it is."""
    for parent, _, names in os.walk(folder):
        for path in (parent, *(os.path.join(parent, name) for name in names)):  # noqa: PTH118
            try:
                if os.lstat(path).st_uid == 0:
                    os.lchown(path, uid, gid)
            except OSError:  # read-only, or removed meanwhile by another container
                continue


def drop_privileges() -> None:
    """Become the unprivileged user for good."""
    folders = [Path(os.environ[name]) for name in FOLDERS if name in os.environ]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    uid, gid = target_ids(folders[0])
    for folder in folders:
        hand_over(folder, uid, gid)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    os.environ["HOME"] = "/tmp"


def main() -> None:
    """Replace this process by the command."""
    if os.getuid() == 0:
        drop_privileges()
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
