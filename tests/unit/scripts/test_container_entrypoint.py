"""The images' entry point: an unprivileged user that may write the mounted folders."""

import os
import subprocess
import sys
from pathlib import Path

from scripts.container_entrypoint import hand_over, target_ids

SCRIPT = Path(__file__).parents[3] / "scripts" / "container_entrypoint.py"
IS_ROOT = os.getuid() == 0


def test_the_user_is_the_owner_of_the_uploads_but_never_root(tmp_path: Path) -> None:
    assert target_ids(tmp_path) == ((10001, 10001) if IS_ROOT else (os.getuid(), tmp_path.stat().st_gid))


def test_only_what_root_owns_is_handed_over(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "link").symlink_to("/etc/passwd")
    hand_over(tmp_path, 12345, 12345)
    hand_over(tmp_path, 54321, 54321)
    owners = {path.lstat().st_uid for path in (tmp_path, *tmp_path.rglob("*"))}
    assert owners == {12345 if IS_ROOT else os.getuid()}
    assert Path("/etc/passwd").stat().st_uid == 0


def test_the_command_runs_as_that_user(tmp_path: Path) -> None:
    environment = dict(os.environ) | {
        "UPLOAD_DIR": str(tmp_path / "audio"),
        "LOG_DIR": str(tmp_path / "logs"),
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "id", "-u"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ("10001" if IS_ROOT else str(os.getuid()))
    if IS_ROOT:
        assert (tmp_path / "logs").stat().st_uid == 10001
