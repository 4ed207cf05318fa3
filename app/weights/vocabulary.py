"""Tokenizer, vocabulary and decoding hints of a converted model: taken from a model of the same family.

Whisper has three vocabularies: English only (51864 tokens), multilingual (51865), and that of large-v3 and
turbo (51866), which is the multilingual one with Cantonese put in as the hundredth language.
"""

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from app.weights.checkpoint import Dimensions
from app.weights.files import WeightsError

ENGLISH_SIZE = 51_864
MULTILINGUAL_SIZE = 51_865
CANTONESE_SIZE = 51_866

FIRST_LANGUAGE = 50_259
CANTONESE = "<|yue|>"
CANTONESE_ID = 50_358


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a CTranslate2 folder needs beside the weights."""

    tokens: tuple[str, ...]
    tokenizer: dict[str, Any]
    suppress_ids: tuple[int, ...]
    suppress_ids_begin: tuple[int, ...]
    lang_ids: tuple[int, ...]


def donor_size(size: int) -> int:
    """Vocabulary size of the family that can lend its tokenizer to a model. Raises WeightsError."""
    if size not in (ENGLISH_SIZE, MULTILINGUAL_SIZE, CANTONESE_SIZE):
        raise WeightsError(f"its vocabulary of {size} tokens belongs to no known Whisper model")
    return MULTILINGUAL_SIZE if size == CANTONESE_SIZE else size


def read_vocabulary(folder: Path) -> Vocabulary | None:
    """The vocabulary of a model in CTranslate2's format; None where a file of it is missing."""
    tokens, tokenizer = _tokens(folder), folder / "tokenizer.json"
    if tokens is None or not tokenizer.is_file():
        return None
    config = json.loads((folder / "config.json").read_text())
    return Vocabulary(
        tokens=tuple(tokens),
        tokenizer=json.loads(tokenizer.read_text(encoding="utf-8")),
        suppress_ids=tuple(config["suppress_ids"]),
        suppress_ids_begin=tuple(config["suppress_ids_begin"]),
        lang_ids=tuple(config["lang_ids"]),
    )


def fit(donor: Vocabulary, size: int) -> Vocabulary:
    """The donor's vocabulary for a model with `size` tokens. Raises WeightsError."""
    if len(donor.tokens) == size:
        return donor
    if (len(donor.tokens), size) == (MULTILINGUAL_SIZE, CANTONESE_SIZE):
        return _with_cantonese(donor)
    raise WeightsError(f"a vocabulary of {len(donor.tokens)} tokens cannot serve a model with {size}")


def default_alignment_heads(dimensions: Dimensions) -> list[tuple[int, int]]:
    """All heads of the upper half of the decoder: what both runtimes take for an unknown model."""
    layers = range(dimensions.n_text_layer // 2, dimensions.n_text_layer)
    return list(product(layers, range(dimensions.n_text_head)))


def _tokens(folder: Path) -> list[str] | None:
    if (folder / "vocabulary.json").is_file():
        listed: list[str] = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        return listed
    if (folder / "vocabulary.txt").is_file():
        # Not splitlines(): some tokens hold characters that it takes for line ends.
        return (folder / "vocabulary.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return None


def _with_cantonese(donor: Vocabulary) -> Vocabulary:
    tokens = (*donor.tokens[:CANTONESE_ID], CANTONESE, *donor.tokens[CANTONESE_ID:])
    return Vocabulary(
        tokens=tokens,
        tokenizer=_tokenizer_with_cantonese(donor.tokenizer),
        suppress_ids=tuple(_shifted(token) for token in donor.suppress_ids),
        suppress_ids_begin=donor.suppress_ids_begin,
        lang_ids=tuple(range(FIRST_LANGUAGE, CANTONESE_ID + 1)),
    )


def _tokenizer_with_cantonese(tokenizer: dict[str, Any]) -> dict[str, Any]:
    added = [{**token, "id": _shifted(token["id"])} for token in tokenizer["added_tokens"]]
    model_token = next(token for token in added if token["id"] == CANTONESE_ID - 1)
    added.append({**model_token, "id": CANTONESE_ID, "content": CANTONESE})
    added.sort(key=lambda token: int(token["id"]))
    return {
        **tokenizer,
        "added_tokens": added,
        "post_processor": _shifted_template(tokenizer["post_processor"]),
    }


def _shifted_template(template: dict[str, Any]) -> dict[str, Any]:
    tokens = {
        name: {**token, "ids": [_shifted(number) for number in token["ids"]]}
        for name, token in template["special_tokens"].items()
    }
    return {**template, "special_tokens": tokens}


def _shifted(token: int) -> int:
    return token + 1 if token >= CANTONESE_ID else token
