"""Make or renew `.venv`: `python3 scripts/environment.py run|dev`.

Runs before anything is installed, on whatever Python the machine has, hence the standard library alone and no
syntax that an old Python 3 would not read. A stamp holds the sum of the requirement files, so that a second
call costs nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
NEWER_NAMES = ("python3.14", "python3.13", "python3.12", "python3.11")
VENV = Path(os.environ.get("VENV") or ".venv")
REQUIREMENTS = Path("requirements")
NEEDED_MB = {"run": 800, "dev": 3000}
INCLUDED_IN = {"run": ("run", "dev"), "dev": ("dev",)}


class EnvironmentFailure(Exception):
    """The environment cannot be made; the message says what to do."""


def say(text: str) -> None:
    """One line for the person who waits."""
    sys.stderr.write(f"==> {text}\n")
    sys.stderr.flush()


def requirement_files(path: Path) -> list[Path]:
    """`path` and all requirement and constraint files that it names, in a fixed order."""
    found = [path]
    for line in path.read_text(encoding="utf-8").splitlines():
        named = re.match(r"-[rc]\s+(\S+)", line)
        if named:
            inner = requirement_files(path.parent / named.group(1))
            found.extend(name for name in inner if name not in found)
    return found


def content_sum(name: str) -> str:
    """Sum of everything that decides what the environment `name` holds."""
    total = hashlib.sha256()
    for path in requirement_files(REQUIREMENTS / (name + ".txt")):
        total.update(path.read_bytes())
    return total.hexdigest()


def stamp_path(name: str) -> Path:
    """File that says for which requirements the environment was made."""
    return VENV / (".stamp-" + name)


def is_current(name: str) -> bool:
    """Whether the environment already holds what `name` asks for."""
    if not venv_python().exists():
        return False
    for larger in INCLUDED_IN[name]:
        stamp = stamp_path(larger)
        if stamp.exists() and stamp.read_text() == content_sum(larger):
            return True
    return False


def venv_python() -> Path:
    """The environment's own interpreter."""
    return VENV / "bin" / "python"


def suitable_python() -> str:
    """An interpreter that is new enough: this one, or a newer one of the PATH."""
    if sys.version_info >= OLDEST:
        return sys.executable
    for name in NEWER_NAMES:
        found = shutil.which(name)
        if found:
            return found
    raise EnvironmentFailure(
        "Python 3.11 or newer is needed and python3 is {}.{}: install a newer one, or name it as in "
        "`make run PYTHON=/path/to/python3.12`.".format(*sys.version_info[:2])
    )


def make_venv(python: str) -> None:
    """A fresh environment; installs Debian's python3-venv where it is missing and we may."""
    if subprocess.call([python, "-c", "import ensurepip"], stderr=subprocess.DEVNULL) != 0:
        install_debian_venv(python)
    say(f"Making the Python environment in {VENV} …")
    if subprocess.call([python, "-m", "venv", "--clear", str(VENV)]) != 0:
        raise EnvironmentFailure(f"The Python environment could not be made in {VENV}.")


def install_debian_venv(python: str) -> None:
    """apt-get install pythonX.Y-venv, which Debian and Ubuntu split off."""
    version = subprocess.check_output(
        [python, "-c", "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])"]
    ).decode()
    package = f"python{version}-venv"
    if not shutil.which("apt-get") or os.getuid() != 0:
        raise EnvironmentFailure(
            f"This Python has no venv module: install it (on Debian and Ubuntu: "
            f"`sudo apt-get install {package}`) and run the same command again."
        )
    say(f"Installing {package} …")
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.call(["apt-get", "update", "-qq"], env=quiet)
    if subprocess.call(["apt-get", "install", "-y", "-qq", package], env=quiet) != 0:
        raise EnvironmentFailure(f"{package} could not be installed: see apt-get's words above.")


def check_disk(name: str) -> None:
    """Raises EnvironmentFailure where the packages would not fit."""
    free_mb = shutil.disk_usage(".").free // 2**20
    if free_mb < NEEDED_MB[name]:
        raise EnvironmentFailure(
            f"Only {free_mb} MiB are free here and the packages need about {NEEDED_MB[name]}: "
            "free some disk space and run the same command again."
        )


def install(name: str) -> None:
    """pip install, with pip's own progress; then the stamp."""
    say(f"Installing the packages of requirements/{name}.txt (once; minutes on a slow line) …")
    requirements = str(REQUIREMENTS / (name + ".txt"))
    command = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check", "-r", requirements]
    if subprocess.call(command) != 0:
        raise EnvironmentFailure(
            "The packages could not be installed: see pip's words above, check the network and the disk, and "
            "run the same command again."
        )
    stamp_path(name).write_text(content_sum(name))


def ensure(name: str) -> None:
    """Bring the environment to what requirements/`name`.txt asks for. Raises EnvironmentFailure."""
    if is_current(name):
        return
    check_disk(name)
    if not venv_python().exists():
        make_venv(suitable_python())
    install(name)


def main() -> int:
    """Exit status."""
    if len(sys.argv) != 2 or sys.argv[1] not in NEEDED_MB:
        say("Usage: python3 scripts/environment.py run|dev")
        return 2
    try:
        ensure(sys.argv[1])
    except EnvironmentFailure as failure:
        say(str(failure))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
