"""A hypothesis that repeats its prompt is believed only where the decoder hears the same without one."""

import numpy as np
import pytest

from app.asr.base import DecodeOptions, WindowRequest
from app.asr.echo import is_echo, without_echo
from app.schemas.transcript import Segment
from app.schemas.window import WindowTranscript
from tests.unit.asr.engines import whole_window

PROMPT = DecodeOptions(prompt="Meeting of Acme. Present: Ann, Bob.", hotwords="Kubernetes, Grafana")


def _transcript(text: str) -> WindowTranscript:
    segments = (Segment(id=0, start=0, end=1, text=text, avg_logprob=-0.1),) if text else ()
    return WindowTranscript(number=0, start=0, end=1, segments=segments)


def _heard(text: str, unprompted: str) -> tuple[str, list[DecodeOptions]]:
    asked: list[DecodeOptions] = []

    def transcribe(batch: list[WindowRequest]) -> list[WindowTranscript]:
        asked.extend(each.options for each in batch)
        return [_transcript(unprompted)]

    request = WindowRequest(whole_window(np.zeros(16000, np.float32)), PROMPT)
    return without_echo(request, _transcript(text), transcribe).text, asked


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (" Meeting of ACME.", True),
        (" Kubernetes, Grafana.", True),
        (" Grafana", True),
        (" Meeting of the board.", False),
        (" Ann", True),
        (" Anna", False),
        (" …", False),
        ("", False),
    ],
)
def test_echoes_are_words_of_the_prompt_in_its_order(text: str, is_one: bool) -> None:
    assert is_echo(text, PROMPT) is is_one
    assert not is_echo(text, DecodeOptions())


def test_an_echo_of_noise_is_dropped() -> None:
    assert _heard(" Kubernetes, Grafana", "") == ("", [DecodeOptions()])


def test_what_was_said_instead_counts() -> None:
    assert _heard(" Present: Ann, Bob.", " Good morning everybody")[0] == " Good morning everybody"


def test_what_was_really_said_keeps_the_spelling_of_the_prompt() -> None:
    assert _heard(" Kubernetes", " Cooper Netties")[0] == " Kubernetes"


def test_other_answers_are_not_asked_for_again() -> None:
    assert _heard(" Kubernetes is down.", "") == (" Kubernetes is down.", [])
