"""What stops `make run` before it starts, and the sentence it gives."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from app.launcher.checks import LaunchError, check_disk, check_port, folder_lock

HOLD_LOCK = """
import fcntl, sys
file = open(sys.argv[1], "a+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_free_port(settings_for: Callable[..., Settings], free_tcp_port: int) -> None:
    check_port(settings_for(port=free_tcp_port))


def test_a_port_in_use(settings_for: Callable[..., Settings]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LaunchError, match=rf"Port {port} of .* is in use .*make run PORT={port + 1}"):
            check_port(settings_for(port=port))


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_a_host_that_is_not_ours(settings_for: Callable[..., Settings], host: str) -> None:
    with pytest.raises(LaunchError, match=r"HOST is .*set HOST=127\.0\.0\.1"):
        check_port(settings_for(host=host))


def test_enough_disk(settings: Settings) -> None:
    check_disk(settings)
    assert settings.upload_dir.is_dir()


def test_too_little_disk(settings_for: Callable[..., Settings]) -> None:
    with pytest.raises(LaunchError, match=r"MiB are free on the disk of .*free some space"):
        check_disk(settings_for(min_free_disk_mb=10**9))


def test_a_folder_that_cannot_be_made(settings_for: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LaunchError, match="cannot be made"):
        check_disk(settings_for(upload_dir=tmp_path / "file" / "inside"))


def test_the_folder_belongs_to_one_run(tmp_path: Path) -> None:
    with (
        folder_lock(tmp_path, pytest.fail),
        pytest.raises(LaunchError, match=r"Another `make run` \(pid \d+\)"),
        folder_lock(tmp_path, pytest.fail),
    ):
        pytest.fail("held twice")
    with folder_lock(tmp_path, pytest.fail) as lock:
        assert lock > 2


def test_the_remains_of_a_killed_run_are_waited_for(tmp_path: Path) -> None:
    lock = tmp_path / "run.lock"
    with subprocess.Popen([sys.executable, "-c", "pass"]) as dead:
        dead.wait()
    lock.write_text(str(dead.pid))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as guard:
        assert guard.stdout is not None
        assert guard.stdin is not None
        guard.stdout.readline()
        waits: list[str] = []

        def let_go() -> None:
            waits.append("waited")
            assert guard.stdin is not None
            guard.stdin.write("\n")
            guard.stdin.flush()

        with folder_lock(tmp_path, let_go):
            assert waits == ["waited"]
