"""The page for people: `/`, and its files below `/web`."""

from functools import cache
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request, Response

from app.api.conditional import unless_known
from app.web.files import Page, WebFile, read_page

router = APIRouter(include_in_schema=False)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types offline"
)
"""Content-Security-Policy: only files of this service, and no text that turns into markup or code. The policy
`offline` (js/core/offline.js) lets one address pass, that of the service worker."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
    "Vary": "Accept-Encoding",
}

FOR_EVER = "public, max-age=31536000, immutable"
ASK_EACH_TIME = "no-cache"

AcceptEncoding = Annotated[str, Header()]


@router.api_route("/", methods=["GET", "HEAD"])
def index(request: Request, accept_encoding: AcceptEncoding = "") -> Response:
    """The page; asked for anew each time, since it names its files by their version."""
    return _answer(request, _page().index, accept_encoding, ASK_EACH_TIME)


@router.api_route("/manifest.webmanifest", methods=["GET", "HEAD"])
def manifest(request: Request, accept_encoding: AcceptEncoding = "") -> Response:
    """What an installed page is called, and looks like."""
    return _answer(request, _page().manifest, accept_encoding, ASK_EACH_TIME)


@router.api_route("/sw.js", methods=["GET", "HEAD"])
def worker(request: Request, accept_encoding: AcceptEncoding = "") -> Response:
    """The service worker: at the root, since it serves the page there."""
    return _answer(request, _page().worker, accept_encoding, ASK_EACH_TIME)


@router.api_route("/web/{version}/{name:path}", methods=["GET", "HEAD"])
def file(request: Request, version: str, name: str, accept_encoding: AcceptEncoding = "") -> Response:
    """A file of the page; of another version, which a page still open may ask for: this one, unkept."""
    page = _page()
    found = page.files.get(name)
    if found is None:
        raise HTTPException(404)
    return _answer(request, found, accept_encoding, FOR_EVER if version == page.version else ASK_EACH_TIME)


def page_response(accept_encoding: str, status: int) -> Response:
    """The page at another address, for once: it is neither kept nor compared."""
    response = _sent(_page().index, accept_encoding)
    response.status_code = status
    response.headers.update(HEADERS)
    return response


@cache
def _page() -> Page:
    return read_page()


def _sent(wanted: WebFile, accept_encoding: str) -> Response:
    packed = wanted.compressed if "gzip" in accept_encoding else None
    response = Response(packed or wanted.content, media_type=wanted.media_type)
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _answer(request: Request, wanted: WebFile, accept_encoding: str, caching: str) -> Response:
    response = _sent(wanted, accept_encoding)
    response.headers["Cache-Control"] = caching
    response = unless_known(request, response)
    response.headers.update(HEADERS)  # on a 304 too: a browser puts its headers over those that it has
    return response
