"""File names in Content-Disposition headers: ours, and those of clients, who write them in many ways."""

from collections.abc import Sequence
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from urllib.parse import quote

from python_multipart.multipart import parse_options_header

_Value = str | tuple[str | None, str | None, str]
"""A tuple (charset, language, text decoded as Latin-1) where the name had an asterisk."""


def content_disposition(name: str, *, is_shown: bool) -> str:
    """The header of an answer that is saved under that name, and by browsers at once unless it `is_shown`.

    RFC 6266: `filename*` for what is not ASCII, before it what is left for clients that do not know that.
    """
    kind = "inline" if is_shown else "attachment"
    plain = "".join(
        char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in name
    )
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'{kind}; filename="{plain}"{extended}'


def parse_filename(disposition: str) -> str | None:
    """The client's name of the file; None where the header gives none.

    `filename*` (RFC 8187) comes first, as long as it can be read: what stands beside it in `filename` is made
    for older servers. There .NET writes RFC 2047's encoded words, and browsers UTF-8. `disposition` is the
    header's value decoded as Latin-1, as HTTP's headers are.
    """
    plain = extended = unreadable = None
    for name, value in _parameters(disposition):
        if name.lower() != "filename":
            continue
        if isinstance(value, tuple):
            charset, content = value[0] or "utf-8", value[2].encode("latin-1")
            extended = extended or _decoded(content, charset)
            unreadable = content.decode("utf-8", "replace")
        elif plain is None:
            plain = value
    return extended or (unreadable if plain is None else _plain(plain))


def _parameters(disposition: str) -> Sequence[tuple[str, _Value]]:
    """Names and values, as far as they can be told apart."""
    message = Message()
    message["Content-Disposition"] = disposition
    try:
        return message.get_params(failobj=[], header="Content-Disposition")
    except TypeError:  # `filename*=a; filename*0=b`: the standard library sorts None among numbers
        _, plain = parse_options_header(disposition)
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in plain.items()]


def _decoded(name: bytes, charset: str) -> str | None:
    try:
        return name.decode(charset)
    except (LookupError, UnicodeError):
        return None


def _plain(name: str) -> str:
    text = name.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, UnicodeError, MessageError):
        return text
