"""Mutants: recordings with flipped bits, cut, zeroed and spliced. The same number gives the same mutant."""

import random
from collections.abc import Callable, Sequence

HEADER_BYTES = 2048
"""Half of the flips go here, where the lengths and counts are."""


def mutant(number: int, sources: Sequence[bytes]) -> bytes:
    """Mutant `number` of some recordings."""
    chance = random.Random(number)
    content = bytearray(sources[number % len(sources)])
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        content = chance.choice(_MUTATIONS)(content, chance, sources)
    return bytes(content)


def _flip(content: bytearray, chance: random.Random, sources: Sequence[bytes]) -> bytearray:
    most = min(len(content), HEADER_BYTES) if chance.random() < 0.5 else len(content)
    for _ in range(chance.choice((1, 2, 8, 64)) if most else 0):
        content[chance.randrange(most)] ^= 1 << chance.randrange(8)
    return content


def _extreme(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> bytearray:
    """A number of the header becomes as large, or as small, as it can be."""
    if len(content) > 8:
        first = chance.randrange(min(len(content) - 8, HEADER_BYTES))
        size = chance.choice((1, 2, 4, 8))
        content[first : first + size] = chance.choice((b"\xff", b"\x00", b"\x7f", b"\x80")) * size
    return content


def _cut(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> bytearray:
    first = chance.randrange(len(content) + 1)
    if chance.random() < 0.5:
        return content[:first]
    del content[first : first + chance.randrange(1, max(2, len(content) // 4))]
    return content


def _zero(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> bytearray:
    first = chance.randrange(len(content) + 1)
    last = min(len(content), first + chance.randrange(1, max(2, len(content) // 5)))
    content[first:last] = bytes(last - first)
    return content


def _splice(content: bytearray, chance: random.Random, sources: Sequence[bytes]) -> bytearray:
    other = chance.choice(sources)
    first = chance.randrange(len(other))
    piece = other[first : first + chance.randrange(1, max(2, len(other) // 2))]
    place = chance.randrange(len(content) + 1)
    replaced = chance.choice((0, len(piece)))
    content[place : place + replaced] = piece
    return content


_MUTATIONS: tuple[Callable[[bytearray, random.Random, Sequence[bytes]], bytearray], ...] = (
    _flip,
    _flip,
    _extreme,
    _cut,
    _zero,
    _splice,
)
