"""Fetch the page's libraries: `python3 scripts/vendor_web.py` (`--check` only compares what lies here).

Each is one file of a package of the npm registry, taken as it is, with its licence. The sum of the package is
written down here: another content under the same version is refused. Runs before anything is installed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import sys
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
REGISTRY = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org").rstrip("/")
PAGE, TESTS = ROOT / "app" / "web" / "vendor", ROOT / "tests" / "web" / "vendor"


class VendorFailure(Exception):
    """The libraries are not what they should be; the message says which."""


@dataclass(frozen=True)
class Library:
    """A package: its files, by the names that they have here, and the sum of its archive."""

    name: str
    version: str
    licence: str
    purpose: str
    folder: Path
    files: dict[str, str]
    sha512: str


LIBRARIES = (
    Library(
        "preact",
        "11.2.0",
        "MIT",
        "draws the page again where its data have changed",
        PAGE,
        {"preact.mjs": "dist/preact.mjs", "preact.LICENSE": "LICENSE"},
        "/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg==",
    ),
    Library(
        "htm",
        "3.1.1",
        "Apache-2.0",
        "markup in JavaScript without a compiler",
        PAGE,
        {"htm.mjs": "dist/htm.mjs", "htm.LICENSE": "LICENSE"},
        "983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==",
    ),
    Library(
        "idb-keyval",
        "6.3.0",
        "Apache-2.0",
        "IndexedDB with promises",
        PAGE,
        {"idb-keyval.mjs": "dist/index.js", "idb-keyval.LICENSE": "LICENCE"},
        "um+2dgAWmYsu615EXpWVwSmapJhON0G43t3Ka/EVaohzPQXSMqKEqeDK/oIW3Ow+BXaF2PvSc+oBTFp793A5Ow==",
    ),
    Library(
        "eventsource-parser",
        "3.1.1",
        "MIT",
        "reads server-sent events (EventSource cannot send a key)",
        PAGE,
        {"eventsource-parser.mjs": "dist/index.js", "eventsource-parser.LICENSE": "LICENSE"},
        "EKN1vKAMcZ8MlYMpaNuxN6R9yakzH6uajHcHVTqWJzvu5pWw9DyhbP35HH8MVBQ+dZjAfDxk+A8NiR9KWaXiyQ==",
    ),
    Library(
        "axe-core",
        "4.14.1",
        "MPL-2.0",
        "finds what shuts people out, in the tests",
        TESTS,
        {"axe.min.js": "axe.min.js", "axe-core.LICENSE": "LICENSE"},
        "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    ),
)


def fetch(library: Library) -> dict[str, bytes]:
    """Its files by their names here. Raises VendorFailure where the archive has another sum."""
    address = f"{REGISTRY}/{library.name}/-/{library.name}-{library.version}.tgz"
    with urllib.request.urlopen(address, timeout=60) as answer:
        archive = answer.read()
    found = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if found != library.sha512:
        raise VendorFailure(f"{address} has the sum {found}, not {library.sha512}.")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        return {here: _read(files, f"package/{there}") for here, there in library.files.items()}


def _read(files: tarfile.TarFile, name: str) -> bytes:
    content = files.extractfile(name)
    if content is None:
        raise VendorFailure(f"{name} is no plain file.")
    return content.read()


def table(libraries: tuple[Library, ...]) -> str:
    """README.md of a folder."""
    rows = "\n".join(
        f"| [{each.name}](https://www.npmjs.com/package/{each.name}/v/{each.version}) | {each.version} | "
        f"{each.licence} | {', '.join(f'`{name}`' for name in each.files)} | {each.purpose} |"
        for each in libraries
    )
    return (
        "# Libraries of others\n\nUnchanged, with their licences. `scripts/vendor_web.py` fetches them, "
        "checks their sums and writes this file;\na new version is a new line there.\n\n"
        f"| library | version | licence | files | for |\n| --- | --- | --- | --- | --- |\n{rows}\n"
    )


def wanted() -> dict[Path, bytes]:
    """Every file of the folders, by its path."""
    files = {
        library.folder / name: content for library in LIBRARIES for name, content in fetch(library).items()
    }
    for folder in (PAGE, TESTS):
        own = tuple(library for library in LIBRARIES if library.folder == folder)
        files[folder / "README.md"] = table(own).encode()
    return files


def main() -> int:
    """Exit status: 1 where `--check` finds a difference or a sum is wrong."""
    try:
        files = wanted()
    except (VendorFailure, OSError) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    different = [
        path for path, content in files.items() if not path.is_file() or path.read_bytes() != content
    ]
    for path in different:
        sys.stderr.write(f"{path.relative_to(ROOT)} differs\n" if "--check" in sys.argv else f"{path}\n")
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[path])
    return 1 if different and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
