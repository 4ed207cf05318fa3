"""The page's files as they are sent: read once, compressed where that pays, named by the sum of them all."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from html import escape
from pathlib import Path

FOLDER = Path(__file__).parent

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What is served; all else in the folder is for people."""

SMALLEST_COMPRESSED = 512
"""Below this many bytes, compression saves no packet."""

SCRIPTS = ("js/theme.js", "js/loading.js")
"""What runs before the modules, and is none of them."""

INDEX, VERSION_MARK, MODULES_MARK = "index.html", "{{version}}", "<!-- {{modules}} -->"


@dataclass(frozen=True, slots=True)
class WebFile:
    """One file; `compressed` is None where gzip does not make it smaller."""

    content: bytes
    compressed: bytes | None
    media_type: str


@dataclass(frozen=True, slots=True)
class Page:
    """All of the page. `version` changes when any byte of it does, and is part of the files' addresses."""

    version: str
    index: WebFile
    files: Mapping[str, WebFile]


def read_page(folder: Path = FOLDER) -> Page:
    """The page that lies in `folder`."""
    contents = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in MEDIA_TYPES and path.is_file()
    }
    template = (folder / INDEX).read_text("utf-8")
    version = _version_of({**contents, INDEX: template.encode()})
    modules = "\n    ".join(
        f'<link rel="modulepreload" href="/web/{version}/{escape(name)}">'
        for name in contents
        if name.endswith((".js", ".mjs")) and name not in SCRIPTS
    )
    index = template.replace(VERSION_MARK, version).replace(MODULES_MARK, modules)
    return Page(
        version,
        _file_of(index.encode(), "text/html; charset=utf-8"),
        {name: _file_of(content, MEDIA_TYPES[Path(name).suffix]) for name, content in contents.items()},
    )


def _version_of(contents: Mapping[str, bytes]) -> str:
    total = blake2b(digest_size=10)
    for name, content in contents.items():
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def _file_of(content: bytes, media_type: str) -> WebFile:
    compressed = gzip.compress(content, 9, mtime=0) if len(content) >= SMALLEST_COMPRESSED else content
    return WebFile(content, compressed if len(compressed) < len(content) else None, media_type)
