"""The page's files as they are sent: read once, compressed where that pays, named by the sum of them all."""

import gzip
import json
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
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
MANIFEST_TYPE = "application/manifest+json"
"""What is served; all else in the folder is for people."""

SMALLEST_COMPRESSED = 512
"""Below this many bytes, compression saves no packet."""

SCRIPTS = ("js/theme.js", "js/loading.js")
"""What runs before the modules, and is none of them."""

INDEX, MANIFEST, WORKER = "index.html", "manifest.webmanifest", "sw.js"
"""Templates: they have addresses of their own, and name the files by their version."""

VERSION_MARK, MODULES_MARK, FILES_MARK = "{{version}}", "<!-- {{modules}} -->", "/* {{files}} */ []"


@dataclass(frozen=True, slots=True)
class WebFile:
    """One file; `compressed` is None where gzip does not make it smaller."""

    content: bytes
    compressed: bytes | None
    media_type: str


@dataclass(frozen=True, slots=True)
class Page:
    """All of the page. `version` changes when any byte of it does, and is part of the files' addresses; with
    `manifest` and `worker` browsers install it, and show it without a network."""

    version: str
    index: WebFile
    manifest: WebFile
    worker: WebFile
    files: Mapping[str, WebFile]


def read_page(folder: Path = FOLDER) -> Page:
    """The page that lies in `folder`."""
    contents = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in MEDIA_TYPES and path.is_file() and path != folder / WORKER
    }
    templates = {name: (folder / name).read_text("utf-8") for name in (INDEX, MANIFEST, WORKER)}
    version = _version_of(contents | {name: text.encode() for name, text in templates.items()})
    index, manifest, worker = (text.replace(VERSION_MARK, version) for text in templates.values())
    modules = "\n    ".join(
        f'<link rel="modulepreload" href="/web/{version}/{escape(name)}">'
        for name in contents
        if name.endswith((".js", ".mjs")) and name not in SCRIPTS
    )
    files = json.dumps([f"/web/{version}/{name}" for name in contents])
    return Page(
        version,
        _file_of(index.replace(MODULES_MARK, modules).encode(), "text/html; charset=utf-8"),
        _file_of(manifest.encode(), MANIFEST_TYPE),
        _file_of(worker.replace(FILES_MARK, files).encode(), MEDIA_TYPES[".js"]),
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
