"""A name for the code that is installed: results of two versions must not be mixed."""

from functools import cache
from hashlib import sha256
from importlib import resources


@cache
def source_digest(*packages: str) -> str:
    """The first 16 hexadecimal digits of a sum over all modules of some packages and their subpackages."""
    content = sha256()
    for package in packages:
        folders = [resources.files(package)]
        while folders:
            for path in sorted(folders.pop().iterdir(), key=lambda each: each.name):
                if path.is_dir():
                    folders.append(path)
                elif path.name.endswith(".py"):
                    content.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return content.hexdigest()[:16]
