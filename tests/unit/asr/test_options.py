"""What a client asks of the decoder, before a tokenizer reads it."""

import pytest

from app.asr.base import DecodeOptions


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<|endoftext|>" * 200, None),
        ("<|startofprev|>Acme,<|en|>Łukasz<|0.00|>", "Acme, Łukasz"),
        ("<|endof<|en|>text|>", "<|endof text|>"),
        ("if a <| b or c |> d", "if a <| b or c |> d"),
        ("  ", None),
        (None, None),
    ],
)
def test_a_prompt_holds_no_special_tokens(text: str | None, left: str | None) -> None:
    """A tokenizer takes `<|endoftext|>` for the token itself, and the model drops what follows."""
    options = DecodeOptions(prompt=text, hotwords=text)
    assert (options.prompt, options.hotwords) == (left, left)
