"""Make or renew `.venv`: `python3 scripts/environment.py run|dev`.

Runs before anything is installed, on whatever Python the machine has, hence the standard library alone and no
syntax that an old Python would not read. A stamp holds the sum of the requirement files, so that a second call
costs nothing.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NEWER_NAMES = ("python3.14", "python3.13", "python3.12", "python3.11")
VENV = os.environ.get("VENV") or ".venv"
NEEDED_MB = {"run": 800, "dev": 3000}
INCLUDED_IN = {"run": ("run", "dev"), "dev": ("dev",)}


class EnvironmentFailure(Exception):
    """The environment cannot be made; the message says what to do."""


def say(text):
    # type: (str) -> None
    """One line for the person who waits."""
    sys.stderr.write(f"==> {text}\n")
    sys.stderr.flush()


def requirement_files(path):
    # type: (str) -> list[str]
    """`path` and all requirement and constraint files that it names, in a fixed order."""
    found = [path]
    with open(path) as lines:
        for line in lines:
            named = re.match(r"-[rc]\s+(\S+)", line)
            if named:
                inner = os.path.join(os.path.dirname(path), named.group(1))
                found.extend(name for name in requirement_files(inner) if name not in found)
    return found


def content_sum(name):
    # type: (str) -> str
    """Sum of everything that decides what the environment `name` holds."""
    total = hashlib.sha256()
    for path in requirement_files(os.path.join("requirements", name + ".txt")):
        with open(path, "rb") as content:
            total.update(content.read())
    return total.hexdigest()


def stamp_path(name):
    # type: (str) -> str
    """File that says for which requirements the environment was made."""
    return os.path.join(VENV, ".stamp-" + name)


def is_current(name):
    # type: (str) -> bool
    """Whether the environment already holds what `name` asks for."""
    if not os.path.exists(venv_python()):
        return False
    for larger in INCLUDED_IN[name]:
        try:
            with open(stamp_path(larger)) as stamp:
                if stamp.read() == content_sum(larger):
                    return True
        except OSError:
            continue
    return False


def venv_python():
    # type: () -> str
    """The environment's own interpreter."""
    return os.path.join(VENV, "bin", "python")


def suitable_python():
    # type: () -> str
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


def make_venv(python):
    # type: (str) -> None
    """A fresh environment; installs Debian's python3-venv where it is missing and we may."""
    if subprocess.call([python, "-c", "import ensurepip"], stderr=subprocess.DEVNULL) != 0:
        install_debian_venv(python)
    say(f"Making the Python environment in {VENV} …")
    if subprocess.call([python, "-m", "venv", "--clear", VENV]) != 0:
        raise EnvironmentFailure(f"The Python environment could not be made in {VENV}.")


def install_debian_venv(python):
    # type: (str) -> None
    """apt-get install pythonX.Y-venv, which Debian and Ubuntu split off."""
    version = subprocess.check_output(
        [python, "-c", "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])"]
    ).decode()
    package = f"python{version}-venv"
    if not shutil.which("apt-get") or os.getuid() != 0:
        raise EnvironmentFailure(
            f"This Python has no venv module: install it (on Debian and Ubuntu: `sudo apt-get install {package}`) and "
            "run the same command again."
        )
    say(f"Installing {package} …")
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.call(["apt-get", "update", "-qq"], env=quiet)
    if subprocess.call(["apt-get", "install", "-y", "-qq", package], env=quiet) != 0:
        raise EnvironmentFailure(f"{package} could not be installed: see apt-get's words above.")


def check_disk(name):
    # type: (str) -> None
    """Raises EnvironmentFailure where the packages would not fit."""
    free_mb = shutil.disk_usage(".").free // 2**20
    if free_mb < NEEDED_MB[name]:
        raise EnvironmentFailure(
            f"Only {free_mb} MiB are free here and the packages need about {NEEDED_MB[name]}: free some disk space and run the same "
            "command again."
        )


def install(name):
    # type: (str) -> None
    """pip install, with pip's own progress; then the stamp."""
    say(f"Installing the packages of requirements/{name}.txt (once; minutes on a slow line) …")
    path = os.path.join("requirements", name + ".txt")
    command = [venv_python(), "-m", "pip", "install", "--disable-pip-version-check", "-r", path]
    if subprocess.call(command) != 0:
        raise EnvironmentFailure(
            "The packages could not be installed: see pip's words above, check the network and the disk, and "
            "run the same command again."
        )
    with open(stamp_path(name), "w") as stamp:
        stamp.write(content_sum(name))


def ensure(name):
    # type: (str) -> None
    """Bring the environment to what requirements/`name`.txt asks for. Raises EnvironmentFailure."""
    if is_current(name):
        return
    check_disk(name)
    if not os.path.exists(venv_python()):
        make_venv(suitable_python())
    install(name)


def main():
    # type: () -> int
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
