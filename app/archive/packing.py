"""How contents lie in the database."""

import zlib

ENCODING = "zlib"


def packed(content: bytes) -> bytes:
    """As they are stored."""
    return zlib.compress(content)


def unpacked(stored: bytes | None) -> bytes:
    """As they were; empty where there is nothing."""
    return zlib.decompress(stored) if stored else b""
